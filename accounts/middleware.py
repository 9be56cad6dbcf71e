"""The language of a page."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

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
