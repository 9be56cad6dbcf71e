"""A device goes to another customer or back into stock: credit, plan and fees by a person's word."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from appliances.schedule import parse_period
from appliances.services import sell_appliance
from customers.models import Customer
from customers.services import archive_customer
from devices.holdings import CustomerArchived, DeviceHasCustomer, holdings_of
from devices.models import AccessFee, Device
from ledger.models import Account, Event
from ledger.selectors import balance
from ledger.services import Movement, credit, debit, post
from payments import books, services
from payments.models import Payment
from payments.services import Choice, Goes
from vending.models import TokenOrder

D = Decimal
ALONG, STAYS = Goes.ALONG, Goes.STAYS


@pytest.fixture
def zuri(world) -> Customer:
    return Customer.objects.create(
        first_name="Zuri", last_name="Kato", phone="+255754000111", village=world.village
    )


def move(world, to, **changes):
    facts = {
        "device_id": world.meter.pk, "owner_id": world.neema.pk, "customer_id": to.pk,
        "village_id": world.village.pk, "choice": Choice(), "reason": "Sold her house",
        "actor": world.actor, "key": uuid.uuid4(), "now": timezone.now(),
    }  # fmt: skip
    return services.move_device(**{**facts, **changes})


def take_back(world, **changes):
    facts = {
        "device_id": world.meter.pk, "owner_id": world.neema.pk, "choice": Choice(),
        "reason": "Moved away", "actor": world.actor, "key": uuid.uuid4(), "now": timezone.now(),
    }  # fmt: skip
    return services.take_back_device(**{**facts, **changes})


@pytest.fixture(autouse=True)
def actor(world, amina):
    world.actor = amina


def owe_fee(world, amount="2000", paid="0"):
    fee = AccessFee.objects.create(
        device=world.meter, due_date=dt.date(2026, 11, 20), amount=D(amount), paid=D(paid)
    )
    lines = [
        debit(Account.FEE_RECEIVABLE, D(amount) - D(paid), world.meter.pk),
        credit(Account.FEE_REVENUE, D(amount) - D(paid)),
    ]
    post(Movement(Event.FEE_DUE, "access_fee", fee.pk, lines), occurred_at=timezone.now())
    return fee


def sell_kit(world, jua):
    """A demo meter cannot earn days, so the plan is put on it by hand."""
    plan = sell_appliance(
        company=jua, customer_id=world.neema.pk, appliance="Home 50", price=D(9000),
        down_payment=D(0), instalments=3, every=parse_period("30d"), first_due=dt.date(2027, 1, 1),
        sold_at=timezone.now(), actor=None,
    )  # fmt: skip
    plan.device = world.meter
    plan.save(update_fields=["device"])
    return plan


def test_a_device_goes_to_its_new_customer_with_its_history(world, zuri):
    move(world, zuri)

    world.meter.refresh_from_db()
    assert (world.meter.customer, world.meter.fees_until) == (zuri, None)
    now, before = holdings_of(world.meter.pk)
    assert (now.customer, now.ended_at, now.began_reason) == (zuri, None, "Sold her house")
    assert (before.customer, before.ended_reason) == (world.neema, "Sold her house")
    assert before.ended_at == now.began_at == world.meter.assigned_at
    facts = AuditEntry.objects.get(action="device.moved").facts
    assert (facts["customer"], facts["customer_before"]) == ("Zuri Kato", "Neema Bahati")


@pytest.mark.parametrize("goes", [ALONG, STAYS])
def test_credit_goes_where_a_person_says(world, zuri, pay, goes):
    pay("4999")

    with pytest.raises(services.SayWhatBecomes, match="credit"):
        move(world, zuri)
    move(world, zuri, choice=Choice(credit=goes))

    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == (39 if goes == ALONG else 0)
    assert balance(Account.CUSTOMER_CREDIT, world.neema.pk) == (0 if goes == ALONG else 39)
    assert books.violations() == []


@pytest.mark.parametrize("goes", [ALONG, STAYS])
def test_open_fees_go_where_a_person_says(world, zuri, goes):
    fee = owe_fee(world)

    with pytest.raises(services.SayWhatBecomes, match="access fees"):
        move(world, zuri)
    move(world, zuri, choice=Choice(fees=goes))

    fee.refresh_from_db()
    stays = goes == STAYS
    assert (fee.paid, fee.carried_at is not None) == (2000 if stays else 0, stays)
    assert balance(Account.CUSTOMER_RECEIVABLE, world.neema.pk) == (2000 if stays else 0)
    assert balance(Account.FEE_RECEIVABLE, world.meter.pk) == (0 if stays else 2000)
    assert books.violations() == []


@pytest.mark.parametrize("goes", [ALONG, STAYS])
def test_a_running_plan_goes_where_a_person_says(world, jua, zuri, goes):
    plan = sell_kit(world, jua)

    with pytest.raises(services.SayWhatBecomes, match="plan"):
        move(world, zuri)
    move(world, zuri, choice=Choice(plan=goes))

    plan.refresh_from_db()
    expected = (zuri, world.meter) if goes == ALONG else (world.neema, None)
    assert (plan.customer, plan.device) == expected
    assert books.violations() == []


def test_a_device_comes_back_into_stock_and_everything_stays_the_customers(world, jua, pay):
    pay("4999")
    owe_fee(world)
    plan = sell_kit(world, jua)

    with pytest.raises(services.SayWhatBecomes):
        take_back(world, choice=Choice(credit=ALONG, fees=STAYS, plan=STAYS))
    take_back(world, choice=Choice(credit=STAYS, fees=STAYS, plan=STAYS))

    world.meter.refresh_from_db()
    plan.refresh_from_db()
    assert (world.meter.customer, plan.device, plan.customer) == (None, None, world.neema)
    assert balance(Account.CUSTOMER_CREDIT, world.neema.pk) == 39
    assert balance(Account.CUSTOMER_RECEIVABLE, world.neema.pk) == 2000
    assert books.violations() == []


def test_a_form_that_is_sent_twice_moves_once(world, zuri):
    key = uuid.uuid4()
    move(world, zuri, key=key)

    with pytest.raises(services.KeyUsed):
        move(world, zuri, key=key)


def test_whoever_looked_at_another_owner_moves_nothing(world, zuri):
    move(world, zuri)

    with pytest.raises(services.AlreadyDecided):
        move(world, world.neema)
    with pytest.raises(services.AlreadyDecided):
        take_back(world)


def test_a_device_goes_neither_to_its_own_nor_to_an_archived_customer(world, zuri):
    with pytest.raises(DeviceHasCustomer):
        move(world, world.neema)
    archive_customer(customer_id=zuri.pk, archived_at=timezone.now(), actor=None)
    with pytest.raises(CustomerArchived):
        move(world, zuri)


@pytest.mark.parametrize("state", ["due", "requested", "in_doubt"])
def test_a_token_under_way_holds_the_device_back(world, zuri, pay, state):
    pay("5000")
    TokenOrder.objects.update(state=state, token="", leased_until=timezone.now())

    with pytest.raises(services.TokenUnderWay):
        move(world, zuri)


def test_a_payment_that_is_not_settled_holds_the_device_back(world, zuri, airtel):
    airtel(amount="5000")

    with pytest.raises(services.PaymentUnderWay):
        move(world, zuri)


def test_a_payment_whose_device_went_to_somebody_else_waits_for_a_person(world, jua, zuri, airtel):
    airtel(amount="5000")
    payment = Payment.objects.get()
    Device.objects.update(customer=zuri)

    settled = services.settle_payment(company=jua, payment_id=payment.pk)

    payment.refresh_from_db()
    assert (settled.order, payment.state, payment.customer) == (None, "unmatched", world.neema)
    assert books.violations() == []
