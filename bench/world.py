"""Run as a program with Django: fill a company with devices and the connections of the sandbox."""

import json
import os
import sys
import urllib.request
from decimal import Decimal
from typing import Any

import django

PLUGINS = ("airtel", "calin_meter", "africastalking")


def main(slug: str, device_count: int, sandbox_url: str) -> dict[str, Any]:
    """Fill the company and return what Airtel must know to call it."""
    from plugins.models import Connection
    from plugins.services import connect_plugin
    from tenants.scope import in_company

    with urllib.request.urlopen(f"{sandbox_url}/credentials.json") as answer:  # noqa: S310  our own
        accounts = json.load(answer)
    with in_company(slug):
        for plugin in PLUGINS:
            connect_plugin(slug=plugin, data=accounts[plugin], actor=None)
        serials = [f"{47_000_000_000 + number}" for number in range(device_count)]
        add_meters(serials)
        key = Connection.objects.get(plugin="airtel").webhook_key
    return {"key": key, "serials": serials, "airtel": accounts["airtel"]}


def add_meters(serials: list[str]) -> None:
    """Give each serial a customer of its own, all on one tariff without debts."""
    from django.utils import timezone

    from customers.models import Customer
    from devices.models import Device
    from devices.prices import Prices
    from devices.tariff_changes import create_tariff
    from locations.services import Place, ensure_village

    now = timezone.now()
    village = ensure_village(Place("Ukerewe", "Ukara", "Bwisya")).village
    prices = Prices(price_per_kwh=Decimal(400))
    tariff = create_tariff(name="Household", prices=prices, valid_from=now, actor=None)
    customers = Customer.objects.bulk_create(
        Customer(first_name="Neema", last_name=serial, phone=phone(serial), village=village)
        for serial in serials
    )
    Device.objects.bulk_create(
        Device(
            kind=Device.Kind.METER,
            manufacturer="calin_meter",
            serial=serial,
            customer=customer,
            village=village,
            tariff=tariff,
            assigned_at=now,
        )
        for serial, customer in zip(serials, customers, strict=True)
    )


def phone(serial: str) -> str:
    """Return the phone of the customer of this device."""
    return f"+25575{int(serial) % 10_000_000:07d}"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mpm.settings")
    django.setup()
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
