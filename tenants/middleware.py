"""From the host name to the company."""

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.urls import resolve, set_urlconf

from common.database import mend_connection
from common.http import Handler
from common.schema import open_company, open_public
from tenants.selectors import company_for_host

# Either may be the first to notice that the server went away.
DATABASE_AWAY = (OperationalError, InterfaceError)


class CompanyMiddleware:
    """Opens the company that the host names; the public host gets the public pages, others a 404.

    A database that is away is said with 503 and Retry-After: operators try again.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        mend_connection()
        try:
            return self._serve(request)
        except DATABASE_AWAY:
            connection.close()
            return _come_back()

    def _serve(self, request: HttpRequest) -> HttpResponse:
        try:
            host = request.get_host().rsplit(":", 1)[0].lower().rstrip(".")
        except DisallowedHost:
            return HttpResponseNotFound("There is no company at this address.")
        if host in {settings.PUBLIC_HOST, "127.0.0.1"}:
            open_public()
            request.urlconf = settings.PUBLIC_SCHEMA_URLCONF
            set_urlconf(settings.PUBLIC_SCHEMA_URLCONF)
            return self.get_response(request)
        company = company_for_host(host)
        if company is None:
            return HttpResponseNotFound("There is no company at this address.")
        request.company = company  # type: ignore[attr-defined]
        open_company(company)
        set_urlconf(settings.ROOT_URLCONF)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn a lost database into 503 before Django makes it a 500."""
        if isinstance(error, DATABASE_AWAY):
            connection.close()
            return _come_back()
        return None


class MachineDoorMiddleware:
    """Answers below /webhooks/ itself: a machine has no session, language, form or page.

    What only pages need costs as much as a tenth of a callback.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/webhooks/") or not hasattr(request, "company"):
            return self.get_response(request)
        match = request.resolver_match = resolve(request.path_info)
        try:
            answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
        except DATABASE_AWAY:
            connection.close()
            return _come_back()
        answer.headers["Content-Length"] = str(len(answer.content))
        return answer


def _come_back() -> HttpResponse:
    return HttpResponse(
        "We cannot reach our database. Nothing was changed; try again in a few seconds.",
        status=503,
        content_type="text/plain",
        headers={"Retry-After": "5"},
    )
