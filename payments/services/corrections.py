"""Money that goes back: refunds, reversals by the operator, write-offs. Each is a posting, none a change.

A refund is at most what is unspent: the credit of the device, or the whole of a payment that nobody could match.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Sum

from accounts.audit import audit
from accounts.models import User
from appliances.models import Instalment, Plan
from common.errors import DomainError
from common.words import _
from customers.models import Customer
from devices.models import Device
from ledger.models import Account, Entry, Event
from ledger.selectors import balance
from ledger.services import Movement, credit, debit, post
from payments.allocation import Part
from payments.models import Payment
from vending.models import TokenOrder

State = Payment.State
OPEN = [TokenOrder.State.DUE, TokenOrder.State.REQUESTED, TokenOrder.State.IN_DOUBT]


class NothingToRefund(DomainError):
    message = _("At most %(most)s can be refunded: the rest is spent.")


class RefundWhole(DomainError):
    message = _("Nobody could match this payment, so it goes back whole: %(amount)s.")


class CannotReverse(DomainError):
    message = _("Only a payment that was counted can be reversed.")


class TokenOnItsWay(DomainError):
    message = _("A token of this payment is on its way or in doubt. Decide that first.")


class NothingToPayOut(DomainError):
    message = _("No refund of this payment waits to be paid out.")


class PlanNotRunning(DomainError):
    message = _("This plan is not running, so nothing can be written off.")


@transaction.atomic
def decide_refund(
    *, payment_id: int, amount: Decimal, reason: str, actor: User, now: datetime
) -> Payment:
    """Decide that money goes back to the payer; ``pay_out_refund`` follows when it went.

    :raises NothingToRefund: more than what is unspent; nothing was changed
    :raises RefundWhole: a part of a payment that nobody could match
    """
    payment = _lock(payment_id)
    account, subject = _where_it_waits(payment)
    left = payment.amount - _refunded(payment)
    most = min(balance(account, subject), left) if subject else Decimal(0)
    if not 0 < amount <= most:
        raise NothingToRefund(most=most)
    if payment.state == State.UNMATCHED and amount != payment.amount:
        raise RefundWhole(amount=payment.amount)
    lines = [
        debit(account, amount, subject),
        credit(Account.REFUNDS_PAYABLE, amount, payment.pk),
    ]
    movement = Movement(Event.REFUND_DECIDED, "payment", payment.pk, lines, memo=reason[:200])
    post(movement, occurred_at=now, actor_name=str(actor))
    if amount == left:
        payment.state, payment.available_at = State.REFUNDED, None
        payment.save(update_fields=["state", "available_at"])
    _audit(actor, "payment.refund_decided", payment, reason, amount)
    return payment


@transaction.atomic
def pay_out_refund(*, payment_id: int, actor: User, now: datetime) -> Decimal:
    """Note that a decided refund went back over the operator; return how much.

    :raises NothingToPayOut: none is decided, or it went already
    """
    payment = _lock(payment_id)
    amount = balance(Account.REFUNDS_PAYABLE, payment.pk)
    if amount <= 0:
        raise NothingToPayOut
    lines = [
        debit(Account.REFUNDS_PAYABLE, amount, payment.pk),
        credit(Account.OPERATOR_CLEARING, amount, payment.connection_id),
    ]
    movement = Movement(Event.REFUND_PAID, "payment", payment.pk, lines)
    post(movement, occurred_at=now, actor_name=str(actor))
    _audit(actor, "payment.refund_paid", payment, "", amount)
    return amount


@transaction.atomic
def reverse_payment(
    *, payment_id: int, as_loss: bool, reason: str, actor: User, now: datetime
) -> Payment:
    """Note that the operator took a payment back.

    What still waits in suspense, or as credit of the device, goes back from there. What was spent already is a
    loss, or is owed by the customer, by choice.

    :raises CannotReverse: it was not counted, or is reversed already
    :raises TokenOnItsWay: its order is open; give it back or wait for it
    """
    payment = _lock(payment_id)
    if payment.state not in {State.RECEIVED, State.UNMATCHED, State.SETTLED}:
        raise CannotReverse
    if TokenOrder.objects.filter(source="payment", source_id=payment.pk, state__in=OPEN).exists():
        raise TokenOnItsWay
    lines = [credit(Account.OPERATOR_CLEARING, payment.amount, payment.connection_id)]
    if payment.state == State.SETTLED:
        event, unspent = Event.REVERSED, _unspent(payment)
        taken = Account.LOSSES if as_loss else Account.CUSTOMER_RECEIVABLE
        subject = None if as_loss else payment.customer_id
        lines.append(debit(taken, payment.amount - unspent, subject))
        lines.append(debit(Account.DEVICE_CREDIT, unspent, payment.device_id))
    else:
        event = Event.RETURNED
        lines.append(debit(Account.SUSPENSE, payment.amount, payment.pk))
    movement = Movement(event, "payment", payment.pk, lines, memo=reason[:200])
    post(movement, occurred_at=now, actor_name=str(actor))
    payment.state, payment.available_at = State.REVERSED, None
    payment.save(update_fields=["state", "available_at"])
    _audit(actor, "payment.reversed", payment, reason, payment.amount)
    return payment


@transaction.atomic
def write_off_plan(*, plan_id: int, reason: str, actor: User, now: datetime) -> Decimal:
    """Give up what a plan still owes; return how much that was.

    :raises PlanNotRunning: paid or written off already
    """
    customer = Customer.objects.select_for_update(of=("self",), no_key=True)
    customer.filter(plans__pk=plan_id).first()
    plan = Plan.objects.select_for_update(of=("self",), no_key=True).get(pk=plan_id)
    if plan.state != Plan.State.RUNNING:
        raise PlanNotRunning
    rows = Instalment.objects.filter(plan=plan)
    owed: Decimal = rows.aggregate(owed=Sum(F("cost") - F("paid")))["owed"]
    lines = [debit(Account.LOSSES, owed), credit(Account.PLAN_RECEIVABLE, owed, plan.pk)]
    movement = Movement(Event.WRITTEN_OFF, "plan", plan.pk, lines, memo=reason[:200])
    post(movement, occurred_at=now, actor_name=str(actor))
    plan.state = Plan.State.WRITTEN_OFF
    plan.save(update_fields=["state"])
    target = str(plan.public_id)
    audit(actor=actor, action="plan.written_off", target=target, reason=reason, amount=owed)
    return owed


def _lock(payment_id: int) -> Payment:
    """Lock customer, device and payment, in this order."""
    Customer.objects.select_for_update(of=("self",), no_key=True).filter(
        payments__pk=payment_id
    ).first()
    Device.objects.select_for_update(of=("self",), no_key=True).filter(
        payments__pk=payment_id
    ).first()
    return Payment.objects.select_for_update(no_key=True).get(pk=payment_id)


def _where_it_waits(payment: Payment) -> tuple[Account, int | None]:
    """The account that holds what is unspent of a payment."""
    if payment.state == State.UNMATCHED:
        return Account.SUSPENSE, payment.pk
    if payment.state == State.SETTLED:
        return Account.DEVICE_CREDIT, payment.device_id
    return Account.SUSPENSE, None


def _refunded(payment: Payment) -> Decimal:
    """How much of a payment was decided to go back so far."""
    decided = Entry.objects.filter(
        account=Account.REFUNDS_PAYABLE, subject_id=payment.pk, amount__lt=0
    )
    return -(decided.aggregate(total=Sum("amount"))["total"] or Decimal(0))


def _unspent(payment: Payment) -> Decimal:
    """What of a settled payment became credit of its device, as far as that credit is still there."""
    refused = TokenOrder.objects.filter(
        source="payment", source_id=payment.pk, state=TokenOrder.State.REFUSED
    )
    kept = refused.aggregate(total=Sum("cost"))["total"] or Decimal(0)
    for part in payment.parts:
        if part["part"] == Part.DEVICE_CREDIT:
            kept += max(Decimal(part["amount"]), Decimal(0))
    kept = max(kept - _refunded(payment), Decimal(0))
    unspent = balance(Account.DEVICE_CREDIT, payment.device_id)
    return min(kept, Decimal(payment.amount), unspent)


def _audit(actor: User, action: str, payment: Payment, reason: str, amount: Decimal) -> None:
    target = str(payment.public_id)
    audit(actor=actor, action=action, target=target, reason=reason, amount=amount)
