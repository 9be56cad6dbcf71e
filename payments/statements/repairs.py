"""Mending what differs: recording money that only the operator has, flagging the rest for somebody."""

import datetime as dt
import json
from uuid import UUID

from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone

from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.words import _
from payments import services
from payments.models import Payment
from payments.statements.models import Statement, StatementLine
from payments.statements.uploads import StatementIsBusy, lock_idle, put_to_work
from payments.statements.values import spellings
from plugins.contracts import Callback, Notice
from plugins.models import Connection
from tenants.scope import current_company

Verdict = StatementLine.Verdict
FLAGGABLE = frozenset(Verdict) - {Verdict.BOTH, Verdict.UNDONE, Verdict.OTHER}
FLAG_FIELDS = ["flagged_at", "flagged_by", "flag_reason", "closed_at", "closed_by", "note"]
BOOKED_BEFORE = dt.timedelta(days=1)  # the operator's clock may be ahead of ours


class NothingMissing(DomainError):
    message = _("This row is not only at the operator any more.")


class AskedDifferently(DomainError):
    message = _(
        "The operator asked us about %(asked)s under this reference, and the statement says %(said)s. Flag it and"
        " ask the operator."
    )


class CannotRecord(DomainError):
    message = _("It cannot be recorded: %(why)s.")


class NotFlaggable(DomainError):
    message = _("There is nothing to look into in this row.")


class NotFlagged(DomainError):
    message = _("This row is not flagged any more.")


@transaction.atomic
def record_line(*, line_id: int, actor: User, key: UUID | None = None) -> StatementLine:
    """Count the money of a row that only the operator has, as if it had reported it.

    If the payment stands by now, nothing is counted and the row says so.

    :raises KeyUsed: the form was sent before
    :raises NothingMissing: it was recorded, or reported, before
    :raises AskedDifferently: the operator asked us about another amount
    """
    if key is not None:
        services.use_key(key)
    line = _lock(line_id)
    if line.verdict != Verdict.OPERATOR:
        raise NothingMissing
    connection = line.statement.connection
    services.hold_recording(connection.pk, is_recording=True)
    standing = _standing(connection, line)
    if standing is not None and standing.booked_at is not None:
        return _stands(line, standing)
    if standing is not None and standing.amount != line.amount:
        raise AskedDifferently(asked=standing.amount, said=line.amount)
    return _record(connection, line, standing, actor)


def _lock(line_id: int) -> StatementLine:
    lines = StatementLine.objects.select_for_update(of=("self",), no_key=True)
    return lines.select_related("statement__connection", "payment").get(pk=line_id)


def _standing(connection: Connection, line: StatementLine) -> Payment | None:
    """Return the payment that a row speaks of, by any of its numbers."""
    numbers = spellings(line.reference) | spellings(line.receipt)
    mine = Payment.objects.filter(connection=connection)
    found = mine.filter(reference__in=numbers).first()
    if found is None:
        uploaded_at = line.statement.uploaded_at  # a date that was read wrongly may lie after it
        since = min(line.at or uploaded_at, uploaded_at) - BOOKED_BEFORE
        found = mine.filter(receipt__in=numbers, booked_at__gte=since).first()
    return found


def _stands(line: StatementLine, payment: Payment) -> StatementLine:
    if payment.state in {Payment.State.RETURNED, Payment.State.REVERSED}:
        line.verdict, line.ours = Verdict.STANDS, None
    else:
        is_same = payment.amount == line.amount
        line.verdict = Verdict.BOTH if is_same else Verdict.DIFFERS
        line.ours = payment.amount
    line.payment, line.wanted_by = payment, None
    _close_by_itself(line, str(_("The operator reported it meanwhile.")))
    line.save(update_fields=["verdict", "ours", "payment", "wanted_by", *FLAG_FIELDS])
    return line


def _close_by_itself(line: StatementLine, note: str) -> None:
    """A flag on money that was missing is dealt with once it is in both."""
    if line.is_flagged and line.verdict == Verdict.BOTH:
        line.closed_at, line.closed_by, line.note = timezone.now(), line.flagged_by, note


def _record(
    connection: Connection, line: StatementLine, asked: Payment | None, actor: User
) -> StatementLine:
    now, notice = timezone.now(), _notice(line, asked)
    kept = services.record_notice(
        company=current_company(),
        connection=connection,
        callback=_callback(line, notice, actor, now),
        notice=notice,
        now=now,
    )
    payment = kept.payment
    if payment is None or payment.booked_at is None:
        raise CannotRecord(why=kept.reason)
    line.verdict, line.payment, line.ours = Verdict.BOTH, payment, payment.amount
    line.recorded_at, line.recorded_by, line.wanted_by = now, str(actor), None
    _close_by_itself(line, str(_("Recorded.")))
    changed = ("verdict", "payment", "ours", "recorded_at", "recorded_by", "wanted_by")
    line.save(update_fields=[*changed, *FLAG_FIELDS])
    audit(
        actor=actor,
        action="payment.recorded",
        target=str(payment.public_id),
        statement=str(line.statement.public_id),
        row=line.number or 0,
        amount=payment.amount,
    )
    return line


