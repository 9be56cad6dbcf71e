"""A company with much of everything, for pages that must stay light, quick and readable when they are full."""

from decimal import Decimal
from types import SimpleNamespace

from customers.models import Customer
from devices.models import Device
from tests.line import airtel_xml, work_all

LONG_NAME = ("Mwanahawa Abdulrahman Kitwana", "Nyambura-Mgonja")
CUSTOMERS = 60
PAYMENTS = 55


def fill(world: SimpleNamespace, client) -> SimpleNamespace:
    """Add sixty customers with a meter each, and a payment of most of them that became a token."""
    world.customers = [
        Customer.objects.create(
            first_name=LONG_NAME[0] if number == 0 else f"Customer {number}",
            last_name=LONG_NAME[1] if number == 0 else "Kimaro",
            phone=f"+25575490{number:04d}",
            village=world.village,
        )
        for number in range(CUSTOMERS)
    ]
    world.devices = [
        Device.objects.create(
            kind=Device.Kind.METER,
            manufacturer=world.meter.manufacturer,
            serial=f"4700020{number:04d}",
            customer=customer,
            village=world.village,
            tariff=world.tariff,
            assigned_at=world.meter.assigned_at,
        )
        for number, customer in enumerate(world.customers)
    ]
    door = f"/webhooks/airtel/{world.airtel.webhook_key}/process"
    for number in range(PAYMENTS):
        amount = Decimal(1_250_000_000) if number == 0 else Decimal(5000 + number)
        body = airtel_xml(
            reference=f"BUSY{number:04d}", amount=str(amount), account=world.devices[number].serial
        )
        assert client.post(door, body, content_type="application/xml").status_code == 200
    work_all()
    return world
