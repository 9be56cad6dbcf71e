"""The one way out: time-outs always, every exchange recorded without secrets, doubt named."""

import json
import math
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from plugins.deadline import Cut, FreshAdapter
from plugins.errors import Misconfigured, OutcomeUnknown, PluginError, Unavailable
from plugins.redaction import BLANK, Redactor

__all__ = ["BLANK", "ProviderSession", "Recorded", "Recorder", "Redactor", "forget", "never_sent"]

CONNECT_SECONDS = 10
MAX_ANSWER_BYTES = 1 << 20
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
USER_AGENT = "MicroPowerManager"

# What requests and urllib3 raise, and what escapes them: certificate files and odd host names.
TROUBLE = (requests.RequestException, HTTPError, OSError, ValueError)
UNUSABLE_SETTINGS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
    UnicodeError,
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request and its answer, secrets already blanked."""

    method: str
    url: str
    request_headers: Mapping[str, str]
    request_text: str
    status: int | None
    response_text: str
    duration_ms: int
    error: str


Recorder = Callable[[Recorded], None]


def forget(_: Recorded) -> None:
    """Record nothing: for tests of an adapter on its own."""


class ProviderSession:
    """Outgoing HTTP for one adapter.

    :param read_seconds: longest silence between two bytes
    :param total_seconds: deadline of each request
    :param ends_at: when the whole call is over, however many requests it takes (``time.monotonic``)
    :param record: called once per exchange, whatever came of it
    """

    def __init__(
        self,
        *,
        read_seconds: float,
        total_seconds: float,
        record: Recorder = forget,
        redactor: Redactor | None = None,
        ends_at: float | None = None,
    ) -> None:
        self.read_seconds, self.total_seconds = read_seconds, total_seconds
        self.record, self.redactor = record, redactor or Redactor()
        self.ends_at = math.inf if ends_at is None else ends_at

    def get(self, url: str, **kwargs: Any) -> requests.Response:
        return self.request("GET", url, **kwargs)

    def post(self, url: str, **kwargs: Any) -> requests.Response:
        return self.request("POST", url, **kwargs)

    def request(
        self, method: str, url: str, *, repeatable: bool = False, **kwargs: Any
    ) -> requests.Response:
        """Send one request and return its answer: any status below 500, redirects included.

        :param repeatable: this call buys nothing, so silence is no doubt (look-ups, log-ins)
        :raises Misconfigured: address, key or certificate cannot even be put into a request
        :raises Unavailable: never sent (no name, no connection), or silent though repeatable
        :raises OutcomeUnknown: sent, then silence, a cut, an over-long answer or a 5xx
        """
        started = time.monotonic()
        in_doubt = Unavailable if repeatable or method in SAFE_METHODS else OutcomeUnknown
        prepared = _prepare(method, url, kwargs)
        response, error = self._exchange(prepared, kwargs, in_doubt)
        self._record(prepared, response, started, error)
        if error is not None:
            raise error
        assert response is not None
        return response

    def _exchange(
        self,
        prepared: requests.PreparedRequest,
        kwargs: Mapping[str, Any],
        in_doubt: type[PluginError],
    ) -> tuple[requests.Response | None, PluginError | None]:
        response: requests.Response | None = None
        left = min(self.total_seconds, self.ends_at - time.monotonic())
        if left <= 0:
            return None, Unavailable("The time for the whole call was over before this was sent.")
        with Cut(left) as cut, requests.Session() as session:
            try:
                response = self._open(session, cut, prepared, kwargs)
                _read_all(response)
                if cut.is_over:
                    raise requests.Timeout("the deadline passed before the answer was complete")
            except TROUBLE as problem:
                host = urlsplit(prepared.url or "").hostname or ""
                error = _sorted(problem, cut, str(host), in_doubt)
                error.__cause__ = problem
                return response, error
        if response.status_code >= 500:
            status = response.status_code
            return response, in_doubt(f"Answered with HTTP {status}.", code=str(status))
        return response, None

    def _open(
        self,
        session: requests.Session,
        cut: Cut,
        prepared: requests.PreparedRequest,
        kwargs: Mapping[str, Any],
    ) -> requests.Response:
        adapter = FreshAdapter(cut)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        session.trust_env = False
        return session.send(
            prepared,
            timeout=(min(CONNECT_SECONDS, self.total_seconds), self.read_seconds),
            allow_redirects=False,
            stream=True,
            cert=kwargs.get("cert"),
            verify=kwargs.get("verify", True),
        )

    def _record(
        self,
        prepared: requests.PreparedRequest,
        response: requests.Response | None,
        started: float,
        error: PluginError | None,
    ) -> None:
        blank = self.redactor
        self.record(
            Recorded(
                method=prepared.method or "",
                url=blank.url(prepared.url or ""),
                request_headers=blank.headers(prepared.headers),
                request_text=blank.body(prepared.body),
                status=response.status_code if response is not None else None,
                response_text=blank.body(response.content if response is not None else b""),
                duration_ms=round((time.monotonic() - started) * 1000),
                error=f"{type(error).__name__}: {error.reason}" if error else "",
            )
        )


def _prepare(method: str, url: str, kwargs: Mapping[str, Any]) -> requests.PreparedRequest:
    parts = {k: v for k, v in kwargs.items() if k in {"headers", "json", "data", "params", "auth"}}
    parts["headers"] = {"User-Agent": USER_AGENT, **(parts.get("headers") or {})}
    try:
        return requests.Request(method, url, **parts).prepare()
    except UNUSABLE_SETTINGS as problem:
        raise Misconfigured("The address or the key in the settings cannot be used.") from problem


def _read_all(response: requests.Response) -> None:
    """Fill in the answer; what came before a cut stays readable, for the record."""
    content = bytearray()
    try:
        while chunk := response.raw.read1(16_384, decode_content=True):
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                raise requests.exceptions.ContentDecodingError("answer over 1 MiB")
    finally:
        response._content = bytes(content[:MAX_ANSWER_BYTES])
    _require_bottom(response._content)


def _require_bottom(content: bytes) -> None:
    """:raises ContentDecodingError: JSON nested so deeply that reading it would break the reader"""
    try:
        json.loads(content)
    except RecursionError as problem:
        raise requests.exceptions.ContentDecodingError("answer nested too deeply") from problem
    except ValueError:
        return  # not JSON: the adapter's business


def _sorted(problem: Exception, cut: Cut, host: str, in_doubt: type[PluginError]) -> PluginError:
    """Return the error that says what may happen next."""
    if not cut.is_connected and _is_our_fault(problem):
        return Misconfigured("The address, key or certificate in the settings cannot be used.")
    if not cut.is_connected and (cut.is_dialed or never_sent(problem)):
        return Unavailable(f"No connection to {host}{_tls_reason(problem)}.")
    if cut.is_over or isinstance(problem, requests.Timeout | ReadTimeoutError):
        return in_doubt(f"{host} did not answer in time.")
    return in_doubt(f"The connection to {host} broke before a complete answer came.")


def _is_our_fault(problem: Exception) -> bool:
    if isinstance(problem, requests.RequestException):
        return isinstance(problem, UNUSABLE_SETTINGS)
    return True  # a certificate file that is not there, a host name that cannot be one


def never_sent(problem: Exception) -> bool:
    """Return whether the request surely did not leave: no name, refused or timed-out connect."""
    if isinstance(problem, requests.ConnectTimeout | requests.exceptions.SSLError):
        return True
    reason = getattr(problem.args[0], "reason", None) if problem.args else None
    return isinstance(reason, NewConnectionError | NameResolutionError | ConnectTimeoutError)


def _tls_reason(problem: BaseException) -> str:
    cause: BaseException | None = problem
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return ""
    return f": {getattr(cause, 'verify_message', '') or cause.reason or 'TLS failed'}"
