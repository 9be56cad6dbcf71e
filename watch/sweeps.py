"""When somebody looks after a company: every minute while work is open, else now and then."""

import datetime as dt

from django.db.models import Q
from django.db.models.functions import Now

from common.clock import database_now
from common.words import _
from tenants import duework, tidying
from tenants.jobs import A_DAY, Job
from tenants.models import Company, DueWork
from watch import services
from watch.models import Alert

BUSY = dt.timedelta(minutes=1)
QUIET = dt.timedelta(minutes=10)
KEEP_ALERTS = dt.timedelta(days=90)

JOBS = (
    Job(
        "watch",
        _("Looking for what waits too long"),
        _("Opens and closes alerts, every minute while something is open, else every 10 minutes."),
        every=QUIET,
    ),
    Job(
        "check_books",
        _("Checking the books, the call"),
        _("Asks every company once a night to check its books."),
        every=A_DAY,
        is_of_company=False,
    ),
    Job(
        "check_books_of_company",
        _("Checking the books"),
        _("Compares the books with payments, orders, plans, fees and their seals, once a night."),
        every=A_DAY,
    ),
)


def look(company: Company) -> None:
    services.look(company)


def next_look(_: Company) -> dt.datetime:
    """Return when this company is looked after next."""
    return database_now() + (BUSY if services.is_busy() else QUIET)


def look_soon(company: Company) -> None:
    """Work of the line is open: look within a minute or two whether it waits too long."""
    duework.announce(company.pk, DueWork.Kind.WATCH, after=int(BUSY.total_seconds()))


def nothing_open(_: Company) -> None:
    """This room has no work of its own on the line."""


def forget_alerts(_: Company) -> int:
    """Delete alerts that are long over."""
    return tidying.forget(Alert.objects.filter(Q(closed_at__lt=Now() - KEEP_ALERTS)))
