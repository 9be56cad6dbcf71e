"""Refunds and reversals as people decide them; above the company's limit a second person approves.

A refund is at most what is unspent: the whole of a payment that nobody could match, or credit. Each movement is a
posting, none a change. Locks: customer, device, payment, correction.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import get_language

from accounts.audit import audit
from accounts.models import User
from common import formats
from common.errors import DomainError
from common.money import on_grid
from common.queue import after_commit
from common.schema import current_schema
from common.words import _
from customers.models import Customer
from devices.models import Device
from payments import tasks
from payments.models import Correction, Payment
from payments.refundable import (
    TO_PAY,
    Source,
    connection_for,
    most_of,
    needs_approval,
    operator_can_refund,
)
from payments.services.decisions import AlreadyDecided
from payments.services.giving_back import (
    book_refund,
    book_reversal,
    is_credit_going_back,
    unbook_refund,
)
from tenants import duework
from tenants.scope import current_company
from vending.models import TokenOrder

Kind = Correction.Kind
State = Correction.State
Pot = Correction.Pot
OPEN_ORDERS = [TokenOrder.State.DUE, TokenOrder.State.REQUESTED, TokenOrder.State.IN_DOUBT]
REVERSIBLE = {
    Payment.State.RECEIVED, Payment.State.UNMATCHED, Payment.State.SETTLED, Payment.State.REFUNDED,
}  # fmt: skip


class NothingToRefund(DomainError):
    message = _("At most %(most)s can be refunded: the rest is spent.")


class RefundWhole(DomainError):
    message = _("Nobody could match this payment, so it goes back whole: %(amount)s.")


class OperatorCannotRefund(DomainError):
    message = _("%(operator)s cannot send this back automatically. Choose “By hand”.")


class AskedAlready(DomainError):
    message = _("Somebody asked for this already; it waits for approval.")


class OwnCorrection(DomainError):
    message = _("Whoever asked for it cannot approve it: a second person must.")


class CannotReverse(DomainError):
    message = _("Only a payment that was counted can be reversed.")


class NobodyOwes(DomainError):
    message = _("Nobody knows whose this payment was, so nobody can owe it. Book it as a loss.")


class TokenOnItsWay(DomainError):
    message = _("A token of this payment is on its way or in doubt. Decide that first.")


class RefundOnItsWay(DomainError):
    message = _(
        "A refund of this payment, or of the same credit, is not paid out yet. Withdraw it or wait for it."
    )


@transaction.atomic
def ask_refund(
    *,
    pot: Correction.Pot,
    payment_id: int | None = None,
    device_id: int | None = None,
    customer_id: int | None = None,
    amount: Decimal,
    pay_by: Correction.PayBy,
    reason: str,
    actor: User,
    now: datetime,
) -> Correction:
    """Have money go back: decided at once, or, above the company's limit, waiting for a second person.

    :raises NothingToRefund: more than what is unspent; nothing was changed
    :raises RefundWhole: a part of a payment that nobody could match
    :raises OperatorCannotRefund: not this payment, or not this part of it
    :raises AskedAlready: one waits for approval
    """
    source = _locked(pot, payment_id, device_id, customer_id)
    amount = on_grid(amount, current_company().currency)
    _require_refundable(source, amount)
    if pay_by == Correction.PayBy.OPERATOR and not operator_can_refund(source.payment, amount):
        connection = connection_for(source)
        raise OperatorCannotRefund(operator=connection.label if connection else "–")
    correction = Correction(kind=Kind.REFUND, pot=pot, pay_by=pay_by)
    return _ask(correction, source, amount, reason=reason, actor=actor, now=now)


@transaction.atomic
def ask_reversal(
    *, payment_id: int, as_loss: bool, reason: str, actor: User, now: datetime
) -> Correction:
    """Note that the operator took a payment back; above the limit a second person approves.

    What still waits in suspense, or as credit of the device or the customer, goes back from there. What was spent
    already, or refunded, is a loss, or is owed by the customer, by choice.

    :raises CannotReverse: it was not counted, or is reversed already
    :raises NobodyOwes: refunded before anybody knew whose it was
    :raises TokenOnItsWay: its order is open; give it back or wait for it
    :raises RefundOnItsWay: money of it is about to go back already
    :raises AskedAlready: one waits for approval
    """
    source = _locked(Pot.SUSPENSE, payment_id, None, None)
    assert source.payment is not None
    _require_reversible(source.payment)
    is_refunded = source.payment.state == Payment.State.REFUNDED
    if is_refunded and source.customer is None and not as_loss:
        raise NobodyOwes
    correction = Correction(kind=Kind.REVERSAL, as_loss=as_loss)
    amount = source.payment.amount
    return _ask(correction, source, amount, reason=reason, actor=actor, now=now)


@transaction.atomic
def approve_correction(*, correction_id: int, actor: User, now: datetime) -> Correction:
    """Decide what somebody else asked for. What is unspent is looked at again.

    :raises AlreadyDecided: it does not wait for approval any more
    :raises OwnCorrection: the actor asked for it
    :raises DomainError: as when it was asked for: the money was spent or moved meanwhile
    """
    correction, source = _locked_correction(correction_id)
    if correction.state != State.ASKED:
        raise AlreadyDecided
    if correction.asked_by_id == actor.pk:
        raise OwnCorrection
    if correction.kind == Kind.REFUND:
        _require_refundable(source, correction.amount)
    elif source.payment is not None:
        _require_reversible(source.payment)
    _carry_out(correction, source, actor=actor, now=now)
    _audit(actor, "approved", correction)
    return correction


@transaction.atomic
def decline_correction(
    *, correction_id: int, reason: str, actor: User, now: datetime
) -> Correction:
    """Refuse what somebody else asked for; no money moved.

    :raises AlreadyDecided: it does not wait for approval any more
    :raises OwnCorrection: the actor asked for it, and can only withdraw it
    """
    correction = _lock_row(correction_id)
    if correction.state != State.ASKED:
        raise AlreadyDecided
    if correction.asked_by_id == actor.pk:
        raise OwnCorrection
    return _close(correction, State.DECLINED, reason=reason, actor=actor, now=now)


@transaction.atomic
def withdraw_correction(
    *, correction_id: int, reason: str, actor: User, now: datetime
) -> Correction:
    """Leave the money where it was: nobody approved it, or it is decided and did not go out yet.

    :raises AlreadyDecided: it is on its way, in doubt, or closed
    """
    correction, source = _locked_correction(correction_id)
    if correction.state == State.APPROVED:
        unbook_refund(correction, source, actor=actor, now=now)
    elif correction.state != State.ASKED:
        raise AlreadyDecided
    return _close(correction, State.WITHDRAWN, reason=reason, actor=actor, now=now)


def _ask(
    correction: Correction,
    source: Source,
    amount: Decimal,
    *,
    reason: str,
    actor: User,
    now: datetime,
) -> Correction:
    if _is_asked(source):
        raise AskedAlready
    correction.payment, correction.device = source.payment, source.device
    correction.customer, correction.connection = source.customer, connection_for(source)
    correction.amount, correction.reason = amount, reason[:300]
    correction.asked_by, correction.asked_at = actor, now
    company = current_company()
    _let_one_ask()
    correction.needs_approval = needs_approval(company, source, amount, now=now)
    correction.save()
    _audit(actor, "asked", correction, reason=reason)
    if not correction.needs_approval:
        _carry_out(correction, source, actor=actor, now=now)
    return correction


def _let_one_ask() -> None:
    """Until the transaction ends, let nobody else ask: what one payer is sent back has no row to lock."""
    with connection.cursor() as cursor:
        name = f"{current_schema()}:asking"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def _carry_out(correction: Correction, source: Source, *, actor: User, now: datetime) -> None:
    """Book it; a refund by the operator is then a worker's."""
    correction.decided_by, correction.decided_at = actor, now
    if correction.kind == Kind.REVERSAL:
        correction.state = State.BOOKED
        correction.save(update_fields=["state", "decided_by", "decided_at"])
        book_reversal(correction, source, actor=actor, now=now)
        return
    correction.state = State.APPROVED
    correction.save(update_fields=["state", "decided_by", "decided_at"])
    book_refund(correction, source, actor=actor, now=now)
    if correction.pay_by == Correction.PayBy.OPERATOR:
        hand_to_worker(correction)


