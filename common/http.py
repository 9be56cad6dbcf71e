"""Middleware that knows no company: health, request id, policy headers, the sender's address."""

import contextvars
import uuid
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

Handler = Callable[[HttpRequest], HttpResponse]
_request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
_remote_ip: contextvars.ContextVar[str] = contextvars.ContextVar("remote_ip", default="")

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)


def current_request_id() -> str:
    return _request_id.get()


def current_remote_ip() -> str:
    """Return where the request that is being answered came from; empty in commands and tasks."""
    return _remote_ip.get()


class HealthMiddleware:
    """Answers ``/healthz`` on any host, before routing: 200 when the database answers, else 503."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != "/healthz":
            return self.get_response(request)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except (DatabaseError, InterfaceError):
            return JsonResponse({"database": "down"}, status=503)
        return JsonResponse({"database": "up"})


_TOO_LARGE = "Too large: more than 20 MB. Nothing was kept. Go back and send it in parts.\n"


class BodyLimitMiddleware:
    """Refuses a body that is larger than anything we take, before a byte of it is read or put on the disk.

    Whoever may upload how much is said by each form; but a form is read before anybody asks who sent it.
    """

    MOST_BYTES = 20 * 1024 * 1024

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        said = str(request.META.get("CONTENT_LENGTH") or "").lstrip("0")
        if said.isdecimal() and int(said[:20]) > self.MOST_BYTES:
            return HttpResponse(_TOO_LARGE, status=413, content_type="text/plain")
        return self.get_response(request)


class RequestIdMiddleware:
    """Gives every request an id for the log, never one from outside, and remembers who sent it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _request_id.set(uuid.uuid4().hex[:12])
        sender = _remote_ip.set(remote_ip(request)[:45])
        try:
            return self.get_response(request)
        finally:
            _remote_ip.reset(sender)
            _request_id.reset(token)


def allow_images_from(request: HttpRequest, source: str) -> None:
    """Let the page that answers this request show pictures of one more origin, like map tiles.

    :param source: a checked source of the policy, like ``https://tiles.example``; empty allows nothing
    """
    request.image_source = source  # type: ignore[attr-defined]


def _policy(request: HttpRequest) -> str:
    source = getattr(request, "image_source", "")
    return POLICY.replace("img-src 'self' data:", f"img-src 'self' data: {source}".rstrip())


class PolicyMiddleware:
    """Content security policy: everything from ourselves, nothing inline. Pages are never cached."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", _policy(request))
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def remote_ip(request: HttpRequest) -> str:
    """Return the sender's address: the peer's, or the entry our own proxies put into X-Forwarded-For."""
    if settings.TRUSTED_PROXIES:
        chain = request.headers.get("X-Forwarded-For", "").split(",")
        if len(chain) >= settings.TRUSTED_PROXIES:
            return str(chain[-settings.TRUSTED_PROXIES]).strip().removeprefix("::ffff:")
    return str(request.META.get("REMOTE_ADDR", "")).removeprefix("::ffff:")
