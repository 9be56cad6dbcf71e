"""From a booked payment to cleared debts and an order, in one transaction."""

import datetime as dt
import logging
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from appliances.models import Instalment, Plan
from common import crash
from common.clock import today_in
from common.errors import DomainError
from common.money import vat_within
from common.prepared import Hole, Prepared, PreparedUpdate
from common.retry import gap_after
from common.words import _
from customers.models import Customer
from devices.fees import accrue_device
from devices.models import AccessFee, Device
from ledger.models import Account, Event
from ledger.services import Line, Movement, credit, debit, post
from messaging.models import Message
from payments import notices
from payments.allocation import Block, Paid, Part, Split
from payments.facts import Facts, split_for
from payments.models import Payment
from plugins.contracts import Unit
from tenants import duework
from tenants.models import Company
from tenants.scope import current_company
from vending.models import TokenOrder
from vending.services import NewOrder, place_order

logger = logging.getLogger(__name__)
State = Payment.State
MOST_ATTEMPTS = 8


LOCKED_CUSTOMER = Prepared(
    lambda: Customer.objects.select_for_update(of=("self",), no_key=True).filter(
        payments__pk=Hole("payment")
    )
)
LOCKED_PAYMENT = Prepared(
    lambda: (
        Payment.objects.select_related("device", "connection")
        .select_for_update(of=("device", "self"), no_key=True)
        .filter(pk=Hole("payment"), device__isnull=False)
    )
)


SETTLE = PreparedUpdate(
    lambda: (
        Payment.objects.filter(pk=Hole("payment")),
        {
            "state": State.SETTLED,
            "settled_at": Hole("at"),
            "available_at": None,
            "parts": Hole("parts"),
        },
    )
)


class NotReceived(DomainError):
    message = _("This payment does not wait to be settled.")


@dataclass(slots=True)
class Settled:
    """What the settling worker does next: issue the order, send the messages."""

    payment: Payment
    order: TokenOrder | None = None
    messages: list[Message] = field(default_factory=list)


@transaction.atomic
def settle_payment(*, company: Company, payment_id: int) -> Settled:
    """Spend one booked payment: clear debts, order the token, keep the rest as credit.

    Locks: customer, device, payment. So two payments of one customer never spend the same credit.

    A payment whose device went to another customer meanwhile becomes unmatched.

    :raises NotReceived: settled already, or not ours to settle; nothing was changed
    """
    lock_owner(payment_id)
    payment = LOCKED_PAYMENT.first(payment=payment_id)
    if payment is None or payment.state != State.RECEIVED or payment.device is None:
        raise NotReceived
    device, at = payment.device, payment.booked_at or timezone.now()
    if device.customer_id != payment.customer_id:
        return _unmatched(payment)
    facts = split_for(company=company, device=device, amount=payment.amount, at=at)
    if facts.lacks_fees and accrue_device(
        company=company, device_id=device.pk, until=today_in(company.timezone, at)
    ):
        facts = split_for(company=company, device=device, amount=payment.amount, at=at)
    split = facts.split
    pay_debts(split)
    order = place(company, device, facts, source="payment", source_id=payment.pk, at=at)
    movements = [_settled(payment, split), _overpaid(payment, split)]
    post(*movements, *spent(order, split), occurred_at=at)
    payment.state, payment.settled_at = State.SETTLED, timezone.now()
    payment.available_at, payment.parts = None, parts_of(split, facts)
    SETTLE.run(payment=payment.pk, at=payment.settled_at, parts=payment.parts)
    messages = [] if order else notices.tell_settled(company, payment)
    crash.point("settle.before_commit")
    return Settled(payment, order, messages)


def _unmatched(payment: Payment) -> Settled:
    """Its device went to somebody else since it was paid: a person says what it was meant for."""
    payment.state, payment.available_at = State.UNMATCHED, None
    payment.reason = "The device belongs to somebody else since it was paid."
    payment.save(update_fields=["state", "available_at", "reason"])
    return Settled(payment)


def lock_owner(payment_id: int) -> None:
    """Lock the customer of a payment; where the record was merged meanwhile, the one that stands for it."""
    owners = LOCKED_CUSTOMER.all(payment=payment_id)
    while owners and owners[0].merged_into_id is not None:
        led = Payment.objects.filter(pk=payment_id, customer=owners[0].pk)
        led.update(customer=owners[0].merged_into_id)
        owners = LOCKED_CUSTOMER.all(payment=payment_id)


_COUNT_TRY = """
UPDATE payments_payment
SET attempts = attempts + 1, available_at = statement_timestamp() + (%s::interval[])[attempts + 1]
WHERE id = %s AND state = 'received' AND available_at IS NOT NULL
RETURNING available_at
"""


