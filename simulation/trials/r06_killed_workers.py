"""R6: what a killed worker left is taken up soon, with doorbells or without."""

import time

from simulation.site import Site, until
from simulation.trials.figure import Figure
from simulation.trials.load import Payers, ensure

TARGET = "kill -9 of all workers: all pending work is claimed again at most 15 s after one is back"
MOST_SECONDS = 15.0
PENDING = """
SELECT count(*) AS n FROM payments_payment p
LEFT JOIN vending_tokenorder o ON o.source = 'payment' AND o.source_id = p.id
WHERE p.reference LIKE 'LEFT%%' AND (p.state = 'received' OR o.state = 'due')
"""
# In a worker's hands when it died: their outcome is unknown, so they wait for their lease, on purpose.
IN_HANDS = """
SELECT (SELECT count(*) FROM vending_tokenorder WHERE state = 'requested')
     + (SELECT count(*) FROM messaging_message WHERE state = 'queued' AND leased_until > now()) AS n
"""


def run(site: Site, *, full: bool, payments: int = 0) -> Figure:
    """Kill two workers in the middle of their work, once with doorbells kept and once without."""
    payments = payments or (120 if full else 60)
    kept = _take_up(site, "LEFT-A", payments, wiped=False)
    wiped = _take_up(site, "LEFT-B", payments, wiped=True)
    (left,) = site.query(IN_HANDS)
    said = (
        f"{payments} payments, two workers killed: all claimed {kept:.1f} s after a new one was ready,"
        f" {wiped:.1f} s where Redis was wiped too; {left.n} were out for a call and wait for their lease"
    )
    return Figure("r06", said, max(kept, wiped) <= MOST_SECONDS)


def _take_up(site: Site, prefix: str, payments: int, *, wiped: bool) -> float:
    ensure(site, "web", "beat")
    site.start_worker()
    site.start_worker("worker2")
    Payers(site).pay_many(prefix, payments)
    for name in ("worker", "worker2"):
        site.kill(name)
    if wiped:
        site.forget_doorbells()
    log, said = site.home / "logs" / "worker.log", " ready."
    before = log.read_text().count(said)
    site.start_worker()
    until(lambda: log.read_text().count(said) > before, seconds=120, what="a worker that is ready")
    back = time.monotonic()
    until(lambda: not site.query(PENDING)[0].n, seconds=120, what="the last claim")
    return time.monotonic() - back
