"""A device changes hands: what of its money, its plan and its fees goes along, and what stays behind.

Credit belongs to the device and a plan to its customer, so neither goes to somebody else without a person's
word. Locks: customers, then the device.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet, Sum, TextChoices

from accounts.audit import audit
from accounts.models import User
from appliances.models import Plan
from appliances.selectors import running_plan_of
from common.errors import DomainError
from common.words import _
from customers.models import Customer
from devices.holdings import (
    CustomerArchived,
    DeviceArchived,
    DeviceHasCustomer,
    DeviceHasNoCustomer,
    begin_holding,
    end_holding,
    lock_customer,
    lock_device,
)
from devices.models import AccessFee, Device
from ledger.models import Account, Event
from ledger.selectors import balance
from ledger.services import Movement, credit, debit, post
from payments.models import Payment
from payments.services.decisions import AlreadyDecided, use_key
from vending.models import TokenOrder

ZERO = Decimal(0)
UNDER_WAY = (TokenOrder.State.DUE, TokenOrder.State.REQUESTED, TokenOrder.State.IN_DOUBT)


class Goes(TextChoices):
    """What becomes of something when its device goes to somebody else."""

    ALONG = "along", _("goes along with the device")
    STAYS = "stays", _("stays with the customer")


class SayWhatBecomes(DomainError):
    message = _("Say what becomes of the %(what)s: it was not there, or not seen, a moment ago.")


class TokenUnderWay(DomainError):
    message = _(
        "A token for %(device)s is still being bought or in doubt. Wait for it or decide it first."
    )


class PaymentUnderWay(DomainError):
    message = _("A payment for %(device)s is still being settled. Wait a moment.")


CREDIT, FEES, PLAN = _("credit"), _("access fees"), _("plan")


@dataclass(frozen=True, slots=True)
class Belongings:
    """What hangs on a device: its credit, its open access fees, and the plan that it is on."""

    credit: Decimal = ZERO
    fees: Decimal = ZERO
    plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of each; None where nothing hangs on the device, and nothing was said."""

    credit: Goes | None = None
    fees: Goes | None = None
    plan: Goes | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """Who decided something, when and why."""

    actor: User
    reason: str
    now: datetime

    def post(self, movement: Movement) -> None:
        post(movement, occurred_at=self.now, actor_name=str(self.actor))


def belongings_of(device: Device) -> Belongings:
    """Return what hangs on a device now."""
    owed = open_fees(device).aggregate(owed=Sum(F("amount") - F("paid")))["owed"]
    return Belongings(
        credit=balance(Account.DEVICE_CREDIT, device.pk),
        fees=owed or ZERO,
        plan=running_plan_of(device.pk),
    )


def open_fees(device: Device) -> QuerySet[AccessFee]:
    """Return the access fees of a device that are not paid in full, oldest first."""
    return AccessFee.objects.filter(device=device, paid__lt=F("amount")).order_by("due_date")


@transaction.atomic
def move_device(
    *,
    device_id: int,
    owner_id: int,
    customer_id: int,
    village_id: int,
    choice: Choice,
    reason: str,
    actor: User,
    key: UUID,
    now: datetime,
) -> Device:
    """Give a customer's device to another customer. Access fees of the new one count from now.

    :param owner_id: whose it was when the person looked
    :raises KeyUsed: the form was sent before
    :raises AlreadyDecided: it is not this owner's any more
    :raises SayWhatBecomes: something hangs on it of which nothing was said
    :raises TokenUnderWay: an order for it did not end yet
    :raises PaymentUnderWay: a payment for it is not settled yet
    :raises DomainError: the device or the new customer is archived, or it is this customer's already
    """
    use_key(key)
    customers = {pk: lock_customer(pk) for pk in sorted({owner_id, customer_id})}
    device = _require_movable(device_id, owner_id)
    to = customers[customer_id]
    if to.is_archived:
        raise CustomerArchived(customer=to)
    if owner_id == customer_id:
        raise DeviceHasCustomer(device=device.label, customer=to)
    held = belongings_of(device)
    said = Said(actor, reason, now)
    _leave_behind(device, customers[owner_id], held, choice, said)
    if held.plan is not None and choice.plan == Goes.ALONG:
        Plan.objects.filter(pk=held.plan.pk).update(customer=to)
    owner = end_holding(device, at=now, actor=actor, reason=reason)
    begin_holding(device, customer=to, village_id=village_id, at=now, actor=actor, reason=reason)
    _audit("device.moved", said, device, (owner, to), _facts(held, choice))
    return device


