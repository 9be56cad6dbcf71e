"""A broken device is replaced: another one takes over its customer, credit, plan and access fees.

Nothing of the old one's history moves: its tokens, its payments and its orders in doubt stay where they are.
"""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext

from accounts.audit import audit
from accounts.models import User
from appliances.models import Plan
from appliances.services import DeviceOnPlan
from common.clock import today_in
from common.errors import DomainError
from common.money import quantum
from common.words import _
from customers.models import Customer
from devices.holdings import (
    REASON_CHARS,
    DeviceArchived,
    DeviceHasCustomer,
    DeviceHasNoCustomer,
    begin_holding,
    end_holding,
    lock_customer,
    lock_device,
)
from devices.models import AccessFee, Device
from devices.services import unit_of
from ledger.models import Account, Event
from ledger.selectors import balance
from ledger.services import Movement, credit, debit
from messaging import services as messaging
from messaging.models import Message
from payments.models import Payment
from payments.services.decisions import AlreadyDecided, use_key
from payments.services.moving import Said, close_fees, forget_refusals, open_fees
from tenants.models import Company
from tenants.scope import current_company
from vending.models import TokenOrder
from vending.services import close_as_refused

ZERO = Decimal(0)


class SameDevice(DomainError):
    message = _("A device cannot take its own place.")


class OtherUnit(DomainError):
    message = _(
        "%(new)s is not sold in the same unit as %(old)s, so credit and plan cannot go over to it."
    )


@transaction.atomic
def replace_device(
    *,
    old_id: int,
    new_id: int,
    owner_id: int,
    is_broken: bool,
    reason: str,
    actor: User,
    key: UUID,
    now: datetime,
) -> Device:
    """Let a device from stock take the place of a customer's device, and return it.

    Credit, plans, open access fees and the day until which fees were made go over. What was ordered for the old
    one and not asked for yet is given back as credit first; what is in doubt stays, and what a refusal gives
    back later comes to the new one. Payments that are not settled, and later ones for the old number, go to
    the new one.

    :param owner_id: whose the old one was when the person looked
    :param is_broken: archive the old one; otherwise it goes into stock
    :raises KeyUsed: the form was sent before
    :raises AlreadyDecided: the old one is not this owner's any more
    :raises DomainError: the new one is not free, or is sold in another unit; nothing was changed
    """
    use_key(key)
    owner = lock_customer(owner_id)
    old, new = _lock_both(old_id, new_id)
    _require_replaceable(old, new, owner)
    company, said = current_company(), Said(actor, reason, now)
    messages = _give_back_due(old, actor)
    Payment.objects.filter(
        device=old, state__in=[Payment.State.VALIDATED, Payment.State.RECEIVED]
    ).update(device=new)
    moved = _move_credit(old, new, said)
    forget_refusals(old, actor)
    states = [Plan.State.RUNNING, Plan.State.PAID]
    plans = Plan.objects.filter(device=old, customer=owner, state__in=states).update(device=new)
    fees = _carry_fees(company, old, new, said)
    _hand_over(company, old, new, is_broken=is_broken, said=said)
    for device, action in ((old, "device.replaced"), (new, "device.took_over")):
        audit(
            actor=actor,
            action=action,
            target=str(device.public_id),
            device=new.serial,
            device_before=old.serial,
            customer=owner,
            credit=moved,
            fees=fees,
            plans=plans,
            reason=reason,
        )
    messaging.send_after_commit(messages)
    return new


def _lock_both(old_id: int, new_id: int) -> tuple[Device, Device]:
    if old_id == new_id:
        raise SameDevice
    locked = {pk: lock_device(pk) for pk in sorted((old_id, new_id))}
    return locked[old_id], locked[new_id]


