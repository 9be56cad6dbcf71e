"""Registering devices, and setting what they cost."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import IntegrityError, transaction

from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.words import _
from customers.models import Customer
from devices.models import Device, PriceComponent, Tariff, TariffVersion
from locations.models import Village
from plugins import registry
from plugins.contracts import Kind, Manufacturer, Unit


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


class DeviceHasCustomer(DomainError):
    message = _("%(device)s belongs to %(customer)s already.")


class DeviceArchived(DomainError):
    message = _("%(device)s is archived.")


class CustomerArchived(DomainError):
    message = _("%(customer)s is archived.")


class TariffNameTaken(DomainError):
    message = _("There is a tariff “%(name)s” already. Change it, or take another name.")


class FeeNeedsPeriod(DomainError):
    message = _("An access fee needs the number of days it is paid for, 1 or more.")


class PriceNotPositive(DomainError):
    message = _("A price must be more than 0; fees and minimum purchase must not be below 0.")


class TariffChangeTooEarly(DomainError):
    message = _(
        "A price cannot change before %(earliest)s: what was sold and what fell due until then has its price."
    )


@dataclass(frozen=True, slots=True)
class Prices:
    """What a tariff costs, VAT included, in the company's currency. ``components`` add to ``price_per_kwh``."""

    price_per_kwh: Decimal | None = None
    price_per_day: Decimal | None = None
    access_fee: Decimal = Decimal(0)
    access_fee_days: int = 0
    minimum_purchase: Decimal = Decimal(0)
    vat_percent: Decimal = Decimal(0)
    components: Mapping[str, Decimal] = field(default_factory=dict)


@transaction.atomic
def create_tariff(
    *, name: str, prices: Prices, valid_from: dt.datetime, actor: User | None
) -> Tariff:
    """Add a tariff with its first prices.

    :raises TariffNameTaken: nothing was changed
    :raises FeeNeedsPeriod: a fee without days
    :raises PriceNotPositive: a price of nothing or less
    """
    _check_prices(prices)
    try:
        with transaction.atomic():
            tariff = Tariff.objects.create(name=name)
    except IntegrityError:
        raise TariffNameTaken(name=name) from None
    _add_version(tariff, prices, valid_from)
    audit(actor=actor, action="tariff.created", target=str(tariff.public_id), name=name)
    return tariff


@transaction.atomic
def change_tariff(
    *, tariff_id: int, prices: Prices, valid_from: dt.datetime, now: dt.datetime, actor: User | None
) -> TariffVersion:
    """Let other prices hold from a moment on; what was before keeps its price.

    :raises TariffChangeTooEarly: in the past, or not after the latest change; nothing was changed
    :raises FeeNeedsPeriod: a fee without days
    :raises PriceNotPositive: a price of nothing or less
    """
    _check_prices(prices)
    tariff = Tariff.objects.select_for_update(of=("self",), no_key=True).get(pk=tariff_id)
    latest = tariff.versions.order_by("-valid_from").first()
    earliest = max(now, latest.valid_from) if latest else now
    if valid_from < now or (latest and valid_from <= latest.valid_from):
        raise TariffChangeTooEarly(earliest=f"{earliest:%Y-%m-%d %H:%M %Z}")
    version = _add_version(tariff, prices, valid_from)
    audit(
        actor=actor,
        action="tariff.changed",
        target=str(tariff.public_id),
        valid_from=valid_from.isoformat(),
    )
    return version


def _check_prices(prices: Prices) -> None:
    sold = [each for each in (prices.price_per_kwh, prices.price_per_day) if each is not None]
    if any(price <= 0 for price in [*sold, *prices.components.values()]):
        raise PriceNotPositive
    if min(prices.access_fee, prices.minimum_purchase, prices.vat_percent) < 0:
        raise PriceNotPositive
    if prices.access_fee and prices.access_fee_days < 1:
        raise FeeNeedsPeriod


def _add_version(tariff: Tariff, prices: Prices, valid_from: dt.datetime) -> TariffVersion:
    version = TariffVersion.objects.create(
        tariff=tariff,
        valid_from=valid_from,
        price_per_kwh=prices.price_per_kwh,
        price_per_day=prices.price_per_day,
        access_fee=prices.access_fee,
        access_fee_days=prices.access_fee_days,
        minimum_purchase=prices.minimum_purchase,
        vat_percent=prices.vat_percent,
    )
    PriceComponent.objects.bulk_create(
        PriceComponent(version=version, name=name, price_per_kwh=price)
        for name, price in prices.components.items()
    )
    return version


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
    :raises CustomerArchived: its customer is archived
    :raises SerialMissing: the serial is empty
    :raises SerialTaken: nothing was changed
    """
    if not serial:
        raise SerialMissing
    require_kind(manufacturer=manufacturer, kind=kind)
    if tariff is None and unit_of(manufacturer=manufacturer) == Unit.KWH:
        raise MeterNeedsTariff
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
    audit(actor=actor, action="device.registered", target=str(device.public_id), serial=serial)
    return device


def register_devices(*, devices: Sequence[Device]) -> None:
    """Add many checked devices in few statements, inside the caller's transaction; ids are set on them.

    :raises IntegrityError: one of them was registered meanwhile
    """
    Device.objects.bulk_create(devices, batch_size=1000)


def complete_devices(*, devices: Sequence[Device]) -> None:
    """Store customer and tariff of devices that had none, inside the caller's transaction."""
    Device.objects.bulk_update(devices, ["customer", "assigned_at", "tariff"], batch_size=500)


@transaction.atomic
def assign_device(
    *,
    device_id: int,
    customer_id: int,
    village_id: int,
    assigned_at: dt.datetime,
    actor: User | None,
) -> Device:
    """Give a device from stock to a customer, to stand in a village. Access fees count from here.

    :raises DeviceHasCustomer: it belongs to somebody; nothing was changed
    :raises DeviceArchived: nothing was changed
    :raises CustomerArchived: nothing was changed
    """
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer_id)
    if customer.is_archived:
        raise CustomerArchived(customer=customer)
    device = (
        Device.objects.select_for_update(of=("self",), no_key=True)
        .select_related("customer")
        .get(pk=device_id)
    )
    if device.archived_at is not None:
        raise DeviceArchived(device=device.label)
    if device.customer is not None:
        raise DeviceHasCustomer(device=device.label, customer=device.customer)
    device.customer, device.village_id = customer, village_id
    device.assigned_at, device.fees_until = assigned_at, None
    device.save(update_fields=["customer", "village", "assigned_at", "fees_until"])
    audit(
        actor=actor,
        action="device.assigned",
        target=str(device.public_id),
        customer=customer.public_id,
    )
    return device


@transaction.atomic
def archive_device(*, device_id: int, archived_at: dt.datetime, actor: User | None) -> Device:
    """Take a device out of use; its history stays. Access fees stop at this moment.

    :raises DeviceArchived: it is already; nothing was changed
    """
    device = Device.objects.select_for_update(of=("self",), no_key=True).get(pk=device_id)
    if device.archived_at is not None:
        raise DeviceArchived(device=device.label)
    device.archived_at = archived_at
    device.save(update_fields=["archived_at"])
    audit(actor=actor, action="device.archived", target=str(device.public_id))
    return device