@transaction.atomic
def take_back_device(
    *,
    device_id: int,
    owner_id: int,
    choice: Choice,
    reason: str,
    actor: User,
    key: UUID,
    now: datetime,
) -> Device:
    """Put a customer's device back into stock. Nothing goes along: what hangs on it stays the customer's.

    :raises KeyUsed: the form was sent before
    :raises AlreadyDecided: it is not this owner's any more
    :raises SayWhatBecomes: something hangs on it, and nobody said that it stays with the customer
    :raises TokenUnderWay: an order for it did not end yet
    :raises PaymentUnderWay: a payment for it is not settled yet
    """
    use_key(key)
    owner = lock_customer(owner_id)
    device = _require_movable(device_id, owner_id)
    held = belongings_of(device)
    kept = Choice(*(None if each == Goes.ALONG else each for each in _parts(choice)))
    said = Said(actor, reason, now)
    _leave_behind(device, owner, held, kept, said)
    end_holding(device, at=now, actor=actor, reason=reason)
    _audit("device.taken_back", said, device, (owner, None), _facts(held, kept))
    return device


def _parts(choice: Choice) -> tuple[Goes | None, ...]:
    return choice.credit, choice.fees, choice.plan


def _require_movable(device_id: int, owner_id: int) -> Device:
    """Lock a device, and see that it may go to somebody else now."""
    device = lock_device(device_id)
    if device.archived_at is not None:
        raise DeviceArchived(device=device.label)
    if device.customer_id is None:
        raise DeviceHasNoCustomer(device=device.label)
    if device.customer_id != owner_id:
        raise AlreadyDecided
    if TokenOrder.objects.filter(device=device, state__in=UNDER_WAY).exists():
        raise TokenUnderWay(device=device.label)
    if Payment.objects.filter(device=device, state=Payment.State.RECEIVED).exists():
        raise PaymentUnderWay(device=device.label)
    return device


def _leave_behind(
    device: Device,
    owner: Customer,
    held: Belongings,
    choice: Choice,
    said: Said,
) -> None:
    """Leave with the customer what does not go along.

    :raises SayWhatBecomes: something hangs on the device of which nothing was said
    """
    for what, there, goes in (
        (CREDIT, held.credit, choice.credit),
        (FEES, held.fees, choice.fees),
        (PLAN, held.plan, choice.plan),
    ):
        if there and goes is None:
            raise SayWhatBecomes(what=what)
    if held.credit and choice.credit == Goes.STAYS:
        _keep_credit(device, owner, held.credit, said)
    if held.fees and choice.fees == Goes.STAYS:
        _keep_fees(device, owner, said)
    if held.plan is not None and choice.plan == Goes.STAYS:
        Plan.objects.filter(pk=held.plan.pk).update(device=None)


def _keep_credit(device: Device, owner: Customer, amount: Decimal, said: Said) -> None:
    lines = [
        debit(Account.DEVICE_CREDIT, amount, device.pk),
        credit(Account.CUSTOMER_CREDIT, amount, owner.pk),
    ]
    movement = Movement(Event.CREDIT_MOVED, "device", device.pk, lines, memo=said.reason[:200])
    said.post(movement)
    forget_refusals(device, said.actor)


def _keep_fees(device: Device, owner: Customer, said: Said) -> None:
    """What was owed for the device is owed by the customer from now on, for no device."""
    fees = list(open_fees(device).select_for_update(no_key=True))
    owed = sum((fee.amount - fee.paid for fee in fees), ZERO)
    lines = [
        debit(Account.CUSTOMER_RECEIVABLE, owed, owner.pk),
        credit(Account.FEE_RECEIVABLE, owed, device.pk),
    ]
    movement = Movement(Event.FEE_MOVED, "device", device.pk, lines, memo=said.reason[:200])
    said.post(movement)
    close_fees(fees, said.now)


def close_fees(fees: list[AccessFee], now: datetime) -> None:
    """Mark open fees as carried elsewhere: here nothing is owed for them any more."""
    ids = [fee.pk for fee in fees]
    AccessFee.objects.filter(pk__in=ids).update(paid=F("amount"), carried_at=now)


def forget_refusals(device: Device, actor: User) -> None:
    """Take the device's refused orders off the inbox: their money is dealt with."""
    refused = TokenOrder.objects.filter(
        device=device, state=TokenOrder.State.REFUSED, decided_by=""
    )
    refused.update(decided_by=str(actor))


def _facts(held: Belongings, choice: Choice) -> dict[str, Any]:
    return {
        "credit": held.credit,
        "credit_goes": choice.credit or "",
        "fees": held.fees,
        "fees_go": choice.fees or "",
        "plan": held.plan.appliance.name if held.plan else "",
        "plan_goes": choice.plan or "",
    }


def _audit(
    action: str,
    said: Said,
    device: Device,
    hands: tuple[Customer, Customer | None],
    facts: dict[str, Any],
) -> None:
    owner, to = hands
    audit(
        actor=said.actor,
        action=action,
        target=str(device.public_id),
        serial=device.serial,
        customer=to or "",
        customer_before=owner,
        reason=said.reason,
        **facts,
    )
