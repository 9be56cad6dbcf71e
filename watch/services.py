"""Looking after a company: opening and closing alerts; and the limits a company sets."""

import datetime as dt
import logging
from collections.abc import Mapping

from django.db import connection, transaction
from django.db.models import Q

from accounts.audit import audit
from accounts.chain import prove_audit_log
from accounts.models import User
from common.clock import database_now
from common.errors import MpmError
from common.queue import ring
from common.schema import current_schema
from ledger.proof import prove_books
from payments import books
from tenants import jobs, runs
from tenants.models import Company
from watch import mailing, tasks
from watch.kinds import KINDS
from watch.measuring import Finding, findings
from watch.models import Alert, Limit

logger = logging.getLogger(__name__)

MOST_DIFFERENCES = 20


class BooksDoNotHold(MpmError):
    """A rule of the books does not hold, or a row is not what was sealed; the log says which."""


def look(company: Company) -> None:
    """Open an alert for everything that waits too long, close those that are over, have both mailed.

    Call it outside a transaction, with the company's schema open.
    """
    _expect_jobs(company)
    now = database_now()
    with transaction.atomic():
        if not _alone():
            return
        _note(findings(company, now), now)
    if mailing.has_news(now):
        ring(tasks.mail, schema=company.slug)


def _expect_jobs(company: Company) -> None:
    for is_of_company, company_id in ((False, None), (True, company.pk)):
        names = [job.name for job in jobs.registered() if job.is_of_company == is_of_company]
        runs.expect(names, company_id)


def _alone() -> bool:
    """Keep a second worker out until this transaction ends."""
    with connection.cursor() as cursor:
        key = f"watch:{current_schema()}"
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [key])
        return bool(cursor.fetchone()[0])


def _note(found: list[Finding], now: dt.datetime) -> None:
    """Make the open alerts those of what was found."""
    known = {
        (alert.kind, alert.subject): alert
        for alert in Alert.objects.filter(_open_or_not_told(now)).order_by("pk")
    }
    seen = {(each.kind.name, each.subject): each for each in found}
    for key, each in seen.items():
        alert = known.get(key) or Alert(kind=key[0], subject=key[1], opened_at=now)
        alert.count, alert.since, alert.closed_at = each.count, each.since, None
        if alert.pk is None:
            logger.warning("alert.opened", extra={"kind": key[0], "subject": key[1]})
            alert.save()
        else:
            alert.save(update_fields=["count", "since", "closed_at"])
    for key, alert in known.items():
        if key not in seen and alert.closed_at is None:
            logger.info("alert.closed", extra={"kind": key[0], "subject": key[1]})
            alert.closed_at = now
            alert.save(update_fields=["closed_at"])


def _open_or_not_told(now: dt.datetime) -> Q:
    """What came back before we said that it is over has never been over: nobody gets two mails."""
    just_closed = Q(closed_at__gt=now - mailing.CALM, told_at=None)
    return Q(closed_at=None) | just_closed


def is_busy() -> bool:
    """Whether something is open or to be told, so that the next look should be soon."""
    return Alert.objects.filter(Q(closed_at=None) | mailing.over_and_not_told()).exists()


def check_books(company: Company) -> None:
    """Compare the books with the rows they are made of, and both chains with what was sealed.

    :raises BooksDoNotHold: something differs; what does is in the log
    """
    with runs.noted("check_books_of_company", company.pk):
        _, in_books = prove_books()
        _, in_log = prove_audit_log()
        changed = [each.sentence for each in (*in_books, *in_log)]
        found = [*books.violations(), *changed]
        if found:
            logger.error("books.do_not_hold", extra={"differences": found[:MOST_DIFFERENCES]})
            raise BooksDoNotHold(len(found))


@transaction.atomic
def change_limits(*, minutes: Mapping[str, int], actor: User) -> None:
    """Set how many minutes each kind may wait in this company; 0 has nobody told."""
    before = dict(Limit.objects.select_for_update(no_key=True).values_list("kind", "minutes"))
    changed = {
        name: wanted
        for name, wanted in minutes.items()
        if wanted != before.get(name, KINDS[name].minutes)
    }
    for name, wanted in changed.items():
        Limit.objects.update_or_create(kind=name, defaults={"minutes": wanted})
    if changed:
        former = {f"{name}_before": before.get(name, KINDS[name].minutes) for name in changed}
        audit(actor=actor, action="limits.changed", target="", remote_ip="", **changed, **former)