def count_try(payment_id: int) -> bool:
    """Count a try of settling that failed or is about to be made; return whether one may be made.

    The next comes later and later, so that others are not kept waiting; after ``MOST_ATTEMPTS`` the payment is
    parked: a person has to look.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_TRY, [[gap_after(n) for n in range(1, MOST_ATTEMPTS)], payment_id])
        row = cursor.fetchone()
    if row == (None,):
        logger.error("payment.parked", extra={"payment_id": payment_id})
    return row is not None


@transaction.atomic
def put_off_settling(payment_id: int) -> None:
    """After an error that nobody foresaw: count the try, and have the sweeper come for the next."""
    if count_try(payment_id):
        duework.announce(current_company().pk)


def pay_debts(split: Split) -> None:
    """Write what the split paid onto instalments, fees and plans."""
    for paid in (*split.instalments, *split.plan):
        Instalment.objects.filter(pk=paid.id).update(paid=F("paid") + paid.amount)
    for paid in split.fees:
        AccessFee.objects.filter(pk=paid.id).update(paid=F("paid") + paid.amount)
    plans = {paid.plan_id for paid in (*split.instalments, *split.plan)}
    for plan_id in sorted(plan for plan in plans if plan is not None):
        if not Instalment.objects.filter(plan_id=plan_id, paid__lt=F("cost")).exists():
            Plan.objects.filter(pk=plan_id).update(state=Plan.State.PAID)


def place(
    company: Company, device: Device, facts: Facts, *, source: str, source_id: int, at: dt.datetime
) -> TokenOrder | None:
    """Order what the split buys; None when it buys nothing."""
    split = facts.split
    if not split.quantity and not split.unlock:
        return None
    is_plan = facts.plan is not None and not split.cost
    if is_plan and facts.plan is not None and split.quantity:
        Plan.objects.filter(pk=facts.plan.pk).update(
            days_ordered=F("days_ordered") + int(split.quantity)
        )
    new = NewOrder(
        device=device,
        source=source,
        source_id=source_id,
        task=TokenOrder.Task.UNLOCK if split.unlock else TokenOrder.Task.CREDIT,
        quantity=split.quantity,
        unit="" if split.unlock else facts.unit,
        price=split.price,
        cost=split.cost,
        vat=vat_within(split.cost, facts.vat_percent, company.currency),
        vat_percent=facts.vat_percent,
        blocks=[_block(each) for each in split.blocks],
        allowance_kwh=split.allowance_kwh,
        plan_id=facts.plan.pk if is_plan and facts.plan else None,
        customer_id=device.customer_id,
    )
    return place_order(new, now=at)


def _settled(payment: Payment, split: Split) -> Movement:
    """Suspense pays debts and the plan; the rest becomes, or earlier credit comes from, the device's credit."""
    debts: dict[tuple[Account, int | None], Decimal] = {}
    for paid in (*split.instalments, *split.plan):
        key = (Account.PLAN_RECEIVABLE, paid.plan_id)
        debts[key] = debts.get(key, Decimal(0)) + paid.amount
    for paid in split.fees:
        key = (Account.FEE_RECEIVABLE, payment.device_id)
        debts[key] = debts.get(key, Decimal(0)) + paid.amount
    here = payment.amount - split.customer_credit
    lines = [debit(Account.SUSPENSE, here, payment.pk)]
    lines += [credit(account, amount, subject) for (account, subject), amount in debts.items()]
    rest = here - sum(debts.values(), Decimal(0))
    lines.append(credit(Account.DEVICE_CREDIT, rest, payment.device_id))
    return Movement(Event.SETTLED, "payment", payment.pk, lines)


def _overpaid(payment: Payment, split: Split) -> Movement:
    amount = split.customer_credit
    return Movement(
        Event.OVERPAID,
        "payment",
        payment.pk,
        [
            debit(Account.SUSPENSE, amount, payment.pk),
            credit(Account.CUSTOMER_CREDIT, amount, payment.customer_id),
        ],
    )


def spent(order: TokenOrder | None, split: Split) -> list[Movement]:
    """The device's credit pays for what was ordered."""
    if order is None:
        return []
    lines = [
        Line(Account.DEVICE_CREDIT, split.cost, order.device_id),
        credit(Account.ORDERED, split.cost, order.pk),
    ]
    return [Movement(Event.CREDIT_SPENT, "order", order.pk, lines)]


def parts_of(split: Split, facts: Facts) -> list[dict[str, Any]]:
    """The split as it is kept on the payment, amounts as text, in the order in which pages show it."""
    rows = [_debt(Part.INSTALMENT, paid) for paid in (*split.instalments, *split.plan)] + [
        _debt(Part.ACCESS_FEE, paid) for paid in split.fees
    ]
    rows += _bought(split, facts)
    if split.device_credit:
        rows.append(_part(Part.DEVICE_CREDIT, split.device_credit))
    if split.customer_credit:
        rows.append(_part(Part.CUSTOMER_CREDIT, split.customer_credit))
    return rows


def _bought(split: Split, facts: Facts) -> list[dict[str, Any]]:
    """One row for what was bought, or one for each price that the energy was bought at."""
    if not split.cost:
        return []
    if facts.unit == Unit.DAY:
        quantity, price = str(split.quantity), str(split.price)
        return [_part(Part.DAYS, split.cost, quantity=quantity, price=price)]
    rows = [_block(each) for each in split.blocks]
    return [{"part": str(Part.ENERGY), "quantity": row.pop("kwh"), **row} for row in rows]


def _block(block: Block) -> dict[str, Any]:
    kept = {"kwh": str(block.kwh), "price": str(block.price), "amount": str(block.amount)}
    if block.band:
        kept["band"] = block.band
    return {**kept, "is_allowance": True} if block.is_allowance else kept


def _debt(part: Part, paid: Paid) -> dict[str, Any]:
    return _part(
        part,
        paid.amount,
        label=paid.label,
        number=paid.number,
        id=paid.id,
        plan_id=paid.plan_id,
        due_date=paid.due_date.isoformat() if paid.due_date else "",
    )


def _part(part: Part, amount: Decimal, **facts: Any) -> dict[str, Any]:
    return {"part": str(part), "amount": str(amount), **facts}


def expire_validations(*, now: dt.datetime) -> int:
    """Close validations that no money followed within their time; return how many."""
    return Payment.objects.filter(state=State.VALIDATED, expires_at__lte=now).update(
        state=State.RETURNED, reason="Not paid within 24 hours", available_at=None
    )