def _notice(line: StatementLine, asked: Payment | None) -> Notice:
    return Notice(
        reference=asked.reference if asked else line.reference,
        amount=f"{line.amount:f}",
        account=line.account or (asked.account if asked else ""),
        payer_phone=line.payer_phone or (asked.payer_phone if asked else ""),
        payer_name=line.payer_name or (asked.payer_name if asked else ""),
        receipt=line.receipt,
        paid_at=line.at,
    )


def _callback(line: StatementLine, notice: Notice, actor: User, now: dt.datetime) -> Callback:
    """What is kept as the call: the row as it was read, and who said that it counts."""
    said = {
        "statement": line.statement.name,
        "row": line.number,
        "reference": notice.reference,
        "receipt": notice.receipt,
        "amount": notice.amount,
        "account": notice.account,
        "payer": notice.payer_phone,
        "name": notice.payer_name,
        "paid_at": line.at.isoformat() if line.at else None,
        "recorded_by": str(actor),
    }
    body = json.dumps(said, ensure_ascii=False).encode()
    return Callback(action="statement", headers={}, body=body, remote_ip="", received_at=now)


@transaction.atomic
def record_all(*, statement_id: int, actor: User, key: UUID) -> int:
    """Have a worker record every row that only the operator has; return how many.

    :raises KeyUsed: the form was sent before
    :raises StatementIsBusy: a worker is at it
    :raises NothingMissing: there is none
    """
    services.use_key(key)
    statement = lock_idle(statement_id)
    if statement.state != Statement.State.COMPARED:
        raise StatementIsBusy
    missing = statement.lines.filter(verdict=Verdict.OPERATOR)
    total = missing.aggregate(total=Sum("amount"))["total"]
    count = missing.update(wanted_by=actor, problem="")
    if not count:
        raise NothingMissing
    statement.is_recording = True
    statement.save(update_fields=["is_recording"])
    put_to_work(statement)
    audit(
        actor=actor,
        action="statement.recorded",
        target=str(statement.public_id),
        rows=count,
        amount=total,
    )
    return count


# --- flags ----------------------------------------------------------------------------------------


@transaction.atomic
def flag_line(*, line_id: int, reason: str, actor: User) -> StatementLine:
    """Put a row into the inbox for somebody to look into.

    :raises NotFlaggable: it is in both, or no payment
    """
    line = _lock(line_id)
    if line.verdict not in FLAGGABLE:
        raise NotFlaggable
    if line.is_flagged:
        return line
    line.flagged_at, line.flagged_by, line.flag_reason = timezone.now(), str(actor), reason[:300]
    line.closed_at, line.closed_by, line.note = None, "", ""
    _save_flag(line)
    _audit_line(actor, "statement_line.flagged", line, reason)
    return line


@transaction.atomic
def unflag_line(*, line_id: int, actor: User) -> StatementLine:
    """Take a row out of the inbox as if it had not been flagged.

    :raises NotFlagged: it does not stand there
    """
    line = _lock(line_id)
    if not line.is_flagged:
        raise NotFlagged
    line.flagged_at, line.flagged_by, line.flag_reason = None, "", ""
    _save_flag(line)
    _audit_line(actor, "statement_line.unflagged", line, "")
    return line


@transaction.atomic
def close_line(*, line_id: int, note: str, actor: User) -> StatementLine:
    """Close a flagged row with what was found out; no payment is touched.

    :raises NotFlagged: it does not stand there
    """
    line = _lock(line_id)
    if not line.is_flagged:
        raise NotFlagged
    line.closed_at, line.closed_by, line.note = timezone.now(), str(actor), note[:300]
    _save_flag(line)
    _audit_line(actor, "statement_line.closed", line, note)
    return line


@transaction.atomic
def flag_all(*, statement_id: int, verdict: str, reason: str, actor: User) -> int:
    """Flag every row of one list that was not flagged before; return how many.

    :raises NotFlaggable: there is none
    """
    if verdict not in FLAGGABLE:
        raise NotFlaggable
    rows = StatementLine.objects.filter(statement_id=statement_id, verdict=verdict)
    count = rows.filter(flagged_at=None).update(
        flagged_at=timezone.now(), flagged_by=str(actor), flag_reason=reason[:300]
    )
    if not count:
        raise NotFlaggable
    target = str(Statement.objects.get(pk=statement_id).public_id)
    audit(actor=actor, action="statement.flagged", target=target, list=verdict, rows=count)
    return count


def _save_flag(line: StatementLine) -> None:
    line.save(update_fields=FLAG_FIELDS)


def _audit_line(actor: User, action: str, line: StatementLine, reason: str) -> None:
    target = str(line.statement.public_id)
    audit(actor=actor, action=action, target=target, row=line.number or 0, reason=reason)


# --- asking the operator --------------------------------------------------------------------------


@transaction.atomic
def ask_operator(*, line_id: int) -> StatementLine:
    """Have a worker ask the operator what became of the payment of a row; asking changes nothing there.

    :raises NotFlaggable: the row has no payment of ours
    """
    line = _lock(line_id)
    if line.payment_id is None:
        raise NotFlaggable
    line.is_asking, line.asked_at, line.answer = True, timezone.now(), ""
    line.save(update_fields=["is_asking", "asked_at", "answer"])
    if not line.statement.is_busy:
        put_to_work(line.statement)
    return line


def open_flags() -> Q:
    """Return what marks a row that waits for somebody."""
    return Q(flagged_at__isnull=False, closed_at__isnull=True)
