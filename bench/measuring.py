"""The phases of one run, in an order in which none disturbs the next."""

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg2

from bench import ceiling, cost, load
from bench.site import PASSWORD_VARIABLE, CannotMeasure, Site

COMPANY, HOST = "jua", "jua.localhost"
DEVICES = 200
CEILING_CLIENTS = 4
WARM_UP = 100
MOST_CALLS = 12_000
LINE_SECONDS = 60.0
Say = Callable[[str], None]
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard: seconds of a burst, connections, payments through the whole line."""

    seconds: float
    clients: int
    payments: int


def measure(site: Site, plan: Plan, *, say: Say) -> Figures:
    """Return all figures of one run.

    :raises CannotMeasure: a part does not do its work
    :raises load.Refused: a callback was not accepted
    """
    say("Making a company …")
    figures: Figures = {"new_company_seconds": _new_company(site)}
    facts = site.furnish(COMPANY, devices=DEVICES)
    door = load.Door(HOST, site.port, facts["key"], facts["serials"], facts["airtel"])
    say("Starting the workers …")
    site.start_workers()
    sample = _through(site, door, "WARM", WARM_UP, plan).last_payment
    figures["idle_mib"] = _memory(site)
    say(f"Sending {plan.payments} payments through the whole line …")
    figures["line"] = _through(site, door, "LINE", plan.payments, plan).figures
    site.workers.stop()
    say("Accepting callbacks, and writing the same rows by hand …")
    figures |= _accepting(site, door, plan, sample)
    _add_ratios(figures)
    return figures


def _new_company(site: Site) -> float:
    os.environ[PASSWORD_VARIABLE] = secrets.token_urlsafe(16)
    said = site.manage(
        "create_company", "--name", "Jua Power", "--slug", COMPANY, "--country", "TZ",
        "--currency", "TZS", "--timezone", "Africa/Dar_es_Salaam",
        "--owner-email", "owner@jua.example", "--owner-password-env", PASSWORD_VARIABLE,
    )  # fmt: skip
    return float(said["seconds"])


@dataclass(frozen=True, slots=True)
class _Walked:
    figures: Figures
    last_payment: int


def _through(site: Site, door: load.Door, prefix: str, count: int, plan: Plan) -> _Walked:
    """Send payments as fast as they are taken; wait until every SMS is sent, or the time is up."""
    requests = load.callbacks(door, prefix, count)
    with contextlib.closing(psycopg2.connect(site.database_url)) as db, db.cursor() as cursor:
        db.autocommit = True
        sent_before = _messages_sent(cursor)
        before, started = cost.cpu_seconds(site.pids()), time.perf_counter()
        burst = load.send(door, requests, clients=plan.clients, seconds=LINE_SECONDS)
        while (done := _messages_sent(cursor) - sent_before) < burst.count:
            if time.perf_counter() - started > LINE_SECONDS:
                break
            time.sleep(0.05)
        elapsed = time.perf_counter() - started
        after = cost.cpu_seconds(site.pids())
        cursor.execute(f"SELECT max(source_id) FROM {COMPANY}.messaging_message")
        (last,) = cursor.fetchone()
    if not done:
        raise CannotMeasure(f"Within {LINE_SECONDS:g} s not a single SMS was sent.")
    figures = {
        "payments": done,
        "per_second": done / elapsed,
        "accepted_per_second_meanwhile": burst.per_second,
        "cpu_ms": cost.spent(before, after, done),
    }
    return _Walked(figures, last)


def _messages_sent(cursor: Any) -> int:
    cursor.execute(f"SELECT count(*) FROM {COMPANY}.messaging_message WHERE sent_at IS NOT NULL")
    (count,) = cursor.fetchone()
    return int(count)


def _memory(site: Site) -> dict[str, float]:
    pids = site.pids()
    return {name: cost.memory_mib(pids[name]) for name in ("web", "worker", "beat")}


def _accepting(site: Site, door: load.Door, plan: Plan, sample: int) -> Figures:
    """Measure the accept between two measurements of its ceiling, so that noise meets both."""
    accept, line = ceiling.statements(site.database_url, COMPANY, payment_id=sample)
    half = plan.seconds / 2

    def by_hand(statement: ceiling.Statement) -> float:
        return ceiling.write(site.database_url, statement, clients=CEILING_CLIENTS, seconds=half)

    first_time = load.callbacks(door, "ONCE", MOST_CALLS)
    ceilings = [by_hand(accept)]
    taken = _burst(site, door, first_time, plan)
    ceilings.append(by_hand(accept))
    again = _burst(site, door, first_time[: int(taken["count"])], plan)
    return {
        "accept": taken,
        "duplicate": again,
        "ceiling": {
            "accepts_per_second": sum(ceilings) / len(ceilings),
            "lines_per_second": by_hand(line),
        },
    }


def _burst(site: Site, door: load.Door, requests: list[bytes], plan: Plan) -> Figures:
    before = cost.cpu_seconds(site.pids())
    sent = load.send(door, requests, clients=plan.clients, seconds=plan.seconds)
    used = cost.spent(before, cost.cpu_seconds(site.pids()), sent.count)
    return {
        "count": sent.count,
        "per_second": sent.per_second,
        "p50_ms": sent.percentile_ms(50),
        "p99_ms": sent.percentile_ms(99),
        "cpu_ms": {name: used[name] for name in ("web", "postgres", "redis")},
    }


def _add_ratios(figures: Figures) -> None:
    top: Mapping[str, float] = figures["ceiling"]
    figures["ratios"] = {
        "accept": figures["accept"]["per_second"] / top["accepts_per_second"],
        "line": figures["line"]["per_second"] / top["lines_per_second"],
    }
