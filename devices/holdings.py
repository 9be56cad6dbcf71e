"""Whose a device is: giving it out, taking it back, taking it out of use, with the history of all that.

Locks: customer, then device. What a device brings along (plans, credit, fees) is decided in
``payments.services``, which knows them; it calls ``begin_holding`` and ``end_holding`` for the rest.
"""

import datetime as dt
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Greatest

from accounts.audit import audit
from accounts.models import User
from common.clock import today_in
from common.errors import DomainError
from common.words import _
from customers.models import Customer
from devices.models import Device, Holding
from tenants.scope import current_company

REASON_CHARS = 300


class DeviceHasCustomer(DomainError):
    message = _("%(device)s belongs to %(customer)s already.")


class DeviceHasNoCustomer(DomainError):
    message = _("%(device)s belongs to nobody.")


class DeviceArchived(DomainError):
    message = _("%(device)s is archived.")


class DeviceNotArchived(DomainError):
    message = _("%(device)s is not archived.")


class CustomerArchived(DomainError):
    message = _("%(customer)s is archived.")


class NotAtOnce(DomainError):
    message = _("%(device)s was given out later than that.")


def lock_customer(customer_id: int) -> Customer:
    """Lock a customer, to be asked before the customer's devices."""
    return Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer_id)


def lock_device(device_id: int) -> Device:
    """Lock a device, with its customer and village read."""
    devices = Device.objects.select_for_update(of=("self",), no_key=True)
    return devices.select_related("customer", "village").get(pk=device_id)


def lock_with_owner(device_id: int) -> Device:
    """Lock whom a device belongs to, then the device; again where it changed hands meanwhile."""
    while True:
        owner_id = Device.objects.values_list("customer_id", flat=True).get(pk=device_id)
        if owner_id is not None:
            lock_customer(owner_id)
        device = lock_device(device_id)
        if device.customer_id == owner_id:
            return device


@transaction.atomic
def assign_device(
    *,
    device_id: int,
    customer_id: int,
    village_id: int,
    assigned_at: dt.datetime,
    actor: User | None,
    reason: str = "",
) -> Device:
    """Give a device from stock to a customer, to stand in a village. Access fees count from here.

    :raises DeviceHasCustomer: it belongs to somebody; nothing was changed
    :raises DeviceArchived: nothing was changed
    :raises CustomerArchived: nothing was changed
    """
    customer = lock_customer(customer_id)
    if customer.is_archived:
        raise CustomerArchived(customer=customer)
    device = lock_device(device_id)
    if device.archived_at is not None:
        raise DeviceArchived(device=device.label)
    if device.customer is not None:
        raise DeviceHasCustomer(device=device.label, customer=device.customer)
    begin_holding(
        device,
        customer=customer,
        village_id=village_id,
        at=assigned_at,
        actor=actor,
        reason=reason,
    )
    audit(
        actor=actor,
        action="device.assigned",
        target=str(device.public_id),
        serial=device.serial,
        customer=customer,
        customer_before="",
        reason=reason,
    )
    return device


def begin_holding(
    device: Device,
    *,
    customer: Customer,
    village_id: int,
    at: dt.datetime,
    actor: User | None,
    reason: str = "",
) -> Holding:
    """Let a locked device that belongs to nobody be a locked customer's, in the caller's transaction."""
    device.customer, device.village_id = customer, village_id
    device.assigned_at, device.fees_until, device.replaced_by = at, None, None
    device.fee_terms_from = None
    device.save(
        update_fields=[
            "customer",
            "village",
            "assigned_at",
            "fees_until",
            "fee_terms_from",
            "replaced_by",
        ],
    )
    forgotten = Holding.objects.filter(device=device, ended_at__isnull=True)
    forgotten.update(ended_at=Greatest("began_at", Value(at)))
    return Holding.objects.create(
        device=device,
        customer=customer,
        village_id=village_id,
        began_at=at,
        began_by=str(actor or ""),
        began_reason=reason[:REASON_CHARS],
    )


