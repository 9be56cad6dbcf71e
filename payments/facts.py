"""Gathering what the split needs: debts, fees, credit, price. Reads only; the caller holds the locks."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import F

from appliances.models import Instalment as InstalmentRow
from appliances.models import Plan
from common.clock import today_in
from common.prepared import Hole, Prepared
from devices.models import AccessFee, Device, TariffVersion
from devices.tariffs import price_at, with_prices
from ledger.models import Account
from ledger.selectors import balance
from payments.allocation import (
    Allowance,
    Energy,
    Fee,
    Instalment,
    Nothing,
    PlanDays,
    Service,
    Split,
    Target,
    Terms,
    days_earned,
    split_payment,
)
from plugins import registry
from plugins.contracts import Capability, Manufacturer, Unit
from tenants.models import Company
from vending.models import TokenOrder
from vending.selectors import month_borders, with_allowance_used

ZERO = Decimal(0)

# What a customer owes without a device by today, and all of the plan that this device is on.
INSTALMENTS = Prepared(
    lambda: (
        InstalmentRow.objects.filter(plan__customer=Hole("customer"))
        .exclude(plan__state=Plan.State.WRITTEN_OFF)
        .filter(plan__device_id__isnull=True, paid__lt=F("cost"), due_date__lte=Hole("today"))
        .union(
            InstalmentRow.objects.filter(
                plan__device_id=Hole("device"), plan__state=Plan.State.RUNNING
            )
        )
        .order_by("due_date", "number")
    )
)
FEES = Prepared(
    lambda: AccessFee.objects.filter(
        device_id=Hole("device"), paid__lt=F("amount"), due_date__lte=Hole("today")
    ).order_by("due_date")
)


VERSION = Prepared(
    lambda: with_allowance_used(
        with_prices(
            TariffVersion.objects.filter(tariff_id=Hole("tariff"), valid_from__lte=Hole("at"))
        )
    ).order_by("-valid_from")[:1]
)


@dataclass(frozen=True, slots=True)
class Facts:
    """A split with what it was computed from."""

    split: Split
    unit: Unit
    minimum_purchase: Decimal
    vat_percent: Decimal
    plan: Plan | None
    lacks_fees: bool = False  # a period of access fees has ended that is not made yet


def terms_of(company: Company) -> Terms:
    return Terms(
        currency=company.currency,
        share_percent=company.debt_share_percent,
        fees_first=company.debt_order == Company.DebtOrder.FEES_FIRST,
    )


def split_for(*, company: Company, device: Device, amount: Decimal, at: datetime) -> Facts:
    """Split an amount paid for a device of a customer, at the prices and debts of ``at``."""
    today = today_in(company.timezone, at)
    rows = INSTALMENTS.all(customer=device.customer_id, device=device.pk, today=today)
    plans = Plan.objects.select_related("appliance").in_bulk({row.plan_id for row in rows})
    own = next((p for p in plans.values() if p.device_id == device.pk), None)
    own_rows = [_instalment(row, plans) for row in rows if own and row.plan_id == own.pk]
    debts = [_instalment(row, plans) for row in rows if not own or row.plan_id != own.pk]
    version = _version_at(device, at, company.timezone)
    maker = registry.manufacturer(device.manufacturer)
    if own is None and maker.unit == Unit.DAY and (own := _paid_but_owing(device, maker)):
        own_rows = _rows_of(own)
    target = _target(maker, version, own, own_rows, _Purchase(device, at, company.timezone))
    if own and not isinstance(target, PlanDays):
        debts += [row for row in own_rows if row.open and row.due_date <= today]
    fees = [
        Fee(fee.pk, fee.due_date, fee.amount - fee.paid)
        for fee in FEES.all(device=device.pk, today=today)
    ]
    split = split_payment(
        amount=amount,
        device_credit=balance(Account.DEVICE_CREDIT, device.pk),
        debts=debts,
        fees=fees,
        target=target,
        terms=terms_of(company),
    )
    return Facts(
        split=split,
        unit=maker.unit,
        minimum_purchase=version.minimum_purchase if version else Decimal(0),
        vat_percent=version.vat_percent if version else Decimal(0),
        plan=own,
        lacks_fees=version is not None and _lacks_fees(device, version, today, company.timezone),
    )


def _version_at(device: Device, at: datetime, zone: str) -> TariffVersion | None:
    """Return the prices valid at a moment, with what is used of its month's allowance."""
    if device.tariff_id is None:
        return None
    borders = month_borders(at, zone)
    owner = {"device": device.pk, "customer": device.customer_id}
    return VERSION.first(tariff=device.tariff_id, at=at, **owner, **borders)


