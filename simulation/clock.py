"""Time passes faster: what waits for minutes in life waits for seconds here.

Nothing in the product knows of it: the times on the rows are moved, as if the clock had gone on. One real
second counts some minutes for whatever has waited for ``LOST_AFTER`` or ``SETTLED_AFTER``: longer than any call
to a vendor takes here, as in life a lease is longer than any call.
"""

import contextlib
import threading

import psycopg2
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from simulation.installation import Installation
from simulation.ringing import call_sweeper

EVERY_SECONDS = 0.5
LOST_AFTER, SETTLED_AFTER = "3 s", "3.5 s"
PASSES = f"""
UPDATE payments_payment SET available_at = now()
    WHERE state = 'received' AND available_at > now() AND booked_at < now() - interval '1.5 s';
UPDATE vending_tokenorder SET available_at = now()
    WHERE state = 'due' AND available_at > now() AND created_at < now() - interval '1.5 s';
UPDATE vending_tokenorder SET leased_until = now() - interval '1 s'
    WHERE state = 'requested' AND leased_until > now()
    AND requested_at < now() - interval '{LOST_AFTER}';
UPDATE vending_tokenorder SET available_at = now(), requested_at = requested_at - interval '10 min'
    WHERE state = 'in_doubt' AND available_at > now()
    AND requested_at < now() - interval '{SETTLED_AFTER}'
    AND requested_at > now() - interval '10 min';
UPDATE vending_tokenorder SET available_at = now()
    WHERE state = 'in_doubt' AND available_at > now() AND requested_at < now() - interval '10 min';
UPDATE messaging_message SET leased_until = now() - interval '1 s'
    WHERE state = 'queued' AND leased_until > now()
    AND leased_until < now() + interval '75 s' - interval '{LOST_AFTER}';
UPDATE messaging_message SET available_at = now()
    WHERE state = 'queued' AND available_at > now() AND leased_until IS NULL;
UPDATE payments_operatorresult SET leased_until = now() - interval '1 s'
    WHERE state <> 'confirmed' AND leased_until > now()
    AND leased_until < now() + interval '75 s' - interval '{LOST_AFTER}';
UPDATE payments_operatorresult SET available_at = now()
    WHERE state = 'owed' AND available_at > now();
"""
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
        for company in self.companies:
            self.installation.query(PASSES, company=company)
        self.installation.query(
            "UPDATE public.tenants_duework SET due_at = now() WHERE kind = 'line'"
        )
        call_sweeper(self.installation.redis.url, seconds=0.3)
