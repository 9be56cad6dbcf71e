"""Paying a decided refund out: by the operator (claim ▸ call ▸ close, never blindly repeated) or by hand."""

import datetime as dt
import logging
import math
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts.audit import audit
from accounts.models import User
from common import crash
from common.clock import database_now
from common.errors import DomainError
from common.retry import gap_after
from common.words import _
from messaging import services as messaging
from messaging.models import Message
from payments import notices
from payments.models import Correction
from payments.refundable import operator_can_refund, request_of
from payments.services.corrections import hand_to_worker
from payments.services.decisions import AlreadyDecided
from payments.services.giving_back import book_payout
from plugins import registry
from plugins import services as plugin_services
from plugins.contracts import PaymentProvider, RefundAnswer
from plugins.errors import OutcomeUnknown, PluginError, Unavailable
from tenants import duework
from tenants.scope import current_company

logger = logging.getLogger(__name__)
State = Correction.State
PaidFrom = Correction.PaidFrom
LEASE_MARGIN = dt.timedelta(seconds=30)


class NothingToPayOut(DomainError):
    message = _("This refund does not wait to be paid out.")


class RefundMayStillGo(DomainError):
    message = _(
        "The operator may still act on the request for another %(seconds)s seconds. Look again after that."
    )


class ReferenceNeeded(DomainError):
    message = _("Write the reference of the transfer, so that it can be found again.")


# --- by the operator, in a worker -------------------------------------------------------------------


def pay_out_refund(correction_id: int) -> list[Message]:
    """Have the operator send one decided refund back, at most once; return the messages to send now.

    :raises NothingToPayOut: paid otherwise, taken by another worker, or not due; nothing was done
    """
    correction = _read(correction_id)
    if correction.state != State.APPROVED:
        raise NothingToPayOut
    if not operator_can_refund(correction.payment, correction.amount):
        _wait_for_person(correction, str(_("The operator cannot be asked for it at present.")))
        return []
    _claim(correction)
    crash.point("refund.claimed")
    return _call_and_close(correction)


def _read(correction_id: int) -> Correction:
    corrections = Correction.objects.select_related("payment__connection", "customer")
    return corrections.get(pk=correction_id)


def _claim(correction: Correction) -> None:
    """Take a refund for one call, in one statement.

    :raises NothingToPayOut: somebody else was faster
    """
    lease = dt.timedelta(seconds=_adapter_class(correction).total_seconds) + LEASE_MARGIN
    due = Correction.objects.filter(
        pk=correction.pk,
        state=State.APPROVED,
        pay_by=Correction.PayBy.OPERATOR,
        available_at__lte=Now(),
    )
    claimed = due.update(
        state=State.REQUESTED,
        requested_at=Now(),
        leased_until=Now() + lease,
        attempts=F("attempts") + 1,
        available_at=None,
    )
    if not claimed:
        raise NothingToPayOut
    correction.attempts += 1


def _adapter_class(correction: Correction) -> type[PaymentProvider]:
    """Return the operator's adapter; what is no longer installed can do nothing."""
    try:
        slug = correction.connection.plugin if correction.connection else ""
        return registry.payment_provider(slug)
    except registry.UnknownPlugin:
        return PaymentProvider


def _call_and_close(correction: Correction) -> list[Message]:
    payment = correction.payment
    assert payment is not None
    try:
        with plugin_services.calling(
            payment.connection,
            PaymentProvider,
            operation="refund",
            source="correction",
            source_id=correction.pk,
        ) as adapter:
            answer = adapter.refund(request_of(correction))
    except Unavailable as error:
        _put_back(correction, error)
        return []
    except OutcomeUnknown as error:
        _doubt(correction, error.reason)
        return []
    except PluginError as error:
        # Refused, or our account is: nothing went, and a person pays it out by hand or has it tried again.
        _wait_for_person(correction, error.reason)
        return []
    crash.point("refund.called")
    return _close_as_gone(correction, answer)


@transaction.atomic
def _close_as_gone(correction: Correction, answer: RefundAnswer) -> list[Message]:
    """Note that the operator sent it; also for an answer that came late, while it was in doubt."""
    waiting = [State.REQUESTED, State.IN_DOUBT, State.APPROVED]
    rows = Correction.objects.filter(pk=correction.pk, attempts=correction.attempts)
    if rows.filter(state__in=waiting).select_for_update(no_key=True).first() is None:
        logger.error("refund.late_answer", extra={"correction_id": correction.pk})
        _audit(None, "went_after_all", correction, reference=answer.receipt)
        return []
    correction.paid_from = PaidFrom.OPERATOR
    return _close(correction, reference=answer.receipt, actor=None)


def _close(correction: Correction, *, reference: str, actor: User | None) -> list[Message]:
    """Book that the money went and tell the payer; in the transaction that locked the row."""
    correction.state, correction.payout_reference = State.PAID, reference[:64]
    correction.paid_at, correction.failure = timezone.now(), ""
    correction.leased_until = correction.available_at = None
    correction.save(
        update_fields=[
            "state", "paid_from", "payout_reference", "paid_at", "failure", "leased_until",
            "available_at",
        ]
    )  # fmt: skip
    book_payout(correction, actor=actor, now=correction.paid_at)
    _audit(actor, "paid", correction, paid_from=correction.paid_from, reference=reference)
    return notices.tell_refunded(current_company(), correction)


