"""The language of a page."""

from django.http import HttpRequest, HttpResponse
from django.utils import translation

from common.http import Handler


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
