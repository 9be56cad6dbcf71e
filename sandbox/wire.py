"""Calls from the sandbox to the product: one request, one answer, nothing followed."""

import http.client
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

CONNECT_SECONDS = 5.0
LONGEST_ANSWER = 1_000_000


@dataclass(frozen=True, slots=True)
class Message:
    """What shall be sent: the address, the headers, the body."""

    url: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Said:
    """One request and what came back; without an answer, `status` is 0 and `error` says why."""

    step: str
    url: str
    headers: Mapping[str, str]
    body: str
    status: int
    answer: str
    error: str
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return both sides as the control API and the page show them."""
        request = {"url": self.url, "headers": dict(self.headers), "body": self.body}
        answer = {"status": self.status, "body": self.answer, "error": self.error}
        seconds = round(self.seconds, 4)
        return {"step": self.step, "request": request, "answer": answer, "seconds": seconds}


def post(step: str, message: Message, *, timeout_seconds: float = 30.0) -> Said:
    """Send the message and wait for the answer; a silent product is an answer too."""
    started = time.monotonic()
    status, answer, error = 0, "", ""
    try:
        status, answer = _exchange(message, timeout_seconds)
    except (OSError, http.client.HTTPException, ValueError) as failure:
        error = f"{type(failure).__name__}: {failure}"
    seconds = time.monotonic() - started
    return Said(step, message.url, message.headers, message.body, status, answer, error, seconds)


def _exchange(message: Message, timeout_seconds: float) -> tuple[int, str]:
    parts = urlsplit(message.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connection(parts.scheme, parts.hostname or "", parts.port)
    try:
        connection.connect()
        connection.sock.settimeout(timeout_seconds)
        headers = {"Host": parts.netloc.rpartition("@")[2], **message.headers}
        connection.request("POST", path, message.body.encode(), headers)
        answer = connection.getresponse()
        return answer.status, answer.read(LONGEST_ANSWER).decode(errors="replace")
    finally:
        connection.close()


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    address = connect_address(host)
    if scheme == "https":
        secure = ssl.create_default_context()
        return http.client.HTTPSConnection(address, port, timeout=CONNECT_SECONDS, context=secure)
    if scheme != "http" or not host:
        raise ValueError("an address starts with http:// or https:// and a host")
    return http.client.HTTPConnection(address, port, timeout=CONNECT_SECONDS)


def connect_address(host: str) -> str:
    """Return where to connect: browsers know that *.localhost is this machine, Python does not."""
    name = host.lower().rstrip(".")
    return "127.0.0.1" if name == "localhost" or name.endswith(".localhost") else host