def _lacks_fees(device: Device, version: TariffVersion, today: date, zone: str) -> bool:
    """Whether a fee may have fallen due since the daily run; only then is it worth looking closely."""
    if not version.access_fee or device.assigned_at is None:
        return False
    began = device.fees_until or today_in(zone, device.assigned_at)
    return began + timedelta(days=version.access_fee_days) <= today


def _paid_but_owing(device: Device, maker: type[Manufacturer]) -> Plan | None:
    """The device's last plan, when it is paid and its maker refused the unlock or days that it earned."""
    plans = Plan.objects.select_related("appliance").filter(device=device, state=Plan.State.PAID)
    plan = plans.order_by("-pk").first()
    if plan is None:
        return None
    if Capability.UNLOCK in maker.capabilities:
        unlocks = TokenOrder.objects.filter(plan_id=plan.pk, task=TokenOrder.Task.UNLOCK)
        states = set(unlocks.values_list("state", flat=True))
        return plan if states == {TokenOrder.State.REFUSED} else None
    owed = days_earned(_rows_of(plan)) + plan.days_carried - plan.days_ordered
    return plan if owed >= maker.resolution else None


def _rows_of(plan: Plan) -> list[Instalment]:
    return [_instalment(row, {plan.pk: plan}) for row in plan.instalments.all()]


def _instalment(row: InstalmentRow, plans: dict[int, Plan]) -> Instalment:
    plan = plans[row.plan_id]
    return Instalment(
        id=row.pk,
        plan_id=row.plan_id,
        number=row.number,
        due_date=row.due_date,
        cost=row.cost,
        paid=row.paid,
        days=row.days,
        label=plan.appliance.name,
    )


@dataclass(frozen=True, slots=True)
class _Purchase:
    """What is bought for, and the moment whose price and month count."""

    device: Device
    at: datetime
    zone: str


def _target(
    maker: type[Manufacturer],
    version: TariffVersion | None,
    plan: Plan | None,
    rows: list[Instalment],
    purchase: _Purchase,
) -> Target:
    """What money for this device buys, by what its maker issues."""
    if maker.unit == Unit.KWH:
        return _energy(maker, version, purchase) if version else Nothing()
    if plan is not None:
        return PlanDays(
            instalments=rows,
            days_ordered=plan.days_ordered,
            days_carried=plan.days_carried,
            can_unlock=Capability.UNLOCK in maker.capabilities,
            resolution=maker.resolution,
        )
    if version is not None and version.price_per_day is not None:
        return Service(price=version.price_per_day)
    is_paid_off = Plan.objects.filter(device=purchase.device, state=Plan.State.PAID).exists()
    return Nothing(is_paid_off=is_paid_off)


def _energy(maker: type[Manufacturer], version: TariffVersion, purchase: _Purchase) -> Target:
    price, band = price_at(version, purchase.at, purchase.zone)
    if price is None:
        return Nothing()
    return Energy(price, maker.resolution, band, _allowance(version))


def _allowance(version: TariffVersion) -> Allowance | None:
    if version.allowance_price is None:
        return None
    by_customer = version.allowance_per == TariffVersion.AllowancePer.CUSTOMER
    used: Decimal = version.used_by_customer if by_customer else version.used_by_device  # type: ignore[attr-defined]
    return Allowance(max(version.allowance_kwh - used, ZERO), version.allowance_price)
