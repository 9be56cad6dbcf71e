"""A customer who was archived comes back."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from common.clock import today_in
from customers import services as customers
from customers.models import Customer
from devices.fees import begin_anew
from devices.models import Device
from tenants.models import Company


@transaction.atomic
def restore_customer(
    *, company: Company, customer_id: int, reason: str, actor: User, now: datetime
) -> Customer:
    """Sell to an archived customer again. For the time between no access fees fall due.

    :raises CustomerNotArchived: nothing was changed
    :raises CustomerLeadsOn: it is merged into another record
    """
    customer = customers.lock_customer(customer_id)
    customers.require_restorable(customer)
    today = today_in(company.timezone, now)
    for device_id in _devices(customer):
        begin_anew(company=company, device_id=device_id, today=today)
    return customers.restore_customer(customer_id=customer.pk, reason=reason, actor=actor)


def _devices(customer: Customer) -> list[int]:
    devices = Device.objects.select_for_update(of=("self",), no_key=True)
    held = devices.filter(customer=customer, archived_at=None).order_by("pk")
    return list(held.values_list("pk", flat=True))
