"""Customers who pay: all at once, one after another, or at a steady pace."""

import contextlib
import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import requests

from simulation.airtel import Answer
from simulation.installation import COMPANIES
from simulation.plan import MAKERS
from simulation.site import Site, serial

T = TypeVar("T")
CLIENTS = 8
PEOPLE = 400
# As a copy of the one customer and of one of its meters, since who they are does not matter.
_MORE_PEOPLE = """
WITH people AS (
    INSERT INTO customers_customer
    SELECT (jsonb_populate_record(c, jsonb_build_object(
        'id', nextval(pg_get_serial_sequence('customers_customer', 'id')),
        'public_id', gen_random_uuid(), 'phone', '+255' || %(prefix)s || (7000000 + n)))).*
    FROM customers_customer c, generate_series(1, %(count)s) n
    WHERE c.id = (SELECT min(id) FROM customers_customer)
    RETURNING id, phone
)
INSERT INTO devices_device
SELECT (jsonb_populate_record(d, jsonb_build_object(
    'id', nextval(pg_get_serial_sequence('devices_device', 'id')),
    'public_id', gen_random_uuid(), 'customer_id', people.id,
    'manufacturer', %(maker)s, 'serial', %(prefix)s || '99' || right(people.phone, 7)))).*
FROM devices_device d, people
WHERE d.id = (SELECT min(id) FROM devices_device WHERE manufacturer = 'calin_meter')
RETURNING serial
"""
_SECONDS_TO_SMS = """
SELECT p.reference, extract(epoch FROM min(m.sent_at) - p.booked_at)::float AS seconds
FROM payments_payment p JOIN messaging_message m ON m.source = 'payment' AND m.source_id = p.id
WHERE m.purpose = 'token' AND m.sent_at IS NOT NULL AND p.reference LIKE %s
GROUP BY p.id
"""


class NotAccepted(Exception):
    """A payment that had to be accepted was not."""


def ensure(site: Site, *names: str) -> None:
    """Have exactly these of the product's programs running, and the web server answering."""
    site.keep_only(*names)
    start: dict[str, Callable[[], None]] = {
        "web": site.start_web,
        "worker": site.start_worker,
        "beat": site.start_beat,
    }
    for name in names:
        if not site.running(name):
            start[name]()


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Make all calls at the same moment; return their results in order."""
    barrier = threading.Barrier(len(calls))

    def make(call: Callable[[], T]) -> T:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(make, calls))


def more_people(
    site: Site, company: str = COMPANIES[0], count: int = PEOPLE, *, maker: str = "calin_meter"
) -> list[str]:
    """Add customers with one meter each, so that their payments do not wait for each other; return the serials."""
    values = {"count": count, "maker": maker, "prefix": MAKERS[maker].prefix}
    with contextlib.closing(site.connect(company)) as database, database.cursor() as cursor:
        cursor.execute(_MORE_PEOPLE, values)
        return [row["serial"] for row in cursor.fetchall()]


class Payers:
    """Payments with references ``<prefix><number>``, over connections that stay open."""

    def __init__(
        self, site: Site, serials: Sequence[str] = (), company: str = COMPANIES[0]
    ) -> None:
        self.site, self.company = site, company
        self.serials = serials or [serial("calin_meter", n, company) for n in range(80)]
        self.threads = threading.local()

    def pay(
        self, reference: str, number: int, *, timeout: float = 20, port: int | None = None
    ) -> Answer:
        """Report one payment, from the number-th meter, at the web server or at another port."""
        if not hasattr(self.threads, "session"):
            self.threads.session = requests.Session()
        account = self.serials[number % len(self.serials)]
        return self.site.airtel(
            reference,
            session=self.threads.session,
            timeout=timeout,
            company=self.company,
            port=port,
            account=account,
        )

    def pay_many(self, prefix: str, count: int, *, clients: int = CLIENTS) -> list[Answer]:
        """Report payments as fast as they are taken.

        :raises NotAccepted: one was refused
        """
        with ThreadPoolExecutor(clients) as pool:
            answers = list(pool.map(lambda n: self.pay(f"{prefix}{n:05d}", n), range(count)))
        for answer in answers:
            require_yes(answer)
        return answers

    def pay_steadily(self, prefix: str, *, per_second: float, seconds: float) -> list[Answer]:
        """Report payments at a steady pace, however slow the answers are; return the answers."""
        start, count = time.monotonic(), round(per_second * seconds)

        def one(number: int) -> Answer:
            time.sleep(max(0.0, start + number / per_second - time.monotonic()))
            return self.pay(f"{prefix}{number:05d}", number)

        with ThreadPoolExecutor(min(32, count)) as pool:
            return list(pool.map(one, range(count)))


def require_yes(answer: Answer) -> None:
    """:raises NotAccepted: it is not our word that the payment is booked"""
    if (answer.http, answer.status) != (200, "200"):
        raise NotAccepted(f"{answer.http}: {answer.text[:200]}")


def booked(site: Site, prefix: str, company: str = COMPANIES[0]) -> dict[str, int]:
    """Return how often each reference that begins so is booked."""
    rows = site.query(
        "SELECT reference, count(*) AS n FROM payments_payment WHERE reference LIKE %s GROUP BY 1",
        f"{prefix}%",
        company=company,
    )
    return {row.reference: row.n for row in rows}


def seconds_to_sms(site: Site, prefix: str, company: str = COMPANIES[0]) -> dict[str, float]:
    """Return how long each payment took from its booking until its token was handed to the gateway."""
    rows = site.query(_SECONDS_TO_SMS, f"{prefix}%", company=company)
    return {row.reference: row.seconds for row in rows}


def p95(values: Sequence[float]) -> float:
    """Return the value that 95 of 100 do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * 0.95) - 1)]