def hand_to_worker(correction: Correction) -> None:
    """Let a worker have the operator pay it out, once this transaction is committed."""
    Correction.objects.filter(pk=correction.pk).update(available_at=Now(), failure="")
    correction.available_at, correction.failure = correction.decided_at, ""
    duework.announce(current_company().pk)
    after_commit(tasks.pay_out_refund, schema=current_schema(), correction_id=correction.pk)


def _close(
    correction: Correction, state: Correction.State, *, reason: str, actor: User, now: datetime
) -> Correction:
    correction.state, correction.note = state, reason[:300]
    correction.decided_at, correction.available_at = now, None
    if state == State.DECLINED:
        correction.decided_by = actor
    correction.save(update_fields=["state", "note", "decided_at", "decided_by", "available_at"])
    _audit(actor, str(state), correction, reason=reason)
    return correction


def _require_refundable(source: Source, amount: Decimal) -> None:
    most = most_of(source)
    if not 0 < amount <= most:
        raise NothingToRefund(most=_money(most))
    if source.is_whole and source.payment is not None and amount != source.payment.amount:
        raise RefundWhole(amount=_money(source.payment.amount))


def _money(amount: Decimal) -> str:
    return formats.money(amount, current_company().currency, get_language() or "en")


def _require_reversible(payment: Payment) -> None:
    if payment.state not in REVERSIBLE:
        raise CannotReverse
    orders = TokenOrder.objects.filter(source="payment", source_id=payment.pk)
    if orders.filter(state__in=OPEN_ORDERS).exists():
        raise TokenOnItsWay
    if payment.corrections.filter(kind=Kind.REFUND, state__in=TO_PAY).exists():
        raise RefundOnItsWay
    if payment.state == Payment.State.SETTLED and is_credit_going_back(payment):
        raise RefundOnItsWay


