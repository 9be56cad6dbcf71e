"""What the list and the page of a device show, from the rooms that know it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import Max

from appliances.models import Plan
from appliances.progress import plans_with_progress
from common.badges import Badge, Tone
from common.words import _
from customers.models import Customer
from desk.bought import PaymentRow
from desk.corrections import CorrectionRow, corrections_of_device
from desk.customers import latest_payments
from devices.models import AccessFee, Device, TariffVersion
from devices.selectors import (
    OpenFees,
    latest_fees,
    manufacturer_label,
    open_fees_by_device,
)
from devices.tariffs import price_per_kwh_of, tariff_version_at
from ledger.models import Account
from ledger.selectors import balance, balances
from payments.facts import split_for
from payments.models import Payment
from payments.standing import order_badge
from plugins import registry
from plugins.contracts import Capability, Manufacturer
from plugins.selectors import connection_of
from tenants.models import Company
from vending.models import TokenOrder

LATEST_ORDERS = 20
LATEST_FEES = 6
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class DeviceRow:
    device: Device
    maker: str
    credit: Decimal
    last_token: dt.datetime | None


def device_rows(devices: Sequence[Device]) -> list[DeviceRow]:
    """Return rows for devices, with two queries whatever their number."""
    ids = [device.pk for device in devices]
    credit = balances(Account.DEVICE_CREDIT, ids)
    issued = TokenOrder.objects.filter(device_id__in=ids, state=TokenOrder.State.ISSUED)
    last: dict[int, Any] = dict(issued.values_list("device_id").annotate(last=Max("closed_at")))
    return [
        DeviceRow(
            each,
            manufacturer_label(each.manufacturer),
            credit.get(each.pk, ZERO),
            last.get(each.pk),
        )
        for each in devices
    ]


# --- the page of one device -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A token order with its badge, and the token in its maker's grouping."""

    order: TokenOrder
    badge: Badge
    token: str
    payment: Payment | None


FEE_PAID = Badge(Tone.GOOD, _("Paid"), is_bare=True)
FEE_PARTLY = Badge(Tone.WARN, _("Partly paid"))
FEE_OPEN = Badge(Tone.WARN, _("Open"))


@dataclass(frozen=True, slots=True)
class FeeRow:
    """One access fee with its badge."""

    due_date: dt.date
    amount: Decimal
    paid: Decimal
    badge: Badge


def _fee_row(fee: AccessFee) -> FeeRow:
    badge = FEE_PAID if fee.paid == fee.amount else FEE_PARTLY if fee.paid else FEE_OPEN
    return FeeRow(fee.due_date, fee.amount, fee.paid, badge)


@dataclass(frozen=True, slots=True)
class DevicePage:
    maker: str
    credit: Decimal
    fees_open: OpenFees | None
    fees: list[FeeRow]
    plan: Plan | None
    owes: Decimal
    orders: list[OrderRow]
    order_count: int
    last_issued: TokenOrder | None
    payments: list[PaymentRow]
    payment_count: int
    version: TariffVersion | None
    price_per_kwh: Decimal | None
    can_look_up: bool
    can_issue: bool
    corrections: list[CorrectionRow]


def device_page(company: Company, device: Device, *, now: dt.datetime, language: str) -> DevicePage:
    """Gather what the page of a device shows; the number of queries is constant."""
    fees_open = open_fees_by_device([device.pk]).get(device.pk)
    plan = plans_with_progress().filter(device=device).first()
    orders = TokenOrder.objects.filter(device=device)
    payments = Payment.objects.filter(device=device).exclude(state=Payment.State.VALIDATED)
    version = tariff_version_at(device.tariff_id, now) if device.tariff_id else None
    credit = balance(Account.DEVICE_CREDIT, device.pk)
    maker = _maker(device)
    return DevicePage(
        maker=manufacturer_label(device.manufacturer),
        credit=credit,
        fees_open=fees_open,
        fees=[_fee_row(fee) for fee in latest_fees(device.pk, count=LATEST_FEES)],
        plan=plan,
        owes=(fees_open.total if fees_open else ZERO) + (plan.open_total if plan else ZERO),  # type: ignore[attr-defined]
        orders=_order_rows(list(orders.order_by("-pk")[:LATEST_ORDERS]), maker),
        order_count=orders.count(),
        last_issued=orders.filter(state=TokenOrder.State.ISSUED, task=TokenOrder.Task.CREDIT)
        .order_by("-pk")
        .first(),
        payments=latest_payments(payments, company, language),
        payment_count=payments.count(),
        version=version,
        price_per_kwh=price_per_kwh_of(version) if version else None,
        can_look_up=can_look_up(device),
        can_issue=credit_preview(company, device, now=now).buys_something,
        corrections=corrections_of_device(device),
    )


def _maker(device: Device) -> type[Manufacturer] | None:
    try:
        return registry.manufacturer(device.manufacturer)
    except registry.UnknownPlugin:
        return None


def can_look_up(device: Device) -> bool:
    """Return whether the manufacturer can be asked for this number, and is connected."""
    maker = _maker(device)
    if maker is None or Capability.LOOK_UP_DEVICE not in maker.capabilities:
        return False
    connection = connection_of(device.manufacturer)
    return connection is not None and connection.is_on


def _order_rows(orders: Sequence[TokenOrder], maker: type[Manufacturer] | None) -> list[OrderRow]:
    ids = [order.source_id for order in orders if order.source == "payment"]
    payments = Payment.objects.in_bulk(ids)
    return [
        OrderRow(
            order=each,
            badge=_quiet(order_badge(each)),
            token=maker.display_token(each.token) if maker and each.token else each.token,
            payment=payments.get(each.source_id) if each.source == "payment" else None,
        )
        for each in orders
    ]


def _quiet(badge: Badge) -> Badge:
    """What is done is grey text in a list."""
    return replace(badge, is_bare=True) if badge.tone == Tone.GOOD else badge


def customer_name(device: Device) -> str:
    """Return the name of whom a device belongs to, or nothing."""
    customer: Customer | None = device.customer
    return str(customer) if customer else ""


@dataclass(frozen=True, slots=True)
class CreditPreview:
    """What issuing from credit would do now."""

    credit: Decimal
    to_debts: Decimal
    quantity: Decimal
    unit: str
    kept: Decimal
    unlocks: bool = False  # the plan is paid, and its device is freed for good

    @property
    def buys_something(self) -> bool:
        return self.unlocks or self.quantity > 0


def credit_preview(company: Company, device: Device, *, now: dt.datetime) -> CreditPreview:
    """Return what the device's credit would buy, by the same split that spends it."""
    credit = balance(Account.DEVICE_CREDIT, device.pk)
    customer = device.customer
    is_closed = customer is None or customer.is_archived or device.archived_at is not None
    if is_closed or _maker(device) is None:
        return CreditPreview(credit, ZERO, ZERO, "kwh", credit)
    facts = split_for(company=company, device=device, amount=ZERO, at=now)
    split = facts.split
    spent = split.debts_paid + sum((each.amount for each in split.plan), ZERO)
    return CreditPreview(
        credit=credit,
        to_debts=spent,
        quantity=split.quantity,
        unit=str(facts.unit),
        kept=credit + split.device_credit,
        unlocks=split.unlock,
    )