def end_holding(device: Device, *, at: dt.datetime, actor: User | None, reason: str) -> Customer:
    """Let a locked device belong to nobody, in the caller's transaction; return whose it was.

    :raises DeviceHasNoCustomer: it belonged to nobody
    :raises NotAtOnce: it was given out after ``at``
    """
    customer, began_at = device.customer, device.assigned_at
    if customer is None or began_at is None:
        raise DeviceHasNoCustomer(device=device.label)
    if at < began_at:
        raise NotAtOnce(device=device.label)
    end = {"ended_at": at, "ended_by": str(actor or ""), "ended_reason": reason[:REASON_CHARS]}
    if not Holding.objects.filter(device=device, ended_at__isnull=True).update(**end):
        Holding.objects.create(
            device=device, customer=customer, village=device.village, began_at=began_at, **end
        )
    device.customer, device.assigned_at, device.fees_until = None, None, None
    device.save(update_fields=["customer", "assigned_at", "fees_until"])
    # It stands for nobody's earlier device any more: payments for those must not come to its next customer.
    Device.objects.filter(replaced_by=device).update(replaced_by=None)
    return customer


def begin_holdings(devices: Iterable[Device]) -> None:
    """Note whose many new devices are, inside the caller's transaction; those in stock are passed over."""
    begun = [
        Holding(
            device=each,
            customer_id=each.customer_id,
            village_id=each.village_id,
            began_at=each.assigned_at,
        )
        for each in devices
        if each.customer_id is not None and each.assigned_at is not None
    ]
    going_on = Holding.objects.filter(
        ended_at__isnull=True, device__in=[h.device_id for h in begun]
    )
    held = set(going_on.values_list("device_id", flat=True))
    new = (holding for holding in begun if holding.device_id not in held)
    Holding.objects.bulk_create(new, batch_size=1000)


def holdings_of(device_id: int) -> Sequence[Holding]:
    """Return whose a device was and is, newest first, with customer and village."""
    holdings = Holding.objects.filter(device_id=device_id).select_related("customer", "village")
    return list(holdings.order_by("-began_at", "-pk"))


@transaction.atomic
def archive_device(
    *, device_id: int, archived_at: dt.datetime, actor: User | None, reason: str = ""
) -> Device:
    """Take a device out of use; its history stays. Access fees stop at this moment.

    It stays its customer's, with its credit and its plan, until somebody moves those.

    :raises DeviceArchived: it is already; nothing was changed
    """
    device = lock_device(device_id)
    if device.archived_at is not None:
        raise DeviceArchived(device=device.label)
    device.archived_at, device.archive_reason = archived_at, reason[:REASON_CHARS]
    device.save(update_fields=["archived_at", "archive_reason"])
    audit(
        actor=actor,
        action="device.archived",
        target=str(device.public_id),
        serial=device.serial,
        archived=True,
        archived_before=False,
        reason=reason,
    )
    return device


@transaction.atomic
def restore_device(
    *, device_id: int, now: dt.datetime, actor: User | None, reason: str = ""
) -> Device:
    """Bring an archived device back into use. For the time between no access fees fall due.

    Payments for its number are its own again, also where another device had taken its place.

    :raises DeviceNotArchived: nothing was changed
    :raises CustomerArchived: its customer is archived; nothing was changed
    """
    device = lock_with_owner(device_id)
    if device.archived_at is None:
        raise DeviceNotArchived(device=device.label)
    if device.customer is not None and device.customer.is_archived:
        raise CustomerArchived(customer=device.customer)
    if device.customer is not None:
        device.fees_until = today_in(current_company().timezone, now)
    device.archived_at, device.archive_reason, device.replaced_by = None, "", None
    device.save(update_fields=["archived_at", "archive_reason", "replaced_by", "fees_until"])
    audit(
        actor=actor,
        action="device.restored",
        target=str(device.public_id),
        serial=device.serial,
        archived=False,
        archived_before=True,
        reason=reason,
    )
    return device


def hand_to_record(*, from_id: int, to_id: int) -> list[int]:
    """Let all devices of a record, now and then, be those of another record of the same person.

    In the caller's transaction, both customers locked. Periods of access fees go on; return the ids.
    """
    devices = Device.objects.select_for_update(of=("self",), no_key=True)
    ids = list(devices.filter(customer=from_id).order_by("pk").values_list("pk", flat=True))
    Device.objects.filter(pk__in=ids).update(customer=to_id)
    Holding.objects.filter(customer=from_id).update(customer=to_id)
    return ids
