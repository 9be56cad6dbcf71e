"""Run once in a database of its own: companies whose vendors are the sandboxes at the given addresses.

    python -m simulation.prepare jua=http://127.0.0.1:8010 taa=http://127.0.0.1:8011

Prints as JSON, per company, the key in the webhook addresses of each plug-in.
"""

import datetime as dt
import json
import os
import sys
import urllib.request
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import django

from simulation.airtel import PASSWORD, USERNAME
from simulation.makers.installing import SLUGS
from simulation.site import serial

if TYPE_CHECKING:
    from customers.models import Customer
    from devices.models import Tariff

METERS_OF_A_MAKER = 80
MAKERS = ("calin_meter", "calin_smart_meter")
PLUGINS = (*MAKERS, "sunking", "vodacom_tz", "vodacom_mz", "africastalking")
# The second company differs in what decides about money: no decimals, fees first, a part for debts only.
CURRENCIES = {"jua": "TZS", "taa": "RWF"}
TERMS: dict[str, dict[str, Any]] = {"taa": {"debt_order": "fees_first", "debt_share_percent": 60}}
AIRTEL = {
    "username": USERNAME,
    "password": PASSWORD,
    "country_code": "255",
    "currency": "TZS",
    "check_password": True,
}
OPEN_API = ("client_id", "client_secret", "country", "api_url")


def main(addresses: dict[str, str]) -> None:
    """Migrate, and furnish one company per address."""
    from django.core.management import call_command

    call_command("migrate_schemas", shared=True, verbosity=0)
    print(json.dumps({slug: furnish(slug, sandbox) for slug, sandbox in addresses.items()}))


def furnish(slug: str, sandbox: str) -> dict[str, str]:
    """Make a company with its customer, meters and connections; return its webhook keys."""
    from onboarding.services import change_company
    from plugins.models import Connection
    from tenants.scope import in_company
    from tenants.services import add_company

    company = add_company(
        slug=slug,
        name=f"{slug.capitalize()} Power",
        country="TZ",
        currency=CURRENCIES[slug],
        timezone="Africa/Dar_es_Salaam",
        furnish=lambda _: None,
    )
    with in_company(slug):
        change_company(company=company, actor=None, **TERMS.get(slug, {}))
        connect(sandbox)
        add_meters(slug)
        return dict(Connection.objects.values_list("plugin", "webhook_key"))


def connect(sandbox: str) -> None:
    """Connect the vendors at an address, Airtel's webhooks with an account of its own, and our makers."""
    from plugins.services import connect_plugin

    with urllib.request.urlopen(f"{sandbox}/credentials.json") as answer:  # noqa: S310  our own
        credentials = json.load(answer)
    for slug in PLUGINS:
        connect_plugin(slug=slug, data=credentials[slug], actor=None)
    refunds = {name: credentials["airtel"][name] for name in OPEN_API}
    connect_plugin(slug="airtel", data={**AIRTEL, **refunds}, actor=None)
    connect_plugin(slug="demo_meter", data={"seed": sandbox}, actor=None)
    for slug in SLUGS:
        data = {"api_url": f"{sandbox}/simulation/{slug}"}
        connect_plugin(slug=slug, data=data, actor=None)


def add_meters(company: str) -> None:
    """Give one customer many meters of two makers, all on one tariff without debts."""
    from devices.models import Device

    customer, tariff = add_customer("Neema", "+255754123456"), add_tariff("Household", Decimal(400))
    Device.objects.bulk_create(
        Device(
            kind=Device.Kind.METER,
            manufacturer=maker,
            serial=serial(maker, number, company),
            customer=customer,
            village=customer.village,
            tariff=tariff,
            assigned_at=dt.datetime.now(dt.UTC),
        )
        for maker in MAKERS
        for number in range(METERS_OF_A_MAKER)
    )


def add_customer(first_name: str, phone: str) -> "Customer":
    """Add a customer in the one village."""
    from customers.models import Customer
    from locations.services import Place, ensure_village

    village = ensure_village(Place("Ukerewe", "Ukara", "Bwisya")).village
    return Customer.objects.create(
        first_name=first_name, last_name="Bahati", phone=phone, village=village
    )


def add_tariff(name: str, price_per_kwh: Decimal) -> "Tariff":
    """Add a tariff that is as old as this year."""
    from devices.prices import Prices
    from devices.tariff_changes import create_tariff

    now = dt.datetime.now(dt.UTC)
    return create_tariff(
        name=name,
        prices=Prices(price_per_kwh=price_per_kwh),
        valid_from=now - dt.timedelta(days=300),
        actor=None,
    )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mpm.settings")
    django.setup()
    main(dict(argument.split("=", 1) for argument in sys.argv[1:]))
