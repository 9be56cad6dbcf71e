"""Make the demo company and let it use the sandbox, by the commands that any company is set up with."""

import datetime as dt
import io
import json
import os
import urllib.request
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser

from accounts.models import User
from accounts.services import create_user
from appliances.models import Plan
from common.clock import database_now, today_in
from common.commands import Report, ReportingCommand
from customers.models import Customer
from devices.services import unit_of
from plugins.contracts import Unit
from tenants.models import Company
from tenants.scope import in_company
from tenants.selectors import address_of

SLUG, NAME = "jua", "Jua Power"
PORTFOLIO = Path(__file__).resolve().parents[2] / "demo_portfolio.csv"
PASSWORD_VARIABLE = "DEMO_PASSWORD"  # noqa: S105  the name of a variable
PEOPLE = (
    ("owner@jua.example", "Amina Said", User.Role.OWNER),
    ("money@jua.example", "Asha Mwinyi", User.Role.FINANCIAL_MANAGER),
    ("desk@jua.example", "Juma Kato", User.Role.USER),
)
IN_SANDBOX = (
    "airtel", "vodacom_tz", "calin_meter", "calin_smart_meter", "sunking", "africastalking",
)  # fmt: skip
# Appliance, phone, price, down payment (due at once), instalments, device.
SALES = (
    ("Television 24", "+255754123456", "63000", "3000", 12, ""),
    ("Fridge 100 l", "+255784200113", "480000", "40000", 11, ""),
    ("Maize mill", "+255784510733", "1200000", "100000", 22, ""),
    ("Home 50", "+255686710365", "108000", "9000", 11, "900100201"),
    ("Home 120", "+255754710366", "216000", "0", 12, "900100219"),
)
FIRST_INSTALMENT_AFTER = dt.timedelta(days=30)


class Command(ReportingCommand):
    help = (
        "Makes the demo company with its people, plug-ins, customers and sales, or completes what is there."
        " For `make demo`: its passwords are known to everybody."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sandbox", required=True, metavar="URL", help="Where the sandbox is.")

    def run(self, **options: Any) -> Report:
        if not settings.IS_DEVELOPMENT:
            raise CommandError("The demo company is only for a developer's machine.")
        if not Company.objects.filter(schema_name=SLUG).exists():
            _create_company()
        with in_company(SLUG) as company:
            _add_people()
            webhooks = _connect(options["sandbox"])
            if not Customer.objects.exists():
                said("import_portfolio", str(PORTFOLIO))
            if not Plan.objects.exists():
                _sell(company)
            facts = _facts(company, webhooks)
        return Report(lines=[f"{company.name} is furnished."], facts=facts)


def said(command: str, *words: str) -> dict[str, Any]:
    """Run a command for the demo company and return its JSON."""
    return _json_of(command, "--company", SLUG, *words)


def _json_of(command: str, *words: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command(command, *words, "--json", stdout=out)
    facts: dict[str, Any] = json.loads(out.getvalue())
    return facts


def _create_company() -> None:
    email, name, _role = PEOPLE[0]
    _json_of(
        "create_company", "--name", NAME, "--slug", SLUG, "--country", "TZ", "--currency", "TZS",
        "--timezone", "Africa/Dar_es_Salaam", "--owner-email", email, "--owner-name", name,
        "--owner-password-env", PASSWORD_VARIABLE,
    )  # fmt: skip


def _add_people() -> None:
    for email, name, role in PEOPLE:
        if not User.objects.filter(email=email).exists():
            password = os.environ[PASSWORD_VARIABLE]
            user = create_user(email=email, name=name, role=role, password=password, actor=None)
            EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)


def _connect(sandbox: str) -> dict[str, dict[str, str]]:
    """Enter what the sandbox says an admin enters; return the webhook addresses by plug-in."""
    with urllib.request.urlopen(f"{sandbox}/credentials.json", timeout=10) as answer:  # noqa: S310
        accounts: dict[str, dict[str, Any]] = json.load(answer)
    found = {}
    for plugin in IN_SANDBOX:
        words = [f"{name}={_word(value)}" for name, value in accounts[plugin].items()]
        found[plugin] = said("connect_plugin", plugin, *words)["webhooks"]
    said("connect_plugin", "demo_meter", "seed=the demo company's seed")
    return {plugin: addresses for plugin, addresses in found.items() if addresses}


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    text = str(value)
    return f"@{text}" if text.startswith("@") else text


def _sell(company: Company) -> None:
    first_due = today_in(company.timezone, database_now()) + FIRST_INSTALMENT_AFTER
    for appliance, phone, price, down_payment, count, serial in SALES:
        device = ["--device", serial] if serial else []
        said(
            "sell_appliance", "--phone", phone, "--appliance", appliance, "--price", price,
            "--down-payment", down_payment, "--instalments", str(count), "--every", "30d",
            "--first-due", first_due.isoformat(), *device,
        )  # fmt: skip


def _facts(company: Company, webhooks: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {
        "address": address_of(company),
        "webhooks": webhooks,
        "people": [{"email": email, "role": str(role.label)} for email, _, role in PEOPLE],
        "phonebook": {
            "company": company.name,
            "currency": company.currency,
            "country_code": "255",
            "timezone": company.timezone,
            "customers": _customers(),
        },
    }


def _customers() -> list[dict[str, Any]]:
    """Return who is in the sandbox's phone book, with the devices that it can pretend to be."""
    customers = Customer.objects.prefetch_related("devices").order_by("pk")
    return [
        {
            "name": customer.name,
            "phone": customer.phone,
            "devices": [
                {
                    "serial": device.serial,
                    "unit": _unit(device.manufacturer),
                    "manufacturer": device.manufacturer,
                }
                for device in customer.devices.all()
                if device.manufacturer in IN_SANDBOX
            ],
        }
        for customer in customers
    ]


def _unit(manufacturer: str) -> str:
    return "days" if unit_of(manufacturer=manufacturer) == Unit.DAY else "kWh"
