"""Sealing the books from time to time: often where money moves, seldom where nothing does."""

import datetime as dt

from common.clock import database_now
from common.words import _
from ledger.chain import seal_books
from ledger.selectors import latest_seal
from tenants.jobs import Job
from tenants.models import Company

BUSY = dt.timedelta(minutes=1)
QUIET = dt.timedelta(minutes=10)
LATELY = dt.timedelta(hours=1)

JOB = Job(
    "seals",
    _("Sealing the books"),
    _("Seals new postings, every minute where money moves, else every 10 minutes."),
    every=QUIET,
)


def restart(_: Company) -> None:
    """Seal what has been committed since the last look."""
    seal_books()


def next_due(_: Company) -> dt.datetime:
    """Return when to look again. There is always a next time: writing announces nothing."""
    now, seal = database_now(), latest_seal()
    is_busy = seal is not None and now - seal.sealed_at < LATELY
    return now + (BUSY if is_busy else QUIET)
