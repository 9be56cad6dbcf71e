"""Is the work done? For whoever watches the installation from outside."""

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse

from common.http import Handler
from tenants.pulse import pulse


class WorkHealthMiddleware:
    """Answers ``/healthz/work`` on any host, before routing: 503 when nothing was swept for two minutes.

    It says nothing of any company, and at most one question in five seconds reaches the database.
    """

    PATH = "/healthz/work"

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != self.PATH:
            return self.get_response(request)
        try:
            found = pulse()
        except (DatabaseError, InterfaceError):
            return JsonResponse({"database": "down"}, status=503)
        swept_at = found.swept_at.isoformat(timespec="seconds") if found.swept_at else None
        facts = {"work": "silent" if found.is_silent else "running", "swept_at": swept_at}
        return JsonResponse(facts, status=503 if found.is_silent else 200)
