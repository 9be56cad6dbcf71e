"""Registering devices, giving them to customers, taking them out of use."""

import datetime as dt
from collections.abc import Sequence

from django.db import IntegrityError, transaction

from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.words import _
from customers.models import Customer
from devices.holdings import (
    CustomerArchived,
    DeviceArchived,
    DeviceHasCustomer,
    archive_device,
    assign_device,
    begin_holdings,
)
from devices.models import Device, Tariff
from devices.tariff_changes import TariffArchived
from locations.models import Village
from plugins import registry
from plugins.contracts import Kind, Manufacturer, Unit

# Whose a device is stands in ``holdings``; these are used together with what stands here.
__all__ = [
    "CustomerArchived",
    "DeviceArchived",
    "DeviceHasCustomer",
    "archive_device",
    "assign_device",
]


class UnknownManufacturer(DomainError):
    message = _("“%(slug)s” is not a manufacturer's plug-in. Installed are: %(choices)s.")


class KindNotMade(DomainError):
    message = _("%(manufacturer)s makes no device of kind “%(kind)s”. It makes: %(choices)s.")


class MeterNeedsTariff(DomainError):
    message = _("A device that is sold energy by the kWh needs a tariff.")


class SerialMissing(DomainError):
    message = _("A device needs its serial number.")


class SerialTaken(DomainError):
    message = _("There is a device with the serial number %(serial)s already.")


def require_kind(*, manufacturer: str, kind: str) -> None:
    """Refuse a device that its manufacturer does not make.

    :raises UnknownManufacturer: no such plug-in is installed
    :raises KindNotMade: it makes other devices
    """
    maker = _maker(manufacturer)
    if kind not in maker.device_kinds:
        choices = ", ".join(sorted(maker.device_kinds))
        raise KindNotMade(manufacturer=maker.label, kind=kind, choices=choices)


def unit_of(*, manufacturer: str) -> Unit:
    """Return what this make is sold in. Devices that are sold kWh need a tariff; days can be earned on a plan.

    :raises UnknownManufacturer: no such plug-in is installed
    """
    return _maker(manufacturer).unit


def _maker(manufacturer: str) -> type[Manufacturer]:
    try:
        return registry.manufacturer(manufacturer)
    except registry.UnknownPlugin:
        installed = [cls.slug for cls in registry.of_kind(Kind.MANUFACTURER)]
        raise UnknownManufacturer(slug=manufacturer[:40], choices=", ".join(installed)) from None


@transaction.atomic
def register_device(
    *,
    kind: str,
    manufacturer: str,
    serial: str,
    village: Village,
    actor: User | None,
    tariff: Tariff | None = None,
    customer: Customer | None = None,
    assigned_at: dt.datetime | None = None,
) -> Device:
    """Add one device, with its customer or in stock. Access fees count from ``assigned_at``.

    :raises UnknownManufacturer: no such plug-in is installed
    :raises KindNotMade: the manufacturer makes other devices
    :raises MeterNeedsTariff: energy is sold to it and nothing says at what price
    :raises TariffArchived: nothing may be put on it any more
    :raises CustomerArchived: its customer is archived
    :raises SerialMissing: the serial is empty
    :raises SerialTaken: nothing was changed
    """
    if not serial:
        raise SerialMissing
    require_kind(manufacturer=manufacturer, kind=kind)
    if tariff is None and unit_of(manufacturer=manufacturer) == Unit.KWH:
        raise MeterNeedsTariff
    if tariff is not None and tariff.is_archived:
        raise TariffArchived(name=tariff)
    if customer is not None and customer.is_archived:
        raise CustomerArchived(customer=customer)
    device = Device(
        kind=kind,
        manufacturer=manufacturer,
        serial=serial,
        village=village,
        tariff=tariff,
        customer=customer,
        assigned_at=assigned_at if customer is not None else None,
    )
    try:
        with transaction.atomic():
            device.save()
    except IntegrityError:
        if not Device.objects.filter(serial=serial).exists():
            raise
        raise SerialTaken(serial=serial) from None
    begin_holdings([device])
    audit(actor=actor, action="device.registered", target=str(device.public_id), serial=serial)
    return device


def register_devices(*, devices: Sequence[Device]) -> None:
    """Add many checked devices in few statements, inside the caller's transaction; ids are set on them.

    :raises IntegrityError: one of them was registered meanwhile
    """
    Device.objects.bulk_create(devices, batch_size=1000)
    begin_holdings(devices)


def complete_devices(*, devices: Sequence[Device]) -> None:
    """Store what an import set on many devices, inside the caller's transaction."""
    for device in devices:
        device.replaced_by = None
    fields = ["customer", "assigned_at", "fees_until", "tariff", "village", "replaced_by"]
    Device.objects.bulk_update(devices, fields, batch_size=500)
    begin_holdings(devices)
