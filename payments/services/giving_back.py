"""The postings of refunds and reversals, written under the locks of the caller."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet, Sum

from accounts.models import User
from ledger.models import Account, Event
from ledger.selectors import balance
from ledger.services import Line, Movement, credit, debit, post
from payments.allocation import Part
from payments.models import Correction, Payment
from payments.refundable import ACCOUNTS, TO_PAY, ZERO, Pot, Source, refunded
from vending.models import TokenOrder

State = Payment.State
SPENT_FROM = (State.SETTLED, State.REFUNDED)  # nothing of it waits in suspense
PAID_FROM = {
    Correction.PaidFrom.OPERATOR: Account.OPERATOR_CLEARING,
    Correction.PaidFrom.CASH: Account.CASH_DESK,
    Correction.PaidFrom.BANK: Account.BANK,
}


def book_refund(correction: Correction, source: Source, *, actor: User, now: datetime) -> None:
    """Owe the payer what was suspense or credit; a payment that goes back whole is refunded."""
    amount = correction.amount
    lines = [
        debit(source.account, amount, source.subject_id),
        credit(Account.REFUNDS_PAYABLE, amount, correction.pk),
    ]
    _post(Event.REFUND_DECIDED, correction, lines, str(actor), now)
    payment = source.payment
    if payment is not None and refunded(payment) == payment.amount:
        _set_state(payment, State.REFUNDED)
    if source.pot == Pot.DEVICE:
        _refusals(source).update(decided_by=str(actor))


def unbook_refund(correction: Correction, source: Source, *, actor: User, now: datetime) -> None:
    """Put a refund that did not go out back to where its money was."""
    amount = correction.amount
    lines = [
        debit(Account.REFUNDS_PAYABLE, amount, correction.pk),
        credit(source.account, amount, source.subject_id),
    ]
    _post(Event.REFUND_WITHDRAWN, correction, lines, str(actor), now)
    payment = source.payment
    if payment is not None and payment.state == State.REFUNDED:
        _set_state(payment, State.UNMATCHED if source.pot == Pot.SUSPENSE else State.SETTLED)


def book_payout(correction: Correction, *, actor: User | None, now: datetime) -> None:
    """The money went: what we owed leaves the account that it was paid from."""
    paid_from = Correction.PaidFrom(correction.paid_from)
    subjects = {
        Correction.PaidFrom.OPERATOR: correction.connection_id,
        Correction.PaidFrom.CASH: actor.pk if actor else None,
        Correction.PaidFrom.BANK: None,
    }
    lines = [
        debit(Account.REFUNDS_PAYABLE, correction.amount, correction.pk),
        credit(PAID_FROM[paid_from], correction.amount, subjects[paid_from]),
    ]
    _post(Event.REFUND_PAID, correction, lines, str(actor or ""), now)


def book_reversal(correction: Correction, source: Source, *, actor: User, now: datetime) -> None:
    """Take a payment out of the operator's clearing; what was spent of it is a loss or is owed."""
    payment = source.payment
    assert payment is not None
    lines = [credit(Account.OPERATOR_CLEARING, payment.amount, payment.connection_id)]
    if payment.state in SPENT_FROM:
        event, left = Event.REVERSED, _unspent(payment)
        taken = Account.LOSSES if correction.as_loss else Account.CUSTOMER_RECEIVABLE
        subject = None if correction.as_loss else payment.customer_id
        lines.append(debit(taken, payment.amount - left.total, subject))
        lines.append(debit(Account.DEVICE_CREDIT, left.of_device, payment.device_id))
        lines.append(debit(Account.CUSTOMER_CREDIT, left.of_customer, payment.customer_id))
        _refusals(source).update(decided_by=str(actor))
    else:
        event = Event.RETURNED
        lines.append(debit(Account.SUSPENSE, payment.amount, payment.pk))
    _post(event, correction, lines, str(actor), now)
    _set_state(payment, State.REVERSED)


def spent_of(payment: Payment) -> Decimal:
    """Return what a reversal of this payment would be a loss of, or leave owed by the customer."""
    return payment.amount - _unspent(payment).total if payment.state in SPENT_FROM else ZERO


@dataclass(frozen=True, slots=True)
class _Unspent:
    """What of a settled payment became credit, as far as that credit is still there."""

    of_device: Decimal
    of_customer: Decimal

    @property
    def total(self) -> Decimal:
        return self.of_device + self.of_customer


def _unspent(payment: Payment) -> _Unspent:
    left = _left(payment)
    found = {pot: min(left[pot], _held(payment, pot)) for pot in left}
    return _Unspent(found[Pot.DEVICE], found[Pot.CUSTOMER])


def _left(payment: Payment) -> dict[Correction.Pot, Decimal]:
    """Return what of a settled payment became credit and was not refunded."""
    refused = TokenOrder.objects.filter(
        source="payment", source_id=payment.pk, state=TokenOrder.State.REFUSED
    )
    given_back: Decimal = refused.aggregate(total=Sum("cost"))["total"] or ZERO
    # Below zero where earlier credit was spent too: of a refused order's money that part is not this payment's.
    kept = {Part.DEVICE_CREDIT: given_back, Part.CUSTOMER_CREDIT: ZERO}
    for part in payment.parts:
        if part["part"] in kept:
            kept[part["part"]] += Decimal(part["amount"])
    pots = {Pot.DEVICE: kept[Part.DEVICE_CREDIT], Pot.CUSTOMER: kept[Part.CUSTOMER_CREDIT]}
    return {pot: max(each - refunded(payment, pot), ZERO) for pot, each in pots.items()}


def _held(payment: Payment, pot: Correction.Pot) -> Decimal:
    subject_id = payment.device_id if pot == Pot.DEVICE else payment.customer_id
    return max(balance(ACCOUNTS[pot], subject_id), ZERO)


def is_credit_going_back(payment: Payment) -> bool:
    """Whether a refund that is not paid out holds credit of this payment: withdrawn, it would be credit again."""
    going = Correction.objects.filter(kind=Correction.Kind.REFUND, state__in=TO_PAY)
    pots = {
        Pot.DEVICE: going.filter(pot=Pot.DEVICE, device=payment.device_id),
        Pot.CUSTOMER: going.filter(pot=Pot.CUSTOMER, customer=payment.customer_id),
    }
    left = _left(payment)
    return any(left[pot] > _held(payment, pot) and pots[pot].exists() for pot in pots)


def _refusals(source: Source) -> QuerySet[TokenOrder]:
    """Refused orders whose money this is: nobody has to look at them any more."""
    orders = TokenOrder.objects.filter(state=TokenOrder.State.REFUSED, decided_by="", cost__gt=0)
    if source.payment is not None:
        return orders.filter(source="payment", source_id=source.payment.pk)
    return orders.filter(device=source.device)


def _set_state(payment: Payment, state: Payment.State) -> None:
    payment.state, payment.available_at = state, None
    payment.save(update_fields=["state", "available_at"])


def _post(
    event: Event, correction: Correction, lines: list[Line], actor_name: str, now: datetime
) -> None:
    movement = Movement(event, "correction", correction.pk, lines, memo=correction.reason[:200])
    post(movement, occurred_at=now, actor_name=actor_name)
