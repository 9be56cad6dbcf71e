"""Time passes faster: what waits for minutes in life waits for seconds here.

Nothing in the product knows of it: the times on the rows are moved, as if the clock had gone on. One real
second counts some minutes for whatever has waited for ``LOST_AFTER`` or ``SETTLED_AFTER``: longer than any call
to a vendor takes here, as in life a lease is longer than any call.
"""

import contextlib
import threading
from typing import Any

import psycopg2
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from simulation.installation import Installation
from simulation.ringing import call_sweeper

EVERY_SECONDS = 0.5
LOST_AFTER, SETTLED_AFTER = "3 s", "3.5 s"
# What is moved, when, and to what; rows that somebody holds are left for the next time.
MOVES = (
    (
        "payments_payment",
        "available_at = now()",
        "state = 'received' AND available_at > now() AND booked_at < now() - interval '1.5 s'",
    ),
    (
        "vending_tokenorder",
        "available_at = now()",
        "state = 'due' AND available_at > now() AND created_at < now() - interval '1.5 s'",
    ),
    (
        "vending_tokenorder",
        "leased_until = now() - interval '1 s'",
        "state = 'requested' AND leased_until > now()"
        f" AND requested_at < now() - interval '{LOST_AFTER}'",
    ),
    # The first look-up comes at once, in life after 5 s: before what a call may still do.
    (
        "vending_tokenorder",
        "available_at = now()",
        "state = 'in_doubt' AND available_at > now() AND looked_up_at IS NULL",
    ),
    # A doubt is weighed against the last call about its device, however that ended.
    (
        "vending_tokenorder",
        "requested_at = requested_at - interval '10 min'",
        f"state NOT IN ('requested', 'in_doubt') AND requested_at < now() - interval '{SETTLED_AFTER}'"
        " AND requested_at > now() - interval '10 min'",
    ),
    (
        "vending_tokenorder",
        "available_at = now(), requested_at = requested_at - interval '10 min'",
        f"state = 'in_doubt' AND available_at > now() AND requested_at < now() - interval '{SETTLED_AFTER}'"
        " AND requested_at > now() - interval '10 min'",
    ),
    (
        "vending_tokenorder",
        "available_at = now()",
        "state = 'in_doubt' AND available_at > now() AND requested_at < now() - interval '10 min'",
    ),
    (
        "messaging_message",
        "leased_until = now() - interval '1 s'",
        "state = 'queued' AND leased_until > now()"
        f" AND leased_until < now() + interval '75 s' - interval '{LOST_AFTER}'",
    ),
    (
        "messaging_message",
        "available_at = now()",
        "state = 'queued' AND available_at > now() AND leased_until IS NULL",
    ),
    (
        "payments_operatorresult",
        "leased_until = now() - interval '1 s'",
        "state <> 'confirmed' AND leased_until > now()"
        f" AND leased_until < now() + interval '75 s' - interval '{LOST_AFTER}'",
    ),
    (
        "payments_operatorresult",
        "available_at = now()",
        "state = 'owed' AND available_at > now()",
    ),
)
AWAY = (psycopg2.Error, OperationalError, RedisError, OSError)


class Clock:
    """Lets time pass in all companies, and the sweeper come, until it is stopped."""

    def __init__(self, installation: Installation, companies: tuple[str, ...]) -> None:
        self.installation, self.companies = installation, companies
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            # A server that is away is one of the faults.
            with contextlib.suppress(*AWAY):
                self.tick()

    def tick(self) -> None:
        """Let some minutes pass."""
        for company in self.companies:
            with contextlib.closing(self.installation.connect(company)) as database:
                self._move(database)
        call_sweeper(self.installation.redis.url, seconds=0.3)

    def _move(self, database: Any) -> None:
        """Each statement commits by itself and waits for nobody, so that no worker waits for the clock."""
        with database.cursor() as cursor:
            for table, change, condition in MOVES:
                cursor.execute(
                    f"UPDATE {table} SET {change} WHERE id IN"
                    f" (SELECT id FROM {table} WHERE {condition} FOR NO KEY UPDATE SKIP LOCKED)"
                )
            cursor.execute(
                "UPDATE public.tenants_duework SET due_at = now() WHERE id IN (SELECT id"
                " FROM public.tenants_duework WHERE kind = 'line' FOR NO KEY UPDATE SKIP LOCKED)"
            )
