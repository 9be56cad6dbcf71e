"""Registering a customer, mostly with a device: from stock, or new."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from common.errors import DomainError
from common.words import _
from customers.models import Customer
from customers.services import register_customer
from devices.models import Device, Tariff
from devices.services import DeviceHasCustomer, assign_device, register_device
from locations.models import Village
from plugins import registry
from plugins.contracts import Kind, Manufacturer
from plugins.models import Connection


class NoSuchDevice(DomainError):
    message = _(
        "There is no device with the number %(serial)s. If it is new, choose what it is; else look at the number."
    )


class IsAnotherDevice(DomainError):
    message = _(
        "There is a device with the number %(serial)s already: %(device)s of %(maker)s. Leave “%(field)s” empty to"
        " take it from stock."
    )


@dataclass(frozen=True, slots=True)
class WantedDevice:
    """A device as somebody names it. Without ``make`` it has to be in stock already."""

    serial: str
    make: str = ""  # "manufacturer:kind"
    tariff: Tariff | None = None

    @property
    def manufacturer(self) -> str:
        return self.make.partition(":")[0]

    @property
    def kind(self) -> str:
        return self.make.partition(":")[2]


def makes_offered() -> list[tuple[str, str]]:
    """Return what can be registered: the kinds of devices of every manufacturer that is set up and on."""
    words = dict(Device.Kind.choices)
    found = []
    connections = Connection.objects.filter(kind=Kind.MANUFACTURER, is_on=True).order_by("plugin")
    for slug in connections.values_list("plugin", flat=True):
        try:
            maker = registry.manufacturer(slug)
        except registry.UnknownPlugin:
            continue
        found += [
            (f"{slug}:{kind}", _label(maker, kind, words)) for kind in sorted(maker.device_kinds)
        ]
    return found


def _label(maker: type[Manufacturer], kind: str, words: Mapping[str, Any]) -> str:
    return f"{words.get(kind, kind)}, {maker.label}"


@transaction.atomic
def register(*, person: Mapping[str, Any], wanted: WantedDevice | None, actor: User) -> Customer:
    """Add a customer and, where one is wanted, give the device out; both or neither.

    :raises DomainError: the person is known, or the device is not to be had; nothing was changed
    """
    customer = register_customer(**person, actor=actor)
    if wanted is not None:
        give(wanted, customer=customer, village=customer.village, actor=actor)
    return customer


@transaction.atomic
def give(wanted: WantedDevice, *, customer: Customer, village: Village, actor: User) -> Device:
    """Give a device to a customer: the one in stock of this number, or a new one.

    :raises NoSuchDevice: unknown, and nobody said what it is
    :raises IsAnotherDevice: known, but as something else
    :raises DomainError: it belongs to somebody, is archived, or cannot be registered
    """
    known = Device.objects.select_related("customer").filter(serial__iexact=wanted.serial).first()
    if known is None:
        return _new(wanted, customer=customer, village=village, actor=actor)
    if wanted.make and (known.manufacturer, known.kind) != (wanted.manufacturer, wanted.kind):
        maker = registry.get(known.manufacturer).label
        raise IsAnotherDevice(
            serial=known.serial, device=known.get_kind_display(), maker=maker, field=_("What it is")
        )
    if known.customer is not None:
        raise DeviceHasCustomer(device=known.label, customer=known.customer)
    return assign_device(
        device_id=known.pk,
        customer_id=customer.pk,
        village_id=village.pk,
        assigned_at=timezone.now(),
        actor=actor,
    )


def _new(wanted: WantedDevice, *, customer: Customer, village: Village, actor: User) -> Device:
    if not wanted.make:
        raise NoSuchDevice(serial=wanted.serial)
    return register_device(
        kind=wanted.kind,
        manufacturer=wanted.manufacturer,
        serial=wanted.serial,
        village=village,
        tariff=wanted.tariff,
        customer=customer,
        assigned_at=timezone.now(),
        actor=actor,
    )
