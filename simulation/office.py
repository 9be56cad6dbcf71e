"""A process with the product's own services: it furnishes companies and reads their books.

    python -m simulation.office

Takes one request per line as JSON and answers each with a line of JSON. The simulator has no Django of its own,
so that it can run inside a test suite with another database.
"""

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import django

from mpm.embedded.given import PROJECT

Facts = Mapping[str, Any]


class OfficeFailed(Exception):
    """The process died or refused; the text is the end of what it said."""


class Office:
    """The other end: asks the process, and waits for its answers."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "simulation.office"],
            cwd=PROJECT,
            env={**os.environ, **environment, "MPM_CRASH_AT": "", "LOG_LEVEL": "ERROR"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def furnish(self, company: Facts) -> None:
        """Add the customers, devices, tariffs and plans of one company of a plan (as JSON has it)."""
        self._ask("furnish", company=company)

    def book_violations(self, slug: str) -> list[str]:
        """Return what does not hold in the books of a company."""
        found: list[str] = self._ask("books", slug=slug)
        return found

    def refund(self, slug: str, reference: str) -> None:
        """Have the operator send all of a payment back that became credit of its device."""
        self._ask("refund", slug=slug, reference=reference)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _ask(self, what: str, **facts: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"what": what, **facts}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise OfficeFailed(what) from error
        for line in self._process.stdout:
            if line.startswith("{"):
                answer = json.loads(line)
                if "error" in answer:
                    raise OfficeFailed(answer["error"])
                return answer["found"]
        raise OfficeFailed(f"the office ended at {what}")


def serve() -> None:
    """Answer until the other end goes away."""
    from django.db import connection

    doing: dict[str, Callable[..., object]] = {
        "furnish": _furnish,
        "books": _books,
        "refund": _refund,
    }
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"found": doing[asked.pop("what")](**asked)}
        except Exception as error:  # noqa: BLE001  whoever asked is told
            answer = {"error": f"{type(error).__name__}: {error}"}
        # The database may be cut off before the next request.
        connection.close()
        print(json.dumps(answer), flush=True)


def _books(slug: str) -> list[str]:
    from payments import books
    from tenants.scope import in_company

    with in_company(slug):
        return books.violations()


def _refund(slug: str, reference: str) -> None:
    from accounts.models import User
    from payments import services
    from payments.models import Correction, Payment
    from tenants.scope import in_company

    with in_company(slug):
        owner, _ = User.objects.get_or_create(email="owner@office.example")
        payment = Payment.objects.get(reference=reference)
        services.ask_refund(
            pot=Correction.Pot.DEVICE,
            payment_id=payment.pk,
            amount=payment.amount,
            pay_by=Correction.PayBy.OPERATOR,
            reason="Too little for a token",
            actor=owner,
            now=dt.datetime.now(dt.UTC),
        )


def _furnish(company: Facts) -> None:
    from django.db import transaction

    from tenants.scope import in_company

    with in_company(company["slug"]) as ours, transaction.atomic():
        _Furnishing(ours, dt.datetime.now(dt.UTC)).furnish(company)


class _Furnishing:
    """Customers, devices and what they owe, in the open company."""

    def __init__(self, company: Any, now: dt.datetime) -> None:
        from locations.services import Place, ensure_village

        self.company, self.now = company, now
        self.village = ensure_village(Place("Ukerewe", "Ukara", "Bwisya")).village
        self.tariffs: dict[tuple[str, ...], Any] = {}

    def furnish(self, facts: Facts) -> None:
        customers = {each["number"]: self._customer(each) for each in facts["customers"]}
        for device in facts["devices"]:
            self._device(device, customers.get(device["customer"]))

    def _customer(self, facts: Facts) -> Any:
        from customers.models import Customer

        customer = Customer.objects.create(
            first_name="Neema",
            last_name=f"no. {facts['number']}",
            phone=facts["phone"],
            village=self.village,
        )
        for number, sale in enumerate(facts["debts"]):
            self._sell(customer, sale, f"Fridge {number}")
        return customer

    def _device(self, facts: Facts, customer: Any) -> None:
        from devices.models import Device

        sells_days = facts["maker"] == "sunking"
        has_tariff = not facts["sale"]
        device = Device.objects.create(
            kind=Device.Kind.SHS if sells_days else Device.Kind.METER,
            manufacturer=facts["maker"],
            serial=facts["serial"],
            customer=customer,
            village=self.village,
            tariff=self._tariff(facts, by_day=sells_days) if has_tariff else None,
            assigned_at=self._ago(facts["assigned_days_ago"]) if customer else None,
        )
        if facts["sale"]:
            self._sell(customer, facts["sale"], "Kit", device_id=device.pk)

    def _tariff(self, facts: Facts, *, by_day: bool) -> Any:
        from devices.models import Tariff
        from devices.prices import Prices
        from devices.tariff_changes import create_tariff

        price, fee, days = Decimal(facts["price"]), Decimal(facts["fee"]), facts["fee_days"]
        name = f"{price} a {'day' if by_day else 'kWh'}, fee {fee} for {days} days"
        known = Tariff.objects.filter(name=name).first()
        if known:
            return known
        prices = Prices(
            price_per_kwh=None if by_day else price,
            price_per_day=price if by_day else None,
            access_fee=fee,
            access_fee_days=days,
            vat_percent=Decimal(18),
        )
        return create_tariff(name=name, prices=prices, valid_from=self._ago(300), actor=None)

    def _sell(
        self, customer: Any, sale: Facts, appliance: str, *, device_id: int | None = None
    ) -> None:
        from appliances.schedule import Period
        from appliances.services import sell_appliance

        sold_at = self._ago(sale["sold_days_ago"])
        sell_appliance(
            company=self.company,
            customer_id=customer.pk,
            appliance=appliance,
            price=Decimal(sale["price"]),
            down_payment=Decimal(0),
            instalments=sale["instalments"],
            every=Period(30),
            first_due=(sold_at + dt.timedelta(days=30)).date(),
            sold_at=sold_at,
            actor=None,
            device_id=device_id,
            vat_percent=Decimal(18),
        )

    def _ago(self, days: int) -> dt.datetime:
        return self.now - dt.timedelta(days=days)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mpm.settings")
    django.setup()
    serve()