@transaction.atomic
def _put_back(correction: Correction, error: Unavailable) -> None:
    """Nothing was sent: try again later, or let a person look after a day."""
    gap = gap_after(correction.attempts)
    _held(correction).update(
        state=State.APPROVED,
        leased_until=None,
        failure=error.reason[:500],
        available_at=Now() + gap if gap else None,
    )
    duework.announce(current_company().pk)


@transaction.atomic
def _doubt(correction: Correction, reason: str) -> None:
    """Park a refund of which nobody knows whether it went: only a person may say."""
    parked = _held(correction).update(
        state=State.IN_DOUBT, leased_until=None, available_at=None, failure=reason[:500]
    )
    if parked:
        _audit(None, "in_doubt", correction, reason=reason)


@transaction.atomic
def _wait_for_person(correction: Correction, reason: str) -> None:
    waiting = Correction.objects.filter(
        pk=correction.pk,
        state__in=[State.APPROVED, State.REQUESTED],
        attempts=correction.attempts,
    )
    if waiting.update(
        state=State.APPROVED, leased_until=None, available_at=None, failure=reason[:500]
    ):
        _audit(None, "not_paid", correction, reason=reason)


def _held(correction: Correction) -> QuerySet[Correction]:
    """The refund, while it is out for the call that this worker made."""
    return Correction.objects.filter(
        pk=correction.pk, state=State.REQUESTED, attempts=correction.attempts
    )


def release_lost_refund(correction_id: int) -> None:
    """Park a refund whose worker died during the call: nobody knows whether it went."""
    lost = Correction.objects.filter(
        pk=correction_id, state=State.REQUESTED, leased_until__lt=Now()
    ).first()
    if lost is not None:
        _doubt(lost, "The worker that asked was lost before it could note the answer.")


# --- by a person ------------------------------------------------------------------------------------


@transaction.atomic
def pay_out_by_hand(
    *, correction_id: int, paid_from: Correction.PaidFrom, reference: str, actor: User
) -> Correction:
    """Note that a person gave the money back, and from which account it went.

    :raises NothingToPayOut: it is on its way by the operator, in doubt, or paid already
    :raises ReferenceNeeded: a transfer without the number under which it can be found
    """
    correction = _lock(correction_id)
    if correction.state != State.APPROVED:
        raise NothingToPayOut
    if paid_from != PaidFrom.CASH and not reference.strip():
        raise ReferenceNeeded
    correction.paid_from, correction.pay_by = paid_from, Correction.PayBy.HAND
    correction.save(update_fields=["pay_by"])
    messaging.send_after_commit(_close(correction, reference=reference.strip(), actor=actor))
    return correction


@transaction.atomic
def try_payout_again(*, correction_id: int, actor: User) -> Correction:
    """Have the operator asked for a refund that it did not do, or that was to be paid by hand.

    :raises NothingToPayOut: it does not wait, or this operator cannot do it
    """
    correction = _lock(correction_id)
    can = operator_can_refund(correction.payment, correction.amount)
    if correction.state != State.APPROVED or not can:
        raise NothingToPayOut
    correction.pay_by = Correction.PayBy.OPERATOR
    correction.save(update_fields=["pay_by"])
    hand_to_worker(correction)
    _audit(actor, "tried_again", correction)
    return correction


@transaction.atomic
def settle_payout(
    *, correction_id: int, went: bool, reference: str, reason: str, actor: User
) -> Correction:
    """Say what became of a refund in doubt: it went, or it did not and waits to be paid out again.

    :raises AlreadyDecided: somebody else was faster, or the answer came
    :raises ReferenceNeeded: it went, under which number?
    :raises RefundMayStillGo: it did not go yet, but the first call is not over
    """
    correction = _lock(correction_id)
    if correction.state != State.IN_DOUBT:
        raise AlreadyDecided
    if went:
        if not reference.strip():
            raise ReferenceNeeded
        correction.paid_from = PaidFrom.OPERATOR
        messaging.send_after_commit(_close(correction, reference=reference.strip(), actor=actor))
    else:
        _require_over(correction)
        correction.state, correction.failure = State.APPROVED, reason[:500]
        correction.save(update_fields=["state", "failure"])
    _audit(actor, "doubt_settled", correction, went=went, reason=reason)
    return correction


def certain_from(correction: Correction) -> dt.datetime:
    """Return when the unanswered call can no longer act, so that paying otherwise pays nothing twice."""
    cls = _adapter_class(correction)
    since = correction.requested_at or correction.asked_at
    return since + dt.timedelta(seconds=max(cls.settle_seconds, cls.total_seconds))


def _require_over(correction: Correction) -> None:
    left = (certain_from(correction) - database_now()).total_seconds()
    if left > 0:
        raise RefundMayStillGo(seconds=math.ceil(left))


def _lock(correction_id: int) -> Correction:
    rows = Correction.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("payment__connection", "connection", "customer").get(
        pk=correction_id
    )


def _audit(actor: User | None, what: str, correction: Correction, **facts: Any) -> None:
    target = str(correction.public_id)
    audit(actor=actor, action=f"refund.{what}", target=target, **facts)
