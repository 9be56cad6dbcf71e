"""What the page of a customer shows, from the rooms that know it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, OuterRef, QuerySet

from appliances.models import Plan
from appliances.progress import OpenInstalments, open_by_customer, plans_with_progress
from common.clock import midnight, today_in
from customers.models import Customer
from desk.bought import GIVEN_BACK, PaymentRow, payment_rows
from desk.corrections import CorrectionRow, corrections_of_customer
from desk.customer_list import owed
from desk.customer_records import record_phones
from devices.models import Device
from devices.selectors import (
    OpenFees,
    manufacturer_label,
    open_fees_by_customer,
    open_fees_by_device,
)
from ledger.models import Account
from ledger.selectors import balance, balances
from messaging.models import IncomingMessage, Message
from payments.models import Conflict, Payment
from tenants.models import Company
from vending.models import TokenOrder

ZERO = Decimal(0)
LATEST_PAYMENTS = 10
LATEST_MESSAGES = 5
MONTHS = 12


@dataclass(frozen=True, slots=True)
class MonthPaid:
    total: Decimal
    count: int


@dataclass(frozen=True, slots=True)
class DeviceCard:
    """A device beside its customer, with what is said of it in two lines."""

    device: Device
    label: str
    fees: OpenFees | None
    plan: Plan | None


@dataclass(frozen=True, slots=True)
class Said:
    """One SMS, ours or theirs."""

    text: str
    language: str
    at: dt.datetime
    is_theirs: bool
    message: Message | None = None


@dataclass(frozen=True, slots=True)
class CustomerPage:
    instalments: OpenInstalments | None
    fees: OpenFees | None
    owes: Decimal
    credit: Decimal
    own_credit: Decimal  # of the customer, for no device
    this_month: MonthPaid
    last_month: MonthPaid
    last_month_day: dt.date
    last_order: TokenOrder | None
    payments: list[PaymentRow]
    payment_count: int
    devices: list[DeviceCard]
    plans: list[Plan]
    said: list[Said]
    energy: list[tuple[dt.date, Decimal]]
    corrections: list[CorrectionRow]


def customer_page(
    company: Company, customer: Customer, *, now: dt.datetime, language: str
) -> CustomerPage:
    """Gather what the page of a customer shows; the number of queries is constant."""
    today = today_in(company.timezone, now)
    first = today.replace(day=1)
    previous = (first - dt.timedelta(days=1)).replace(day=1)
    devices = list(
        Device.objects.filter(customer=customer).select_related("tariff", "village").order_by("pk")
    )
    plans = list(plans_with_progress().filter(customer=customer))
    instalments = open_by_customer([customer.pk]).get(customer.pk)
    fees = open_fees_by_customer([customer.pk]).get(customer.pk)
    payments = Payment.objects.filter(customer=customer).exclude(state=Payment.State.VALIDATED)
    zone = company.timezone
    own_credit = balance(Account.CUSTOMER_CREDIT, customer.pk)
    return CustomerPage(
        instalments=instalments,
        fees=fees,
        owes=owed(instalments, fees) + balance(Account.CUSTOMER_RECEIVABLE, customer.pk),
        credit=own_credit + _device_credit(devices),
        own_credit=own_credit,
        this_month=_paid_between(payments, midnight(first, zone), None),
        last_month=_paid_between(payments, midnight(previous, zone), midnight(first, zone)),
        last_month_day=previous,
        last_order=_last_order(customer),
        payments=latest_payments(payments, company, language),
        payment_count=payments.count(),
        devices=device_cards(devices, plans),
        plans=plans,
        said=_said(customer),
        energy=_energy_by_month(customer, first, zone),
        corrections=corrections_of_customer(customer),
    )


def _device_credit(devices: Sequence[Device]) -> Decimal:
    of_devices = balances(Account.DEVICE_CREDIT, [device.pk for device in devices])
    return sum(of_devices.values(), ZERO)


def _paid_between(
    payments: QuerySet[Payment], since: dt.datetime, until: dt.datetime | None
) -> MonthPaid:
    kept = payments.filter(booked_at__gte=since).exclude(state__in=GIVEN_BACK)
    if until:
        kept = kept.filter(booked_at__lt=until)
    found = kept.values_list("amount", flat=True)
    amounts = list(found)
    return MonthPaid(sum(amounts, ZERO), len(amounts))


def _last_order(customer: Customer) -> TokenOrder | None:
    issued = TokenOrder.objects.filter(
        device__customer=customer, state=TokenOrder.State.ISSUED, task=TokenOrder.Task.CREDIT
    )
    return issued.order_by("-pk").first()


def latest_payments(
    payments: QuerySet[Payment], company: Company, language: str
) -> list[PaymentRow]:
    """Return the newest payments as rows."""
    conflicts = Conflict.objects.filter(payment=OuterRef("pk"), closed_at=None)
    newest = payments.annotate(has_conflict=Exists(conflicts)).order_by("-pk")[:LATEST_PAYMENTS]
    return payment_rows(list(newest), currency=company.currency, language=language)


def device_cards(devices: Sequence[Device], plans: Sequence[Plan]) -> list[DeviceCard]:
    """Return the devices with what is owed for them and the plan that pays them."""
    fees = open_fees_by_device([device.pk for device in devices])
    by_device = {plan.device_id: plan for plan in plans if plan.state == Plan.State.RUNNING}
    return [
        DeviceCard(
            each, manufacturer_label(each.manufacturer), fees.get(each.pk), by_device.get(each.pk)
        )
        for each in devices
    ]


def _said(customer: Customer) -> list[Said]:
    """Return the latest SMS of both sides, oldest first."""
    phones = record_phones(customer)
    ours = Message.objects.filter(phone__in=phones).order_by("-pk")[:LATEST_MESSAGES]
    theirs = IncomingMessage.objects.filter(phone__in=phones).order_by("-pk")[:LATEST_MESSAGES]
    said = [Said(m.text, m.language, m.created_at, False, m) for m in ours]
    said += [Said(m.text, "", m.received_at, True) for m in theirs]
    return sorted(said, key=lambda each: each.at)[-LATEST_MESSAGES:]


def _energy_by_month(
    customer: Customer, first: dt.date, zone: str
) -> list[tuple[dt.date, Decimal]]:
    """Return kWh bought in the last twelve months, oldest first; empty when none was."""
    months = [first]
    for _ in range(MONTHS - 1):
        months.append((months[-1] - dt.timedelta(days=1)).replace(day=1))
    months.reverse()
    bought = TokenOrder.objects.filter(
        device__customer=customer,
        state=TokenOrder.State.ISSUED,
        unit="kwh",
        created_at__gte=midnight(months[0], zone),
    ).values_list("created_at", "quantity")
    sums = dict.fromkeys(months, ZERO)
    for at, quantity in bought:
        sums[today_in(zone, at).replace(day=1)] += quantity
    return list(sums.items()) if any(sums.values()) else []
