"""Selling appliances on instalments."""

import datetime as dt
from decimal import Decimal

from django.db import transaction

from accounts.audit import audit
from accounts.models import User
from appliances.models import Appliance, Instalment, Plan
from appliances.schedule import Due, Period, schedule
from common.clock import today_in
from common.errors import DomainError
from common.money import quantum, vat_within
from common.words import _
from customers.models import Customer
from devices.models import Device
from devices.services import CustomerArchived, DeviceArchived, assign_device, unit_of
from ledger.models import Account, Event
from ledger.services import Movement, credit, debit, post
from plugins.contracts import Unit
from tenants.models import Company


class ApplianceNeedsName(DomainError):
    message = _("Give the appliance a name of 1 to 100 characters.")


class DeviceOfAnother(DomainError):
    message = _("%(device)s belongs to %(owner)s, not to %(customer)s.")


class DeviceOnPlan(DomainError):
    message = _("%(device)s is on a plan that is still running. It can be on one at a time.")


class DeviceEarnsNoDays(DomainError):
    message = _(
        "%(device)s is not sold by the day, so a plan cannot switch it on. Sell without a device: what falls"
        " due is then taken from the customer's payments."
    )


@transaction.atomic
def sell_appliance(
    *,
    company: Company,
    customer_id: int,
    appliance: str,
    price: Decimal,
    down_payment: Decimal,
    instalments: int,
    every: Period,
    first_due: dt.date,
    sold_at: dt.datetime,
    actor: User | None,
    device_id: int | None = None,
    vat_percent: Decimal = Decimal(0),
) -> Plan:
    """Sell on a plan: the customer owes the whole price, VAT included, in parts that fall due one by one.

    A down payment is the first part, due on the day of the sale; it is paid like every other part, so nothing
    is booked as received here (``appliances.schedule``). With a device, payments for that device pay this
    plan and earn its days; a device from stock becomes the customer's.

    :raises DomainError: the numbers make no plan, or customer or device cannot be sold to; nothing was changed
    """
    name = " ".join(appliance.split())
    if not 1 <= len(name) <= 100:
        raise ApplianceNeedsName
    parts = schedule(
        price=price,
        down_payment=down_payment,
        count=instalments,
        every=every,
        first_due=first_due,
        sold_on=today_in(company.timezone, sold_at),
        quantum=quantum(company.currency),
    )
    customer = Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer_id)
    if customer.is_archived:
        raise CustomerArchived(customer=customer)
    device = None
    if device_id is not None:
        device = _take_device(device_id, customer, sold_at, actor)
    plan = Plan.objects.create(
        customer=customer,
        appliance=Appliance.objects.get_or_create(name=name)[0],
        device=device,
        price=price,
        down_payment=down_payment,
        vat_percent=vat_percent,
        sold_at=sold_at,
    )
    _add_instalments(plan, parts)
    post(_sale(plan, company.currency), occurred_at=sold_at, actor_name=str(actor) if actor else "")
    audit(actor=actor, action="appliance.sold", target=str(plan.public_id), name=name, price=price)
    return plan


def _take_device(
    device_id: int, customer: Customer, sold_at: dt.datetime, actor: User | None
) -> Device:
    """Lock the device that goes on the plan; one from stock is given to the customer."""
    device = Device.objects.select_for_update(of=("self",), no_key=True).get(pk=device_id)
    if device.archived_at is not None:
        raise DeviceArchived(device=device.label)
    if device.customer_id not in {None, customer.pk}:
        raise DeviceOfAnother(device=device.label, owner=device.customer, customer=customer)
    if unit_of(manufacturer=device.manufacturer) != Unit.DAY:
        raise DeviceEarnsNoDays(device=device.label)
    if Plan.objects.filter(device=device, state=Plan.State.RUNNING).exists():
        raise DeviceOnPlan(device=device.label)
    if device.customer_id is None:
        return assign_device(
            device_id=device.pk,
            customer_id=customer.pk,
            village_id=customer.village_id,
            assigned_at=sold_at,
            actor=actor,
        )
    return device


def _add_instalments(plan: Plan, parts: list[Due]) -> None:
    Instalment.objects.bulk_create(
        Instalment(
            plan=plan, number=each.number, due_date=each.due_date, cost=each.cost, days=each.days
        )
        for each in parts
    )


def _sale(plan: Plan, currency: str) -> Movement:
    vat = vat_within(plan.price, plan.vat_percent, currency)
    return Movement(
        event=Event.SOLD,
        source="plan",
        source_id=plan.pk,
        lines=[
            debit(Account.PLAN_RECEIVABLE, plan.price, plan.pk),
            credit(Account.APPLIANCE_REVENUE, plan.price - vat),
            credit(Account.VAT_PAYABLE, vat),
        ],
    )


def hand_plans_to_record(*, from_id: int, to_id: int) -> list[int]:
    """Let all plans of a record be those of another record of the same person; return their ids.

    In the caller's transaction, both customers locked.
    """
    plans = Plan.objects.select_for_update(of=("self",), no_key=True).filter(customer=from_id)
    ids = list(plans.order_by("pk").values_list("pk", flat=True))
    Plan.objects.filter(pk__in=ids).update(customer=to_id)
    return ids
