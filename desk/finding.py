"""One box for everything: a name, a phone in any spelling, a device number, a receipt."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.access import may
from accounts.models import User
from common.words import _
from customers.models import Customer
from customers.selectors import customer_list, customers_with_phone
from desk.customer_list import CustomerRow, customer_rows, customers_asked
from desk.devices import DeviceRow, device_rows
from devices.selectors import device_list, device_with_serial
from messaging.selectors import message_list
from payments.models import Payment
from payments.selectors import exact_hit, matching
from payments.standing import Standing, standings
from tenants.models import Company

MOST = 10
MOST_COUNTED = 100


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found of each kind, at most ten, and how much there is in all."""

    customers: list[CustomerRow]
    customer_count: int
    devices: list[DeviceRow]
    device_count: int
    payments: list[tuple[Payment, Standing]]
    payment_count: int

    @property
    def is_empty(self) -> bool:
        return not (self.customer_count or self.device_count or self.payment_count)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """How much of another kind a list's search would find, and where. ``is_more``: at least that much."""

    label: Any
    count: int
    is_more: bool
    url: str


KINDS: tuple[tuple[str, str, Any, dict[str, str]], ...] = (
    # what a list's view is called, who may see it, its name, what else its address asks
    ("desk:customer-list", "customers.view_customer", _("Customers"), {}),
    ("desk:device-list", "devices.view_device", _("Devices"), {}),
    ("payments:payment-list", "payments.view_payment", _("Payments"), {"period": "all"}),
    ("messaging:message-list", "messaging.view_message", _("Messages"), {}),
)


def elsewhere(company: Company, user: User, text: str, *, here: str) -> list[Elsewhere]:
    """Return which other lists have something for this text, at most a hundred counted of each.

    :param here: the view that searches its own list already
    """
    found = []
    for view, permission, label, asked in KINDS:
        if view == here or not may(user, permission):
            continue
        count = _rows(view, company, text)[: MOST_COUNTED + 1].count()
        if count:
            url = f"{reverse(view)}?{urlencode({**asked, 'q': text})}"
            shown = min(count, MOST_COUNTED)
            found.append(Elsewhere(label, shown, count > MOST_COUNTED, url))
    return found


def _rows(view: str, company: Company, text: str) -> QuerySet[Any]:
    asked, country = {"q": text}, company.country
    match view:
        case "desk:customer-list":
            return customers_asked(company, asked, now=timezone.now()).order_by()
        case "desk:device-list":
            return device_list(country=country, asked=asked).order_by()
        case "payments:payment-list":
            return _payments(text, country)
    return message_list(country=country, asked=asked).order_by()


def _payments(text: str, country: str) -> QuerySet[Any]:
    payments = Payment.objects.exclude(state=Payment.State.VALIDATED)
    return payments.filter(matching(text, country=country))


def exact_url(company: Company, user: User, text: str) -> str:
    """Return the page of the one thing that this text names exactly, or nothing.

    A receipt or reference opens its payment, a number its device, a phone its customer.
    """
    payment = exact_hit(text) if may(user, "payments.view_payment") else None
    device = device_with_serial(text) if may(user, "devices.view_device") else None
    owners: list[Customer] = []
    if may(user, "customers.view_customer"):
        owners = list(customers_with_phone(text, country=company.country)[:2])
    found = []
    if payment:
        found.append(reverse("desk:payment", args=[payment.public_id]))
    if device:
        found.append(reverse("desk:device", args=[device.public_id]))
    found += [reverse("desk:customer", args=[owner.public_id]) for owner in owners]
    return found[0] if len(found) == 1 else ""


def hits(company: Company, user: User, text: str) -> Hits:
    """Return what matches, of the kinds that this user may see."""
    asked, country = {"q": text}, company.country
    customers = customer_list(country=country, asked=asked)
    devices = device_list(country=country, asked=asked)
    payments = (
        _payments(text, country).select_related("connection", "customer", "device").order_by("-pk")
    )
    if not may(user, "customers.view_customer"):
        customers = customers.none()
    if not may(user, "devices.view_device"):
        devices = devices.none()
    if not may(user, "payments.view_payment"):
        payments = payments.none()
    shown = list(payments[:MOST])
    stand = standings(shown)
    return Hits(
        customers=customer_rows(list(customers.prefetch_related("devices")[:MOST])),
        customer_count=customers.count(),
        devices=device_rows(list(devices[:MOST])),
        device_count=devices.count(),
        payments=[(payment, stand[payment.pk]) for payment in shown],
        payment_count=payments.count(),
    )
