"""One box for everything: a name, a phone in any spelling, a device number, a receipt."""

from dataclasses import dataclass

from django.urls import reverse

from accounts.access import may
from accounts.models import User
from customers.models import Customer
from customers.selectors import customer_list, customers_with_phone
from desk.customers import CustomerRow, customer_rows
from desk.devices import DeviceRow, device_rows
from devices.selectors import device_list, device_with_serial
from payments.models import Payment
from payments.selectors import exact_hit, matching
from payments.standing import Standing, standings
from tenants.models import Company

MOST = 10


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
        Payment.objects.select_related("connection", "customer", "device")
        .exclude(state=Payment.State.VALIDATED)
        .filter(matching(text, country=country))
        .order_by("-pk")
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
