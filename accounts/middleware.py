"""The language of a page, and how long a log-in lasts."""

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from accounts import sessions
from accounts.models import User
from common.http import Handler

REMEMBERED_SECONDS = 365 * 24 * 3600


class LanguageMiddleware:
    """The language that was chosen in this browser, else the company's."""

    COOKIE = "mpm_language"

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        company = getattr(request, "company", None)
        wanted = request.COOKIES.get(self.COOKIE) or (company.language if company else "")
        language = wanted if translation.check_for_language(wanted or "-") else "en"
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
            return response


class SessionLimitMiddleware:
    """Logs out who was away for too long. Whoever brings no session, like machines, costs no query."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        has_cookie = settings.SESSION_COOKIE_NAME in request.COOKIES
        if getattr(request, "company", None) and has_cookie and sessions.is_logged_in(request):
            self._look(request)
        return self.get_response(request)

    def _look(self, request: HttpRequest) -> None:
        if sessions.is_over(request):
            logout(request)
        elif isinstance(request.user, User):
            sessions.touch(request, request.user)


def remember_language(response: HttpResponse, language: str) -> HttpResponse:
    """Keep a language in this browser; none at all takes the company's again."""
    if not language:
        response.delete_cookie(LanguageMiddleware.COOKIE)
        return response
    response.set_cookie(
        LanguageMiddleware.COOKIE,
        language,
        max_age=REMEMBERED_SECONDS,
        httponly=True,
        secure=settings.IS_HTTPS,
        samesite="Lax",
    )
    return response
