"""R13: a web server or worker whose clock is two days wrong does its work in time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulation.site import Site, until
from simulation.trials.figure import Figure
from simulation.trials.load import Payers, booked, ensure

TARGET = "the clocks of web server and worker are 48 h fast or slow: nothing that is due or leased notices"
LIBRARIES = (
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/faketime/libfaketime.so.1",
)
SKEWS = (("web", "+48h"), ("web", "-48h"), ("worker", "+48h"), ("worker", "-48h"))
MOST_SECONDS = 30.0
# What is due or leased further away than any rule says was reckoned by a wrong clock.
STRAYS = """
SELECT 'payment' AS what FROM payments_payment
    WHERE abs(extract(epoch FROM available_at - now())) > 7200 AND state = 'received'
UNION ALL SELECT 'order' FROM vending_tokenorder
    WHERE abs(extract(epoch FROM coalesce(available_at, leased_until) - now())) > 7200
UNION ALL SELECT 'message' FROM messaging_message
    WHERE abs(extract(epoch FROM coalesce(leased_until, available_at) - now())) > 7200
UNION ALL SELECT 'result' FROM payments_operatorresult
    WHERE abs(extract(epoch FROM available_at - now())) > 7200
"""


def run(site: Site, *, full: bool, payments: int = 0) -> Figure:
    """Pay with each program skewed; the doorbells are lost, so that the times on the rows decide."""
    library = next((each for each in LIBRARIES if Path(each).exists()), None)
    if library is None:
        aside = "install faketime; tests/payments/test_clocks.py shows the same in one process"
        return Figure("r13", "not tried: libfaketime is not installed", is_held=True, aside=aside)
    payments = payments or (200 if full else 12)
    seconds = {
        f"{name} {skew}": _skewed(site, name, skew, library, payments) for name, skew in SKEWS
    }
    site.check_books()
    slowest = max(seconds.values())
    said = f"{payments} payments with each of {', '.join(seconds)}: all done {slowest:.0f} s after the worker came"
    return Figure("r13", said, slowest <= MOST_SECONDS)


def _skewed(site: Site, name: str, skew: str, library: str, payments: int) -> float:
    prefix = f"SKEW{name[:2]}{skew[0]}".upper()
    site.keep_only()
    _start(site, "web", library, skew if name == "web" else "")
    Payers(site).pay_many(prefix, payments)
    site.forget_doorbells()
    _require_no_strays(site)
    (began,) = site.query("SELECT clock_timestamp() AS at")
    _start(site, "worker", library, skew if name == "worker" else "")
    site.start_beat()
    until(
        lambda: _done(site, prefix) == payments == len(booked(site, prefix)),
        seconds=90,
        what=prefix,
    )
    _require_no_strays(site)
    (last,) = site.query("SELECT max(sent_at) AS at FROM messaging_message")
    return float((last.at - began.at).total_seconds())


def _start(site: Site, name: str, library: str, skew: str) -> None:
    with _clock(site, library, skew):
        ensure(site, *{"web", name} & {*site.processes.children, name})


@contextmanager
def _clock(site: Site, library: str, skew: str) -> Iterator[None]:
    before = site.environment
    if skew:
        more = {"LD_PRELOAD": library, "FAKETIME": skew, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        site.environment = {**before, **more, "TZ": os.environ.get("TZ", "UTC")}
    try:
        yield
    finally:
        site.environment = before


def _done(site: Site, prefix: str) -> int:
    (row,) = site.query(
        "SELECT count(DISTINCT p.id) AS n FROM payments_payment p JOIN messaging_message m"
        " ON m.source = 'payment' AND m.source_id = p.id WHERE m.sent_at IS NOT NULL AND p.reference LIKE %s",
        f"{prefix}%",
    )
    return int(row.n)


def _require_no_strays(site: Site) -> None:
    """:raises AssertionError: something is due or leased at a time that no rule says"""
    strays = site.query(STRAYS)
    assert not strays, strays
