"""For tests of adapters: recorded exchanges, silence, and an adapter on its own.

An exchange file holds ``{"exchanges": [{"request": {...}, "response": {...}}, ...]}``. A request
has ``method``, ``url`` and any of ``headers``, ``json``, ``form``, ``text``; what it names is
insisted on. A response has ``status`` and any of ``headers``, ``json``, ``text``; or it is
``{"silence": true}`` or ``{"no_connection": true}``. A manufacturer's file may hold an ``order``.
An inbound file holds ``{"callback": {"action", "headers", "body", "remote_ip", "received_at"},
"answer": {...}}``.
"""

import contextlib
import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import requests
import responses
from responses import matchers
from urllib3.exceptions import NewConnectionError

from plugins.contracts import Callback, DeviceKind, Plugin, TokenRequest, Unit
from plugins.http import ProviderSession

A = TypeVar("A", bound=Plugin)


class Jar:
    """A memory that lasts as long as the test."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[str, dt.datetime]] = {}

    def get(self, name: str) -> str | None:
        value, expires_at = self.values.get(name, (None, None))
        return value if expires_at and expires_at > dt.datetime.now(dt.UTC) else None

    def put(self, name: str, value: str, *, expires_at: dt.datetime) -> None:
        self.values[name] = (value, expires_at)

    def drop(self, name: str) -> None:
        self.values.pop(name, None)


def adapter_for(cls: type[A], **settings: Any) -> A:
    """Return the adapter with these settings, short time-outs and a fresh memory."""
    http = ProviderSession(read_seconds=2, total_seconds=4)
    return cls(settings, http=http, memory=Jar())


def load_exchange(near: str, name: str) -> dict[str, Any]:
    """Return ``exchanges/<name>.json`` beside the file ``near``."""
    loaded: dict[str, Any] = json.loads(
        (Path(near).parent / "exchanges" / f"{name}.json").read_text()
    )
    return loaded


def order_from(near: str, name: str, **changes: Any) -> TokenRequest:
    """Return the order that a recorded exchange was made for."""
    order = load_exchange(near, name)["order"] | changes
    return TokenRequest(
        reference=order["reference"],
        serial=order["serial"],
        device_kind=DeviceKind(order["device_kind"]),
        quantity=Decimal(order["quantity"]),
        unit=Unit(order["unit"]),
        requested_at=dt.datetime.fromisoformat(order["requested_at"]),
    )


@contextlib.contextmanager
def replay(
    near: str, *names: str, last: dict[str, Any] | None = None
) -> Iterator[responses.RequestsMock]:
    """Answer from recorded exchanges, in order, and fail unless each was asked for as recorded.

    :param last: an answer to give to the last request in place of the recorded one
    """
    exchanges = [it for name in names for it in load_exchange(near, name)["exchanges"]]
    if last is not None:
        exchanges[-1] = {**exchanges[-1], "response": last}
    with responses.RequestsMock(registry=responses.registries.OrderedRegistry) as mock:
        for exchange in exchanges:
            _expect(mock, exchange["request"], exchange["response"])
        try:
            yield mock
        finally:
            _refuse_surprises(mock)


def _refuse_surprises(mock: responses.RequestsMock) -> None:
    """Fail for a request that nobody recorded, which else looks like a broken connection."""
    for call in mock.calls:
        surprise = isinstance(call.response, requests.ConnectionError) and str(call.response)
        assert not (surprise and "Connection refused by Responses" in surprise), surprise


def _expect(
    mock: responses.RequestsMock, request: dict[str, Any], response: dict[str, Any]
) -> None:
    match: list[Any] = [matchers.header_matcher(request.get("headers", {}))]
    if "json" in request:
        match.append(_json_is(request["json"]))
    if "form" in request:
        match.append(matchers.urlencoded_params_matcher(request["form"]))
    if "text" in request:
        match.append(_text_is(request["text"]))
    body: dict[str, Any] = {"body": response.get("text", "")}
    if "json" in response:
        body = {"json": response["json"]}
    elif "silence" in response:
        body = {"body": requests.ReadTimeout("silence")}
    elif "no_connection" in response:
        body = {"body": _refused_connection()}
    mock.add(
        request["method"],
        request["url"],
        status=response.get("status", 200),
        headers=response.get("headers"),
        match=match,
        **body,
    )


def _json_is(expected: Any) -> Any:
    """Insist on types too: vendors tell true from 1, which Python's ``==`` does not."""
    wanted = json.dumps(expected, sort_keys=True)

    def match(request: requests.PreparedRequest) -> tuple[bool, str]:
        sent = json.dumps(json.loads(_body_of(request)), sort_keys=True)
        return sent == wanted, f"JSON was {sent}, recorded is {wanted}"

    return match


def _text_is(expected: str) -> Any:
    def match(request: requests.PreparedRequest) -> tuple[bool, str]:
        body = _body_of(request)
        return body == expected, f"body was {body!r}, recorded is {expected!r}"

    return match


def _body_of(request: requests.PreparedRequest) -> str:
    return request.body.decode() if isinstance(request.body, bytes) else str(request.body)


@contextlib.contextmanager
def silence(url: str, method: str = "POST") -> Iterator[responses.RequestsMock]:
    """Take the request and never answer."""
    with responses.RequestsMock() as mock:
        mock.add(method, url, body=requests.ReadTimeout("silence"))
        yield mock


@contextlib.contextmanager
def no_connection(url: str, method: str = "POST") -> Iterator[responses.RequestsMock]:
    """Refuse the connection, so that nothing was sent."""
    with responses.RequestsMock() as mock:
        mock.add(method, url, body=_refused_connection())
        yield mock


def _refused_connection() -> requests.ConnectionError:
    refused = NewConnectionError(None, "refused")  # type: ignore[arg-type]
    return requests.ConnectionError(_WithReason(refused))


class _WithReason(Exception):
    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


def callback_from(near: str, name: str, **changes: Any) -> Callback:
    """Return a recorded inbound call as the door hands it to the adapter."""
    recorded = load_exchange(near, name)["callback"] | changes
    return Callback(
        action=recorded["action"],
        headers={key.lower(): value for key, value in recorded.get("headers", {}).items()},
        body=recorded["body"].encode() if isinstance(recorded["body"], str) else recorded["body"],
        remote_ip=recorded.get("remote_ip", "127.0.0.1"),
        received_at=_moment(recorded.get("received_at")),
    )


def _moment(recorded: str | dt.datetime | None) -> dt.datetime:
    if isinstance(recorded, str):
        return dt.datetime.fromisoformat(recorded)
    return recorded or dt.datetime.now(dt.UTC)