def _require_replaceable(old: Device, new: Device, owner: Customer) -> None:
    for device in (old, new):
        if device.archived_at is not None:
            raise DeviceArchived(device=device.label)
    if old.customer_id is None:
        raise DeviceHasNoCustomer(device=old.label)
    if old.customer_id != owner.pk:
        raise AlreadyDecided
    if new.customer is not None:
        raise DeviceHasCustomer(device=new.label, customer=new.customer)
    if unit_of(manufacturer=old.manufacturer) != unit_of(manufacturer=new.manufacturer):
        raise OtherUnit(new=new.label, old=old.label)
    if Plan.objects.filter(device=new, state=Plan.State.RUNNING).exists():
        raise DeviceOnPlan(device=new.label)


def _give_back_due(old: Device, actor: User) -> list[Message]:
    """Nothing was asked of the maker for these yet, and nothing shall be: their money goes over as credit."""
    due = TokenOrder.objects.select_for_update(of=("self",), no_key=True).filter(
        device=old, state=TokenOrder.State.DUE
    )
    reason = gettext("The device was replaced before its token was asked for.")
    messages: list[Message] = []
    for order in due.select_related("device").order_by("pk"):
        messages += close_as_refused(order, reason=reason, actor=actor)
    return messages


def _move_credit(old: Device, new: Device, said: Said) -> Decimal:
    held = balance(Account.DEVICE_CREDIT, old.pk)
    lines = [
        debit(Account.DEVICE_CREDIT, held, old.pk),
        credit(Account.DEVICE_CREDIT, held, new.pk),
    ]
    movement = Movement(Event.CREDIT_MOVED, "device", old.pk, lines, memo=said.reason[:200])
    said.post(movement)
    return held


def _carry_fees(company: Company, old: Device, new: Device, said: Said) -> Decimal:
    """Let what is open of the old one's fees be owed for the new one, each under its day."""
    fees = list(open_fees(old).select_for_update(no_key=True))
    owed = sum((fee.amount - fee.paid for fee in fees), ZERO)
    for fee in fees:
        _carry(fee, new, quantum(company.currency))
    close_fees(fees, said.now)
    lines = [
        debit(Account.FEE_RECEIVABLE, owed, new.pk),
        credit(Account.FEE_RECEIVABLE, owed, old.pk),
    ]
    movement = Movement(Event.FEE_MOVED, "device", old.pk, lines, memo=said.reason[:200])
    said.post(movement)
    return owed


def _carry(fee: AccessFee, new: Device, unit: Decimal) -> None:
    """Add the open part to the new device; a stock device may have had a fee of that day before."""
    left = fee.amount - fee.paid
    vat = (fee.vat * left / fee.amount).quantize(unit, ROUND_HALF_UP)
    found = AccessFee.objects.filter(device=new, due_date=fee.due_date).first()
    if found is None:
        AccessFee.objects.create(device=new, due_date=fee.due_date, amount=left, vat=vat)
        return
    found.amount, found.vat = found.amount + left, found.vat + vat
    found.save(update_fields=["amount", "vat"])


def _hand_over(company: Company, old: Device, new: Device, *, is_broken: bool, said: Said) -> None:
    """Note whose they are now; the new one's access fees go on where the old one's stopped."""
    assert old.assigned_at is not None
    fees_until = old.fees_until or today_in(company.timezone, old.assigned_at)
    heirs = Device.objects.filter(replaced_by=old)
    heirs.update(replaced_by=new)
    facts = {"old": old.serial, "new": new.serial, "reason": said.reason}
    why = gettext("Replaced by %(new)s: %(reason)s") % facts
    owner = end_holding(old, at=said.now, actor=said.actor, reason=why)
    old.replaced_by = new
    if is_broken:
        old.archived_at, old.archive_reason = said.now, why[:REASON_CHARS]
    old.save(update_fields=["replaced_by", "archived_at", "archive_reason"])
    begin_holding(
        new,
        customer=owner,
        village_id=old.village_id,
        at=said.now,
        actor=said.actor,
        reason=gettext("Took the place of %(old)s: %(reason)s") % facts,
    )
    new.fees_until, new.tariff_id = fees_until, old.tariff_id or new.tariff_id
    new.latitude, new.longitude = old.latitude, old.longitude
    new.save(update_fields=["fees_until", "tariff", "latitude", "longitude"])
