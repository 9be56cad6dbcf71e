"""Reading devices: finding them by number, the list, and what is owed for them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet, Sum, TextChoices

from common.words import _
from customers import selectors as customers
from customers.models import Customer
from devices.models import AccessFee, Device
from plugins import registry

ZERO = Decimal(0)


class Sort(TextChoices):
    SERIAL = "serial", _("Number")
    NEWEST = "newest", _("Newest first")
    CUSTOMER = "customer", _("Customer")


ORDERS = {
    Sort.SERIAL: ("serial",),
    Sort.NEWEST: ("-created_at", "-pk"),
    Sort.CUSTOMER: ("customer__last_name", "customer__first_name", "serial"),
}


class Standing(TextChoices):
    WITH_CUSTOMER = "with_customer", _("With a customer")
    FREE = "free", _("Without a customer")
    ARCHIVED = "archived", _("Archived")


@dataclass(frozen=True, slots=True)
class OpenFees:
    """Access fees that are not paid in full."""

    total: Decimal
    count: int
    oldest: dt.date


def device_list(*, country: str, asked: dict[str, Any]) -> QuerySet[Device]:
    """Return the devices that a filter asks for; without one, all that are not archived.

    :param asked: what ``DeviceFilter.asked`` returned
    """
    devices = Device.objects.select_related("customer", "village")
    standing = asked.get("state")
    devices = devices.filter(archived_at__isnull=standing != Standing.ARCHIVED)
    if standing in {Standing.FREE, Standing.WITH_CUSTOMER}:
        devices = devices.filter(customer__isnull=standing == Standing.FREE)
    for name in ("kind", "manufacturer"):
        if asked.get(name):
            devices = devices.filter(**{name: asked[name]})
    if asked.get("village"):
        devices = devices.filter(village__public_id=asked["village"])
    if asked.get("q"):
        devices = devices.filter(matching(asked["q"], country=country))
    return devices.order_by(*ORDERS[Sort(asked.get("sort") or Sort.SERIAL)])


def matching(text: str, *, country: str) -> Q:
    """Return what finds a device by part of its number, or by name or phone of its customer."""
    number = "".join(text.split())
    found = customers.matching(text, country=country)
    of_customer = Customer.objects.filter(found).values("pk")
    return Q(serial__icontains=number) | Q(customer__in=of_customer)


def device_with_serial(text: str) -> Device | None:
    """Return the device with exactly this number, spaces and case aside."""
    return Device.objects.filter(serial__iexact="".join(text.split())).first()


def manufacturers_in_use() -> list[str]:
    """Return the slugs of manufacturers that this company has devices of."""
    slugs = Device.objects.order_by("manufacturer").values_list("manufacturer", flat=True)
    return list(slugs.distinct())


def open_fees_by_customer(customer_ids: Sequence[int]) -> dict[int, OpenFees]:
    """Return what customers owe in access fees, in one query; those who owe none are absent."""
    return _open_fees("device__customer_id", customer_ids)


def open_fees_by_device(device_ids: Sequence[int]) -> dict[int, OpenFees]:
    """Return what is owed in access fees for devices, in one query; free ones are absent."""
    return _open_fees("device_id", device_ids)


def _open_fees(owner: str, ids: Sequence[int]) -> dict[int, OpenFees]:
    unpaid = AccessFee.objects.filter(paid__lt=F("amount"), **{f"{owner}__in": ids})
    sums = unpaid.values(owner).annotate(
        total=Sum(F("amount") - F("paid")), count=Count("pk"), oldest=Min("due_date")
    )
    return {
        each[owner]: OpenFees(each["total"] or ZERO, each["count"], each["oldest"]) for each in sums
    }


def latest_fees(device_id: int, *, count: int) -> list[AccessFee]:
    """Return a device's access fees, the last due first."""
    return list(AccessFee.objects.filter(device_id=device_id).order_by("-due_date")[:count])


def manufacturer_label(slug: str) -> str:
    """Return the plug-in's name, or its slug when it is no longer installed."""
    try:
        return registry.get(slug).label
    except registry.UnknownPlugin:
        return slug
