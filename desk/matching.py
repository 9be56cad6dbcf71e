"""Whom an unmatched payment may be meant for: guesses with their reason, a search, and earlier payments."""

import datetime as dt
import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from customers.models import Customer
from customers.selectors import customer_list, customers_with_phone
from customers.selectors import matching as named
from devices.models import Device
from devices.selectors import device_list
from payments.models import Payment
from tenants.models import Company

MOST = 20
MOST_CUSTOMERS = 10
NEAR = 0.85  # one wrong or missing digit of eleven is nearer than this
NEAREST = 5
LOOK_AT = 500
EARLIER = 5
SHORTEST_WORD = 3


@dataclass(slots=True)
class Candidate:
    """A device that takes money, or a customer who keeps it as credit. The rest says what speaks for it."""

    device: Device | None = None
    customer: Customer | None = None
    is_near: bool = False
    is_payers: bool = False
    is_named: bool = False
    paid_last: dt.datetime | None = None

    @property
    def value(self) -> str:
        """Name it in the form."""
        if self.device:
            return f"device:{self.device.public_id}"
        return f"customer:{self.customer.public_id}" if self.customer else ""

    @property
    def weight(self) -> int:
        paid = 4 if self.paid_last else 0
        return paid + 2 * self.is_near + 2 * self.is_payers + self.is_named


@dataclass(slots=True)
class Matches:
    """Devices and customers to choose from, and where money of the same phone went before."""

    devices: list[Candidate] = field(default_factory=list)
    customers: list[Candidate] = field(default_factory=list)
    earlier: list[Payment] = field(default_factory=list)

    @property
    def all(self) -> list[Candidate]:
        return [*self.devices, *self.customers]


def matches(company: Company, payment: Payment, text: str) -> Matches:
    """Return what to choose from: what a search finds, else what the payment points to."""
    earlier = earlier_payments(payment)
    if text:
        devices = device_list(country=company.country, asked={"q": text, "state": "with_customer"})
        customers = customer_list(country=company.country, asked={"q": text})
        return Matches(
            devices=[Candidate(device=device) for device in _payable(devices)[:MOST]],
            customers=[Candidate(customer=each) for each in customers[:MOST_CUSTOMERS]],
            earlier=earlier,
        )
    devices_guessed = _guesses(company, payment, earlier)
    with_devices = {each.device.customer_id for each in devices_guessed if each.device}
    owners = {each.pk: each for each in _payers(company, payment) if each.pk not in with_devices}
    credited = {
        each.customer_id: each
        for each in reversed(earlier)
        if each.customer_id and not each.device_id
    }
    customers_guessed = [Candidate(customer=each, is_payers=True) for each in owners.values()]
    for customer in Customer.objects.filter(pk__in=credited, archived_at=None).select_related(
        "village"
    ):
        paid_last = credited[customer.pk].booked_at
        customers_guessed.append(Candidate(customer=customer, paid_last=paid_last))
    return Matches(devices_guessed, customers_guessed[:MOST_CUSTOMERS], earlier)


def earlier_payments(payment: Payment) -> list[Payment]:
    """Return the newest payments of the same phone over the same operator that went somewhere."""
    if not payment.payer_phone:
        return []
    same = Payment.objects.filter(
        payer_phone=payment.payer_phone,
        connection=payment.connection,
        customer__isnull=False,
        booked_at__isnull=False,
    )
    same = same.exclude(pk=payment.pk).select_related("device", "customer")
    return list(same.order_by("-booked_at", "-pk")[:EARLIER])


def _guesses(company: Company, payment: Payment, earlier: Iterable[Payment]) -> list[Candidate]:
    found: dict[int, Candidate] = {}

    def add(devices: Iterable[Device], **hints: Any) -> None:
        for device in devices:
            each = found.setdefault(device.pk, Candidate(device=device))
            for name, value in hints.items():
                setattr(each, name, value)

    last = {each.device_id: each.booked_at for each in reversed(list(earlier)) if each.device_id}
    add(_near(payment.account), is_near=True)
    owners = [each.pk for each in _payers(company, payment)]
    add(_payable(Device.objects.filter(customer__in=owners)), is_payers=True)
    add(_payable(Device.objects.filter(customer__in=_named(company, payment))), is_named=True)
    for device in _payable(Device.objects.filter(pk__in=list(last))):
        add([device], paid_last=last[device.pk])
    return sorted(found.values(), key=lambda each: -each.weight)[:MOST]


def _payable(devices: QuerySet[Device]) -> list[Device]:
    payable = devices.filter(customer__archived_at=None, archived_at=None, customer__isnull=False)
    return list(payable.select_related("customer__village").order_by("serial")[:LOOK_AT])


def _payers(company: Company, payment: Payment) -> list[Customer]:
    """Return the customers whose phone paid."""
    if not payment.payer_phone:
        return []
    owners = customers_with_phone(payment.payer_phone, country=company.country)
    return list(owners.filter(archived_at=None).select_related("village"))


def _named(company: Company, payment: Payment) -> QuerySet[Any]:
    """Return the ids of customers who bear all words of the payer's name; a single word says too little."""
    words = [word for word in payment.payer_name.split() if len(word) >= SHORTEST_WORD]
    if len(words) < 2:
        return Customer.objects.none().values("pk")
    customers = Customer.objects.filter(named(" ".join(words), country=company.country))
    return customers.order_by("pk").values("pk")[:MOST]


def _near(account: str) -> list[Device]:
    """Return devices whose number begins or ends like what was typed and differs little from it."""
    typed = "".join(account.split())
    if len(typed) < 5:
        return []
    half = len(typed) // 2
    alike = Device.objects.filter(serial__startswith=typed[:half]) | Device.objects.filter(
        serial__endswith=typed[-half:]
    )
    found = {device: _likeness(device, typed) for device in _payable(alike)}
    near = [device for device, likeness in found.items() if likeness > NEAR]
    return sorted(near, key=lambda device: -found[device])[:NEAREST]


def _likeness(device: Device, typed: str) -> float:
    return difflib.SequenceMatcher(None, device.serial.lower(), typed.lower()).ratio()
