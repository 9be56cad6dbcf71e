"""Airtel, as fast as it can: callbacks made beforehand, sent over connections that stay open."""

import base64
import hashlib
import hmac
import http.client
import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench.world import phone

ACCEPTED = b"<STATUS>200</STATUS>"


class Refused(Exception):
    """The product did not say yes; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Door:
    """The webhook of one company and what a call must carry."""

    host: str
    port: int
    key: str
    serials: Sequence[str]
    airtel: dict[str, Any]

    def request(self, reference: str, number: int) -> bytes:
        """Return a complete HTTP request that reports one payment."""
        serial = self.serials[number % len(self.serials)]
        body = self._document(reference, serial).encode()
        head = "\r\n".join(
            [
                f"POST /webhooks/airtel/{self.key}/process HTTP/1.1",
                f"Host: {self.host}",
                "Content-Type: application/xml",
                f"Authorization: Bearer {self._token(reference)}",
                f"Content-Length: {len(body)}",
            ]
        )
        return head.encode() + b"\r\n\r\n" + body

    def _document(self, reference: str, serial: str) -> str:
        fields = {
            "TYPE": "C2B",
            "CUSTOMERMSISDN": phone(serial).removeprefix("+255"),
            "CUSTOMERNAME": "Neema Bahati",
            "MERCHANTMSISDN": self.airtel["merchant_msisdn"],
            "AMOUNT": "5000",
            "PIN": "",
            "REFERENCE": serial,
            "USERNAME": self.airtel["username"],
            "PASSWORD": self.airtel["password"],
            "REFERENCE1": reference,
            "REFERENCE2": f"MP.{reference}",
        }
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
        return f'<?xml version="1.0" encoding="UTF-8"?><COMMAND>{inner}</COMMAND>'

    def _token(self, reference: str) -> str:
        claims = {"sub": "JUA", "exp": int(time.time()) + 600, "payload": {"txnId": reference}}
        signed = ".".join(_part(json.dumps(part)) for part in ({"alg": "HS512"}, claims))
        secret = self.airtel["jwt_secret"].encode()
        return f"{signed}.{_base64(hmac.new(secret, signed.encode(), hashlib.sha512).digest())}"


def _part(text: str) -> str:
    return _base64(text.encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Sent:
    """What a burst of calls came to."""

    count: int
    seconds: float
    latencies_ms: list[float]

    @property
    def per_second(self) -> float:
        return self.count / self.seconds

    def percentile_ms(self, percent: int) -> float:
        """Return the latency that so many percent of the calls stayed below."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def send(door: Door, requests: Sequence[bytes], *, clients: int, seconds: float) -> Sent:
    """Send the requests in order over so many connections, until the time is up or all are sent.

    :raises Refused: one was not accepted
    """
    waiting, started = iter(requests), time.perf_counter()
    deadline = started + seconds
    burst = _Burst(door, waiting, deadline)
    threads = [threading.Thread(target=burst.work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if burst.problems:
        raise Refused(burst.problems[0])
    elapsed = time.perf_counter() - started
    return Sent(len(burst.latencies_ms), elapsed, burst.latencies_ms)


class _Burst:
    def __init__(self, door: Door, waiting: Iterator[bytes], deadline: float) -> None:
        self.door, self.waiting, self.deadline = door, waiting, deadline
        self.latencies_ms: list[float] = []
        self.problems: list[str] = []

    def work(self) -> None:
        try:
            with socket.create_connection(("127.0.0.1", self.door.port), timeout=30) as line:
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for request in self.waiting:
                    self._one(line, request)
                    if time.perf_counter() > self.deadline or self.problems:
                        return
        except OSError as error:
            self.problems.append(str(error))

    def _one(self, line: socket.socket, request: bytes) -> None:
        asked = time.perf_counter()
        line.sendall(request)
        answer = _answer(line)
        self.latencies_ms.append((time.perf_counter() - asked) * 1000)
        if ACCEPTED not in answer:
            self.problems.append(answer.decode(errors="replace")[-300:])


def _answer(line: socket.socket) -> bytes:
    """Read one answer; the product always states its length."""
    content = line.recv(65536)
    while b"\r\n\r\n" not in content:
        content += _more(line)
    head, _, body = content.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += _more(line)
    return head + b"\r\n\r\n" + body


def _more(line: socket.socket) -> bytes:
    content = line.recv(65536)
    if not content:
        raise http.client.RemoteDisconnected("The server hung up.")
    return content


def callbacks(door: Door, prefix: str, count: int) -> list[bytes]:
    """Return so many first-time reports, each of a payment of its own."""
    numbers = itertools.islice(itertools.count(), count)
    return [door.request(f"{prefix}{number:07d}", number) for number in numbers]