def _is_asked(source: Source) -> bool:
    asked = Correction.objects.filter(state=State.ASKED)
    if source.payment is not None:
        return asked.filter(payment=source.payment).exists()
    of_pot = asked.filter(payment=None, pot=source.pot)
    if source.pot == Pot.DEVICE:
        return of_pot.filter(device=source.device).exists()
    return of_pot.filter(customer=source.customer).exists()


def _locked(
    pot: str, payment_id: int | None, device_id: int | None, customer_id: int | None
) -> Source:
    """Lock customer, device and payment, in this order, and return them."""
    if payment_id is not None:
        found = Payment.objects.values("device_id", "customer_id").get(pk=payment_id)
        device_id, customer_id = found["device_id"], found["customer_id"]
    customer = _row(Customer.objects.select_for_update(of=("self",), no_key=True), customer_id)
    device = _row(Device.objects.select_for_update(of=("self",), no_key=True), device_id)
    payments = Payment.objects.select_related("connection")
    payment = _row(payments.select_for_update(of=("self",), no_key=True), payment_id)
    if payment is not None and (payment.device_id, payment.customer_id) != (device_id, customer_id):
        raise AlreadyDecided  # matched in the moment before we held it
    return Source(Pot(pot), payment, device, customer)


def _row(rows: Any, pk: int | None) -> Any:
    return None if pk is None else rows.get(pk=pk)


def _locked_correction(correction_id: int) -> tuple[Correction, Source]:
    found = Correction.objects.get(pk=correction_id)
    pot = found.pot or Pot.SUSPENSE
    source = _locked(pot, found.payment_id, found.device_id, found.customer_id)
    return _lock_row(correction_id), source


def _lock_row(correction_id: int) -> Correction:
    rows = Correction.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("payment__connection", "connection").get(pk=correction_id)


def _audit(actor: User, what: str, correction: Correction, **facts: Any) -> None:
    audit(
        actor=actor,
        action=f"{correction.kind}.{what}",
        target=str(correction.public_id),
        amount=f"{correction.amount.normalize():f}",
        **facts,
    )
