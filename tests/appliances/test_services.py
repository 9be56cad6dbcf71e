"""Selling on plans: what is owed from then on, and what the books say."""

import datetime as dt
from decimal import Decimal

import pytest

from appliances.models import Appliance, Instalment, Plan
from appliances.schedule import parse_period
from appliances.selectors import due_instalments, instalments_of, plans_of, running_plan_of
from appliances.services import (
    ApplianceNeedsName,
    DeviceEarnsNoDays,
    DeviceOfAnother,
    DeviceOnPlan,
    sell_appliance,
)
from customers.models import Customer
from customers.services import archive_customer
from devices.models import Device
from devices.services import CustomerArchived, DeviceArchived, archive_device, register_device
from ledger.models import Account, Event, Posting
from ledger.selectors import balance, trial_balance

SOLD_AT = dt.datetime(2026, 12, 1, 10, 0, tzinfo=dt.UTC)
NEW_YEAR = dt.date(2027, 1, 1)


@pytest.fixture
def kit(world) -> Device:
    return register_device(
        kind="shs",
        manufacturer="sunking",
        serial="600100200",
        village=world.village,
        customer=world.neema,
        assigned_at=SOLD_AT,
        actor=None,
    )


def sell(company, world, **changes) -> Plan:
    facts = {
        "company": company,
        "customer_id": world.neema.pk,
        "appliance": "Home 50",
        "price": Decimal(108000),
        "down_payment": Decimal(0),
        "instalments": 12,
        "every": parse_period("30d"),
        "first_due": NEW_YEAR,
        "sold_at": SOLD_AT,
        "actor": None,
    }
    return sell_appliance(**{**facts, **changes})


def test_a_sale_makes_a_plan_whose_instalments_are_its_price(jua, world):
    plan = sell(jua, world)

    parts = list(instalments_of(plan.pk))
    assert len(parts) == 12
    assert sum(part.cost for part in parts) == plan.price == 108000
    assert (parts[0].number, parts[0].due_date, parts[0].days) == (1, NEW_YEAR, 30)
    assert plan.appliance.name == "Home 50"
    assert list(plans_of(world.neema.pk)) == [plan]


def test_a_sale_is_in_the_books_at_its_price(jua, world):
    plan = sell(jua, world, vat_percent=Decimal(18))

    posting = Posting.objects.get(event=Event.SOLD, source="plan", source_id=plan.pk)
    assert posting.occurred_at == SOLD_AT
    assert balance(Account.PLAN_RECEIVABLE, plan.pk) == 108000
    assert trial_balance()[Account.VAT_PAYABLE] == Decimal("-16474.58")
    assert trial_balance()[Account.APPLIANCE_REVENUE] == Decimal("-91525.42")


def test_a_down_payment_is_owed_from_the_day_of_the_sale_and_nothing_is_booked_as_received(
    jua, world
):
    plan = sell(jua, world, down_payment=Decimal(8000), instalments=10)

    (first,) = due_instalments(world.neema.pk, dt.date(2026, 12, 1))
    assert (first.number, first.cost, first.days) == (0, 8000, 0)
    assert sum(part.cost for part in instalments_of(plan.pk)) == plan.price
    assert balance(Account.PLAN_RECEIVABLE, plan.pk) == plan.price


def test_what_is_due_is_what_is_unpaid_and_not_in_the_future_oldest_first(jua, world):
    radio = sell(jua, world, appliance="Radio", price=Decimal(200), instalments=2)
    lamp = sell(jua, world, appliance="Lamp", price=Decimal(200), instalments=2)
    Instalment.objects.filter(plan=radio, number=1).update(paid=Decimal(100))

    due = due_instalments(world.neema.pk, dt.date(2027, 1, 31))

    assert [(part.plan_id, part.number) for part in due] == [
        (lamp.pk, 1),
        (radio.pk, 2),
        (lamp.pk, 2),
    ]


def test_the_same_appliance_is_in_the_catalogue_once(jua, world):
    sell(jua, world)
    sell(jua, world, appliance="  Home  50 ")

    assert Appliance.objects.count() == 1
    assert Plan.objects.count() == 2


def test_a_kit_on_a_plan_is_no_old_debt_of_its_customer(jua, world, kit):
    plan = sell(jua, world, device_id=kit.pk)

    assert running_plan_of(kit.pk) == plan
    assert not due_instalments(world.neema.pk, dt.date(2030, 1, 1)).exists()


def test_a_kit_from_stock_becomes_the_buyer_s(jua, world, kit):
    Device.objects.filter(pk=kit.pk).update(customer=None, assigned_at=None)

    sell(jua, world, device_id=kit.pk)

    kit.refresh_from_db()
    assert (kit.customer, kit.assigned_at) == (world.neema, SOLD_AT)


def assert_nothing_was_sold() -> None:
    assert not Plan.objects.exists()
    assert not Appliance.objects.exists()
    assert not Posting.objects.exists()


def test_a_device_of_another_customer_cannot_be_sold(jua, world, kit):
    other = Customer.objects.create(
        first_name="Baraka", phone="+255754000002", village=world.village
    )

    with pytest.raises(DeviceOfAnother, match="belongs to Neema Bahati, not to Baraka"):
        sell(jua, world, customer_id=other.pk, device_id=kit.pk)

    assert_nothing_was_sold()


def test_a_meter_earns_no_days_and_goes_on_no_plan(jua, world):
    with pytest.raises(DeviceEarnsNoDays):
        sell(jua, world, device_id=world.meter.pk)

    assert_nothing_was_sold()


def test_an_archived_device_goes_on_no_plan(jua, world, kit):
    archive_device(device_id=kit.pk, archived_at=SOLD_AT, actor=None)

    with pytest.raises(DeviceArchived):
        sell(jua, world, device_id=kit.pk)


def test_a_device_is_on_one_running_plan_at_a_time(jua, world, kit):
    first = sell(jua, world, device_id=kit.pk)

    with pytest.raises(DeviceOnPlan):
        sell(jua, world, device_id=kit.pk)

    Plan.objects.filter(pk=first.pk).update(state=Plan.State.PAID)
    assert sell(jua, world, device_id=kit.pk).device == kit


def test_an_archived_customer_buys_nothing(jua, world):
    archive_customer(customer_id=world.neema.pk, archived_at=SOLD_AT, actor=None)

    with pytest.raises(CustomerArchived):
        sell(jua, world)

    assert_nothing_was_sold()


def test_an_appliance_needs_a_name(jua, world):
    with pytest.raises(ApplianceNeedsName):
        sell(jua, world, appliance="  ")
