"""What may go back to a payer: which unspent money there is, how much of it, and why not more."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, Sum

from customers.models import Customer
from devices.models import Device
from ledger.models import Account
from ledger.selectors import balance, balances
from payments.models import Correction, Payment
from plugins import registry
from plugins import services as plugin_services
from plugins.contracts import Capability, PaymentProvider, RefundRequest
from plugins.models import Connection
from tenants.models import Company

ZERO = Decimal(0)
Pot = Correction.Pot
State = Correction.State
GIVEN_UP = (State.DECLINED, State.WITHDRAWN)
DECIDED = (State.APPROVED, State.REQUESTED, State.IN_DOUBT, State.PAID)
TO_PAY = (State.APPROVED, State.REQUESTED, State.IN_DOUBT)
ACCOUNTS = {
    Pot.SUSPENSE: Account.SUSPENSE,
    Pot.DEVICE: Account.DEVICE_CREDIT,
    Pot.CUSTOMER: Account.CUSTOMER_CREDIT,
}
SAME_DAY = dt.timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the money of a refund comes from; with a payment, it goes back for that payment."""

    pot: Correction.Pot
    payment: Payment | None = None
    device: Device | None = None
    customer: Customer | None = None

    @property
    def account(self) -> Account:
        return ACCOUNTS[self.pot]

    @property
    def subject_id(self) -> int | None:
        held = {Pot.SUSPENSE: self.payment, Pot.DEVICE: self.device, Pot.CUSTOMER: self.customer}
        row = held[self.pot]
        return row.pk if row else None

    @property
    def key(self) -> str:
        """Name this source in a form."""
        return f"{self.pot}-{self.subject_id}"

    @property
    def is_whole(self) -> bool:
        """Whether it goes back whole or not at all."""
        return self.pot == Pot.SUSPENSE


def sources_of_payment(payment: Payment) -> list[Source]:
    """Return where the unspent money of a payment may stand; none while it is not settled or undone."""
    if payment.state == Payment.State.UNMATCHED:
        return [Source(Pot.SUSPENSE, payment)]
    if payment.state != Payment.State.SETTLED:
        return []
    found = Source(Pot.DEVICE, payment, payment.device, payment.customer)
    beyond = Source(Pot.CUSTOMER, payment, payment.device, payment.customer)
    return [found, beyond]


def sources_of_device(device: Device) -> list[Source]:
    return [Source(Pot.DEVICE, None, device, device.customer)]


def sources_of_customer(customer: Customer) -> list[Source]:
    """Return the customer's own credit, and that of each device that has any."""
    devices = list(Device.objects.filter(customer=customer).order_by("pk"))
    credit = balances(Account.DEVICE_CREDIT, [device.pk for device in devices])
    with_credit = (device for device in devices if credit.get(device.pk))
    return [
        Source(Pot.CUSTOMER, None, None, customer),
        *(Source(Pot.DEVICE, None, device, customer) for device in with_credit),
    ]


def most_of(source: Source) -> Decimal:
    """Return how much of this source may go back now, zero or more."""
    payment = source.payment
    if payment is None:
        return max(balance(source.account, source.subject_id), ZERO)
    stands = Payment.State.UNMATCHED if source.pot == Pot.SUSPENSE else Payment.State.SETTLED
    if payment.state != stands:
        return ZERO
    held = balance(source.account, source.subject_id)
    left: Decimal = payment.amount - refunded(payment)
    return max(min(held, left), ZERO)


def refunded(payment: Payment, pot: Correction.Pot | None = None) -> Decimal:
    """Return how much of a payment was decided to go back so far; from one place, or from all."""
    decided = Correction.objects.filter(
        payment=payment, kind=Correction.Kind.REFUND, state__in=DECIDED
    )
    if pot is not None:
        decided = decided.filter(pot=pot)
    total: Decimal | None = decided.aggregate(total=Sum("amount"))["total"]
    return total or ZERO


def connection_for(source: Source) -> Connection | None:
    """Return the operator's account that the money leaves: that of the payment, else of the last one."""
    if source.payment is not None:
        return source.payment.connection
    paid = Payment.objects.filter(booked_at__isnull=False)
    paid = paid.filter(device=source.device) if source.device else paid.filter(
        customer=source.customer
    )  # fmt: skip
    last = paid.select_related("connection").order_by("-pk").first()
    return last.connection if last else None


# --- whether a second person approves ---------------------------------------------------------------


def approval_limit(company: Company) -> Decimal | None:
    """Return the amount above which a second person approves, as it is at this moment; None: never asked."""
    limit: Decimal | None = Company.objects.values_list("approval_limit", flat=True).get(
        pk=company.pk
    )
    return limit


def counted_with(source: Source, *, now: dt.datetime) -> Decimal:
    """Return what counts towards the limit beside a new correction, so that parts do not slip below it.

    All corrections of the payment, and those of the last 24 hours of its device, customer or payer.
    """
    same = Q(pk=-1)
    if source.payment is not None:
        same |= Q(payment=source.payment)
    today = Q(asked_at__gte=now - SAME_DAY)
    for condition in _the_same_people(source):
        same |= today & condition
    counted = Correction.objects.filter(same).exclude(state__in=GIVEN_UP)
    total: Decimal | None = counted.aggregate(total=Sum("amount"))["total"]
    return total or ZERO


def _the_same_people(source: Source) -> Iterator[Q]:
    if source.device is not None:
        yield Q(device=source.device)
    if source.customer is not None:
        yield Q(customer=source.customer)
    if source.payment is not None and source.payment.payer_phone:
        yield Q(payment__payer_phone=source.payment.payer_phone)


def needs_approval(company: Company, source: Source, amount: Decimal, *, now: dt.datetime) -> bool:
    limit = approval_limit(company)
    return limit is not None and amount + counted_with(source, now=now) > limit


# --- whether the operator can do it -----------------------------------------------------------------


def request_of(correction: Correction) -> RefundRequest:
    """Return a refund as the operator's adapter is asked.

    :raises ValueError: it belongs to no payment
    """
    payment = correction.payment
    if payment is None:
        raise ValueError("only the money of a payment can go back by the operator")
    return RefundRequest(
        our_reference=correction.public_id.hex,
        reference=payment.reference,
        receipt=payment.receipt,
        amount=correction.amount,
        paid=payment.amount,
        payer_phone=payment.payer_phone,
    )


def operator_can_refund(payment: Payment | None, amount: Decimal) -> bool:
    """Return whether the payment's operator can send this amount back by a call of ours."""
    return operator_refunds(payment) and payment is not None and (
        amount == payment.amount or _refunds_parts(payment.connection)
    )  # fmt: skip


def operator_refunds(payment: Payment | None) -> bool:
    """Return whether the payment's operator can be asked to send money back at all."""
    if payment is None or not payment.connection.is_on or not payment.receipt:
        return False
    try:
        adapter = plugin_services.build_adapter(payment.connection, PaymentProvider)
    except registry.UnknownPlugin:
        return False
    return adapter.can(Capability.REFUND)


def _refunds_parts(connection: Connection) -> bool:
    return registry.payment_provider(connection.plugin).refunds_parts
