"""Where a request is sent that asks for a protected page before the company's second password was given."""

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

SAFE = {"GET", "HEAD"}


def send_to_prompt(request: HttpRequest, group: str) -> HttpResponse:
    """Lead to the prompt, which leads on to what was asked for.

    What was sent is not kept and not carried out later: the way on is then the page it was sent from.
    """
    query = {"group": group, "next": _way_on(request)}
    if request.method not in SAFE:
        query["sent"] = "1"
    address = f"{reverse('accounts:protected-prompt')}?{urlencode(query)}"
    if request.headers.get("HX-Request"):
        # A fragment would put the prompt into the middle of a page: the whole page is to go there.
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def _way_on(request: HttpRequest) -> str:
    if request.headers.get("HX-Request"):
        return _path_of(request, request.headers.get("HX-Current-URL", ""))
    if request.method in SAFE:
        return request.get_full_path()
    return _path_of(request, request.headers.get("Referer", ""))


def _path_of(request: HttpRequest, address: str) -> str:
    """Return path and query of an address of this host, else the home page."""
    if not url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}):
        return "/"
    parts = urlsplit(address)
    return safe_next(f"{parts.path}?{parts.query}" if parts.query else parts.path)


def safe_next(path: str) -> str:
    """Return a path of this host that has a page, else the home page: the prompt never leads elsewhere."""
    if not path.startswith("/") or not url_has_allowed_host_and_scheme(path, allowed_hosts=None):
        return "/"
    try:
        match = resolve(urlsplit(path).path, urlconf=settings.ROOT_URLCONF)
    except (Resolver404, ValueError):
        return "/"
    return "/" if match.view_name == "accounts:protected-prompt" else path
