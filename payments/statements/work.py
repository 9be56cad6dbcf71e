"""What a worker does with a statement: claim it, take it as far as it goes, put it down.

A claim is a lease that reading renews; whoever dies leaves the row due, and the sweeper rings again.
"""

import datetime as dt
import logging

from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as say

from common import crash
from common.errors import DomainError
from common.retry import HOURLY_GAP, gap_after
from common.sheets import NotASheet
from payments.statements import comparing, repairs
from payments.statements.models import Statement, StatementLine
from payments.statements.uploads import FileIsGone
from plugins import registry
from plugins import services as plugin_services
from plugins.contracts import Capability, PaymentProvider, PaymentState
from plugins.errors import PluginError
from tenants import duework
from tenants.models import Company, DueWork

logger = logging.getLogger(__name__)
State = Statement.State
LEASE = dt.timedelta(seconds=60)
MOST_ATTEMPTS = 5
RENEW_EVERY = 20  # lines recorded


def work(company: Company, statement_id: int) -> None:
    """Do what is due on one statement; nothing when another worker has it."""
    statement = _claim(statement_id)
    if statement is None:
        return
    try:
        _work(company, statement)
    except (NotASheet, FileIsGone) as refusal:
        _refuse(statement, str(refusal))
    except Exception:
        _put_off(company, statement)
        raise
    else:
        _put_down(statement)


def _claim(statement_id: int) -> Statement | None:
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=Now())
    claimed = Statement.objects.filter(free, pk=statement_id, available_at__lte=Now()).update(
        leased_until=Now() + LEASE, attempts=F("attempts") + 1
    )
    if not claimed:
        return None
    return Statement.objects.select_related("connection").get(pk=statement_id)


def _work(company: Company, statement: Statement) -> None:
    if statement.attempts > MOST_ATTEMPTS and statement.state != State.COMPARED:
        raise NotASheet(why=say("Reading it failed again and again. Tell your technician."))
    if statement.state == State.WAITING:
        comparing.look(company, statement)
    if statement.state == State.COMPARING:
        crash.point("statement.claimed")
        comparing.compare(company, statement, lambda count: _progress(statement, count))
    if statement.is_recording:
        _record_wanted(statement)
    for line in statement.lines.filter(is_asking=True).select_related("payment"):
        _ask(statement, line)


def _progress(statement: Statement, count: int) -> None:
    Statement.objects.filter(pk=statement.pk).update(row_count=count, leased_until=Now() + LEASE)
    crash.point("statement.reading")


def _put_down(statement: Statement) -> None:
    """Nothing is due any more, unless somebody asked for something meanwhile."""
    mine = Statement.objects.filter(pk=statement.pk)
    as_claimed = {"available_at": statement.available_at, "attempts": statement.attempts}
    if not mine.filter(**as_claimed).update(leased_until=None, attempts=0, available_at=None):
        mine.update(leased_until=None)


def _put_off(company: Company, statement: Statement) -> None:
    gap = gap_after(statement.attempts) or HOURLY_GAP
    Statement.objects.filter(pk=statement.pk).update(leased_until=None, available_at=Now() + gap)
    duework.announce(company.pk, DueWork.Kind.STATEMENTS)


def _refuse(statement: Statement, reason: str) -> None:
    Statement.objects.filter(pk=statement.pk).update(
        state=State.REFUSED, reason=reason[:300], leased_until=None, available_at=None
    )


def _record_wanted(statement: Statement) -> None:
    wanted = statement.lines.filter(wanted_by__isnull=False).select_related("wanted_by")
    for count, line in enumerate(wanted.order_by("number")):
        if count % RENEW_EVERY == 0:
            Statement.objects.filter(pk=statement.pk).update(leased_until=Now() + LEASE)
        assert line.wanted_by is not None
        try:
            repairs.record_line(line_id=line.pk, actor=line.wanted_by)
        except DomainError as refusal:
            StatementLine.objects.filter(pk=line.pk).update(
                wanted_by=None, problem=str(refusal)[:300]
            )
        crash.point("statement.recorded")
    Statement.objects.filter(pk=statement.pk).update(is_recording=False)


def can_be_asked(statement: Statement) -> bool:
    """Whether the operator tells what became of one payment."""
    try:
        adapter = plugin_services.build_adapter(statement.connection, PaymentProvider)
    except registry.UnknownPlugin:
        return False
    return adapter.can(Capability.FETCH_STATUS)


def _ask(statement: Statement, line: StatementLine) -> None:
    assert line.payment is not None
    try:
        with plugin_services.calling(
            statement.connection,
            PaymentProvider,
            operation="status",
            source="payment",
            source_id=line.payment_id,
        ) as adapter:
            status = adapter.fetch_status(line.payment.reference)
            told = (ANSWERS[status.state], status.receipt, status.message)
            answer = " ".join(filter(None, told))
    except PluginError as error:
        answer = error.reason
    except registry.UnknownPlugin:
        answer = "The operator's plug-in is no longer installed."
    StatementLine.objects.filter(pk=line.pk).update(is_asking=False, answer=answer[:300])


ANSWERS = {
    PaymentState.PAID: "Paid.",
    PaymentState.PENDING: "Pending, or not known there.",
    PaymentState.FAILED: "Not paid.",
}
