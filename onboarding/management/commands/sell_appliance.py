"""Sell an appliance on instalments."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from appliances.models import Plan
from appliances.schedule import parse_period
from appliances.selectors import instalments_of
from appliances.services import sell_appliance
from common.commands import Report
from common.money import parse_amount
from common.phone import parse_phone
from customers.models import Customer
from devices.models import Device
from tenants.commands import CompanyCommand
from tenants.models import Company


class Command(CompanyCommand):
    help = (
        "Sells an appliance to a customer on a plan. A down payment is the first part of the plan, due on the day"
        " of the sale and paid like an instalment. With a device, payments for the device pay the plan and earn"
        " days; without one, what is due is taken from the customer's payments."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--phone", required=True, help="The customer's, like +255754123456.")
        parser.add_argument(
            "--customer-name", default="", help="Needed where several customers have this phone."
        )
        parser.add_argument("--appliance", required=True, help="Its name, like “Home 50”.")
        parser.add_argument("--price", required=True, help="With VAT and down payment.")
        parser.add_argument("--down-payment", default="0")
        parser.add_argument("--instalments", required=True, type=int, metavar="COUNT")
        parser.add_argument(
            "--every",
            required=True,
            metavar="PERIOD",
            help="30d for days, 2w for weeks, 1m for months.",
        )
        parser.add_argument("--first-due", required=True, metavar="YYYY-MM-DD")
        parser.add_argument(
            "--vat-percent", default="0", help="Contained in the price. Default: 0."
        )
        parser.add_argument("--device", default="", metavar="SERIAL")

    def run_in(self, company: Company, **options: Any) -> Report:
        phone = parse_phone(options["phone"], company.country)
        plan = sell_appliance(
            company=company,
            customer_id=_customer(phone, options["customer_name"]).pk,
            appliance=options["appliance"],
            price=parse_amount(options["price"], company.currency),
            down_payment=parse_amount(options["down_payment"], company.currency),
            instalments=options["instalments"],
            every=parse_period(options["every"]),
            first_due=_day(options["first_due"]),
            sold_at=timezone.now(),
            vat_percent=_percent(options["vat_percent"]),
            device_id=_device(options["device"]).pk if options["device"] else None,
            actor=None,
        )
        return _report(plan, company)


def _customer(phone: str, name: str) -> Customer:
    found = [each for each in Customer.objects.filter(phone=phone) if name in {"", each.name}]
    if not found:
        named = f" and the name “{name}”" if name else ""
        raise CommandError(f"There is no customer with the phone {phone}{named}.")
    if len(found) > 1:
        names = ", ".join(sorted(each.name for each in found))
        raise CommandError(
            f"Several customers have the phone {phone}: {names}. Add --customer-name."
        )
    return found[0]


def _device(serial: str) -> Device:
    device = Device.objects.filter(serial=serial).first()
    if device is None:
        raise CommandError(f"There is no device with the serial number {serial}.")
    return device


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"“{text}” is not a day. Write it like 2027-01-31.") from None


def _percent(text: str) -> Decimal:
    is_number = text.isascii() and text.replace(".", "", 1).isdigit() and len(text) <= 6
    percent = Decimal(text) if is_number else Decimal(-1)
    if not 0 <= percent < 100 or percent != round(percent, 2):
        raise CommandError(f"“{text}” is not a VAT rate. Write per cent, like 18 or 17.5.")
    return percent


def _report(plan: Plan, company: Company) -> Report:
    parts = list(instalments_of(plan.pk))
    what = f"{plan.appliance} to {plan.customer} for {plan.price} {company.currency}"
    lines = [f"Sold {what}{f' on {plan.device.label}' if plan.device else ''}. Due:"]
    lines += [f"{part.due_date}  {part.cost}" for part in parts]
    return Report(
        lines=lines,
        facts={
            "plan": plan.public_id,
            "customer": plan.customer.name,
            "appliance": plan.appliance.name,
            "device": plan.device.serial if plan.device else None,
            "price": plan.price,
            "currency": company.currency,
            "instalments": [
                {
                    "number": part.number,
                    "due_date": part.due_date,
                    "cost": part.cost,
                    "days": part.days,
                }
                for part in parts
            ],
        },
    )
