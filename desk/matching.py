"""Whom an unmatched payment may be meant for: guesses with their reason, and a search."""

import difflib
from dataclasses import dataclass
from typing import Any

from customers.selectors import customers_with_phone
from devices.models import Device
from devices.selectors import device_list
from payments.models import Payment
from tenants.models import Company

MOST = 20
NEAR = 0.85  # one wrong or missing digit of eleven is nearer than this
NEAREST = 5
LOOK_AT = 500


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device that takes money. ``hints`` say what speaks for it."""

    device: Device
    is_near: bool = False
    is_payers: bool = False


def candidates(company: Company, payment: Payment, text: str) -> list[Candidate]:
    """Return devices to choose from: those a search finds, else those that the payment points to."""
    if text:
        found = device_list(country=company.country, asked={"q": text, "state": "with_customer"})
        return [Candidate(device) for device in _payable(found)[:MOST]]
    of_payer = {device.pk: device for device in _of_payer(company, payment)}
    near = {device.pk: device for device in _near(payment.account)}
    both = {**near, **of_payer}
    guesses = [Candidate(d, is_near=pk in near, is_payers=pk in of_payer) for pk, d in both.items()]
    return sorted(guesses, key=lambda each: -(each.is_near + each.is_payers))[:MOST]


def _payable(devices: Any) -> list[Device]:
    payable = devices.filter(customer__archived_at=None, archived_at=None, customer__isnull=False)
    return list(payable.select_related("customer__village")[:LOOK_AT])


def _of_payer(company: Company, payment: Payment) -> list[Device]:
    if not payment.payer_phone:
        return []
    owners = customers_with_phone(payment.payer_phone, country=company.country).values("pk")
    return _payable(Device.objects.filter(customer__in=owners).order_by("serial"))


def _near(account: str) -> list[Device]:
    """Return devices whose number begins or ends like what was typed and differs little from it."""
    typed = "".join(account.split())
    if len(typed) < 5:
        return []
    half = len(typed) // 2
    alike = Device.objects.filter(serial__startswith=typed[:half]) | Device.objects.filter(
        serial__endswith=typed[-half:]
    )
    found = {device: _likeness(device, typed) for device in _payable(alike.order_by("serial"))}
    near = [device for device, likeness in found.items() if likeness > NEAR]
    return sorted(near, key=lambda device: -found[device])[:NEAREST]


def _likeness(device: Device, typed: str) -> float:
    return difflib.SequenceMatcher(None, device.serial.lower(), typed.lower()).ratio()
