"""How a vendor answers one good request, and how it misbehaves when a switch says so."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.faults import Fault, Faults
from sandbox.later import Later

Charge = TypeVar("Charge")

# An answer that cannot be written: granian closes the connection before the first byte.
_IMPOSSIBLE = {"Content-Length": "1000", "Transfer-Encoding": "chunked"}
_WEB_PAGE = "<!doctype html><html><body><h1>Gateway</h1><p>Service is busy.</p></body></html>"
_REFUSALS = {"refuse", "empty_balance", "wrong_key", "refuse_number", "expired_bearer"}
_STATUS = {"http400": 400, "http429": 429, "http503": 503, "http500_before_charge": 500}


@dataclass(frozen=True, slots=True)
class Sale(Generic[Charge]):
    """One request that passed every check: what may be done with it, in the vendor's words.

    `charge` takes the kind of fault and whether the caller gets an answer.
    `distort` gives the answer for faults that only this vendor knows, `refuse` its refusals.
    """

    charge: Callable[[str, bool], Charge]
    answer: Callable[[Charge], Response]
    refuse: Callable[[str], Response]
    distort: Callable[[str, Charge], Response] | None = None


class Answering:
    """Applies the switches to requests."""

    def __init__(self, faults: Faults, later: Later) -> None:
        self._faults = faults
        self._later = later

    def serve(self, vendor: str, subject: str, sale: Sale[Charge]) -> AnyResponse:
        """Charge and answer, or fail in the way that is switched on for this call."""
        fault = self._faults.take(vendor, subject)
        if fault is None:
            return sale.answer(sale.charge("", True))
        if fault.kind == "slow":
            time.sleep(fault.seconds)
            return sale.answer(sale.charge("slow", True))
        return self._without_charge(fault, sale) or _after_charge(fault, sale)

    def _without_charge(self, fault: Fault, sale: Sale[Charge]) -> AnyResponse | None:
        kind = fault.kind
        if kind in _REFUSALS:
            return sale.refuse(kind)
        if kind in _STATUS:
            return _json_error(_STATUS[kind])
        if kind == "redirect":
            return redirect("/stray", code=307)
        if kind == "silent_before":
            return silence(fault.seconds)
        if kind == "late_charge":
            self._later.after(fault.seconds, lambda: sale.charge(kind, False))
            return silence(0)
        return None


def _after_charge(fault: Fault, sale: Sale[Charge]) -> Response:
    kind = fault.kind
    if kind == "silent_after":
        sale.charge(kind, False)
        return silence(fault.seconds)
    if kind == "http500_after_charge":
        sale.charge(kind, False)
        return _json_error(500)
    if kind == "malformed":
        sale.charge(kind, False)
        return Response(_WEB_PAGE, mimetype="text/html")
    if kind == "cut":
        return _cut(sale.answer(sale.charge(kind, False)))
    if kind == "drip":
        return _drip(sale.answer(sale.charge(kind, True)), fault.seconds or 1.0)
    if sale.distort is None:
        raise LookupError(kind)
    return sale.distort(kind, sale.charge(kind, kind in _STILL_AN_ANSWER))


_STILL_AN_ANSWER = {
    "odd_format", "wrong_quantity", "lost", "lost_report", "rejected", "early_report",
    "report_twice", "cancelled", "too_little_money", "pending",
}  # fmt: skip


def silence(seconds: float) -> Response:
    """Close the connection without a byte, after waiting a while."""
    time.sleep(seconds)
    if (socket := request.environ.get("werkzeug.socket")) is not None:
        # werkzeug would send the headers of an empty answer.
        socket.shutdown(2)
    return Response(iter(()), headers=_IMPOSSIBLE)


def _cut(answer: Response) -> Response:
    whole = answer.get_data()

    def half() -> Iterator[bytes]:
        yield whole[: len(whole) // 2]
        # Closing at once would take the half back from the server's buffer.
        time.sleep(0.05)

    return _stream(answer, half(), len(whole))


def _drip(answer: Response, seconds: float) -> Response:
    whole = answer.get_data()

    def letters() -> Iterator[bytes]:
        for position in range(len(whole)):
            time.sleep(seconds)
            yield whole[position : position + 1]

    return _stream(answer, letters(), len(whole))


def _stream(answer: Response, body: Iterator[bytes], length: int) -> Response:
    headers = {"Content-Type": answer.content_type or "", "Content-Length": str(length)}
    return Response(body, status=answer.status_code, headers=headers)


def _json_error(status: int) -> Response:
    return Response(
        '{"Message": "An error has occurred."}', status=status, mimetype="application/json"
    )
