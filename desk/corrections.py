"""Refunds and reversals as the pages of a customer and of a device list them."""

from dataclasses import dataclass

from django.db.models import Q

from common.badges import Badge
from customers.models import Customer
from devices.models import Device
from payments.models import Correction
from payments.standing import correction_badge

LATEST = 5


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    correction: Correction
    badge: Badge


def corrections_of_customer(customer: Customer) -> list[CorrectionRow]:
    """Return the newest refunds and reversals of a customer's payments and credit."""
    return _newest(Q(customer=customer) | Q(payment__customer=customer))


def corrections_of_device(device: Device) -> list[CorrectionRow]:
    """Return the newest refunds and reversals of a device's payments and credit."""
    return _newest(Q(device=device) | Q(payment__device=device))


def _newest(condition: Q) -> list[CorrectionRow]:
    found = Correction.objects.filter(condition).order_by("-pk")[:LATEST]
    return [CorrectionRow(each, correction_badge(each)) for each in found]
