"""Bands and the allowance where money really is spent: by the hour and month of booking, and only once."""

import datetime as dt
from decimal import Decimal as D

import pytest
import time_machine
from django.utils import timezone

from devices.models import Device, PriceBand, TariffVersion
from ledger.models import Account
from ledger.selectors import balance, trial_balance
from payments import services
from payments.facts import _version_at
from payments.models import Callback, Payment
from tests.payments.makers import answering, use_calin
from tests.payments.test_concurrency import received
from tests.threads import at_once
from vending import services as vending
from vending.models import TokenOrder

# Monday 23 November: 20:00 and 10:00 in Dar es Salaam.
EVENING = dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)
MORNING = dt.datetime(2026, 11, 23, 7, 0, tzinfo=dt.UTC)


def give_allowance(kwh="10", price="100", per="device"):
    TariffVersion.objects.update(allowance_kwh=D(kwh), allowance_price=D(price), allowance_per=per)


@pytest.fixture
def night(world):
    """18:00 to 6:00 costs 50 per cent."""
    version = TariffVersion.objects.get()
    for name, begins, ends, percent in (("Day", 6, 18, 100), ("Night", 18, 6, 50)):
        PriceBand.objects.create(
            version=version,
            name=name,
            begins=dt.time(begins),
            ends=dt.time(ends),
            percent=D(percent),
        )


@pytest.fixture
def allowance(world):
    give_allowance()


def last_order():
    return TokenOrder.objects.latest("pk")


def credit_of(device):
    return balance(Account.DEVICE_CREDIT, device.pk)


def used(world, at=None):
    version = _version_at(world.meter, at or timezone.now(), "Africa/Dar_es_Salaam")
    return version.used_by_device


@pytest.mark.parametrize(
    ("moment", "kwh", "price", "band"),
    [(MORNING, "12.5", "400", "Day"), (EVENING, "25", "200", "Night")],
)
def test_the_hour_of_booking_decides_the_price(world, night, pay, moment, kwh, price, band):
    with time_machine.travel(moment, tick=False):
        payment = pay("5000")

    order = last_order()
    assert (order.quantity, order.price, order.cost) == (D(kwh), D(price), D(5000))
    assert [part.get("band") for part in payment.parts] == [band]


def test_a_payment_that_is_settled_later_keeps_the_price_of_its_hour(world, night, airtel, work):
    with time_machine.travel(EVENING, tick=False):
        airtel(amount="5000")
    with time_machine.travel(EVENING + dt.timedelta(hours=14), tick=False):
        work()

    assert last_order().quantity == D(25)


def test_validation_promises_the_price_of_the_hour(world, night, airtel):
    with time_machine.travel(EVENING, tick=False):
        assert airtel("validation", amount="5000").status == "200"

    assert Callback.objects.latest("pk").price == D(200)


def test_the_first_energy_of_the_month_is_cheaper_and_the_order_says_why(world, allowance, pay):
    payment = pay("5000")

    order = last_order()
    assert (order.quantity, order.cost, order.allowance_kwh) == (D(20), D(5000), D(10))
    assert [(b["kwh"], b["price"], b["amount"]) for b in order.blocks] == [
        ("10.0000", "100.0000", "1000.00"),
        ("10.0000", "400.0000", "4000.00"),
    ]
    assert [part["amount"] for part in payment.parts] == ["1000.00", "4000.00"]
    assert sum(trial_balance().values()) == 0


def test_two_payments_of_one_month_share_the_allowance(world, allowance, pay):
    pay("600")
    pay("5000")

    first, second = TokenOrder.objects.order_by("pk")
    assert (first.quantity, first.allowance_kwh) == (D(6), D(6))
    assert (second.quantity, second.allowance_kwh) == (D("15.5"), D(4))  # 400 + 11.5 × 400
    assert used(world) == D(10)


def test_the_next_month_begins_on_the_companys_calendar(world, allowance, airtel, work):
    # 21:30 UTC on 30 November is 0:30 on 1 December in Dar es Salaam.
    for moment in (
        dt.datetime(2026, 11, 30, 20, 30, tzinfo=dt.UTC),
        dt.datetime(2026, 11, 30, 21, 30, tzinfo=dt.UTC),
    ):
        with time_machine.travel(moment, tick=False):
            airtel(amount="1000")
            work()

    assert [order.allowance_kwh for order in TokenOrder.objects.order_by("pk")] == [D(10), D(10)]


def test_a_payment_of_last_month_that_is_settled_late_uses_last_months(
    world, allowance, airtel, work
):
    november = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
    december = november + dt.timedelta(days=2)
    with time_machine.travel(november, tick=False):
        airtel(amount="1000")
    with time_machine.travel(december, tick=False):
        airtel(amount="1000")
        work()

    assert (used(world, november), used(world, december)) == (D(10), D(10))


def test_a_refused_order_gives_its_allowance_back_with_the_money(world, allowance, amina, pay):
    use_calin(world.meter)
    with answering(code="03", reason="The meter does not exist"):
        pay("5000")
    given_back = used(world)
    with answering():
        order = services.issue_from_credit(
            device_id=world.meter.pk, actor=amina, key="8d3c9a52-5b3c-4d0e-9a52-1b2c3d4e5f60"
        )
        vending.issue(order.pk)

    assert (given_back, used(world)) == (0, D(10))
    assert (order.quantity, order.allowance_kwh) == (D(20), D(10))
    assert credit_of(world.meter) == 0


def test_an_order_in_doubt_keeps_its_allowance(world, allowance, pay):
    pay("1000")
    TokenOrder.objects.update(state="in_doubt", token="")

    pay("5000")

    assert last_order().allowance_kwh == 0
    assert last_order().quantity == D("12.5")


def test_each_customer_has_one_allowance_for_all_meters_where_the_tariff_says_so(world, pay):
    give_allowance(per="customer")
    Device.objects.create(
        kind=Device.Kind.METER,
        manufacturer=world.meter.manufacturer,
        serial="47000100022",
        customer=world.neema,
        village=world.village,
        tariff=world.tariff,
        assigned_at=world.meter.assigned_at,
    )
    pay("600")
    pay("1000", account="47000100022")

    assert [order.allowance_kwh for order in TokenOrder.objects.order_by("pk")] == [D(6), D(4)]


def test_the_minimum_is_compared_with_what_is_paid_not_with_what_debts_leave(
    world, allowance, airtel, work, television
):
    """The predecessor took debts off first, twice, and forgot the instalments."""
    TariffVersion.objects.update(minimum_purchase=D(1000))
    television("900")

    assert airtel("validation", amount="999").status != "200"
    assert airtel("validation", amount="1000").status == "200"
    airtel(amount="1000")
    work()

    assert (last_order().cost, last_order().allowance_kwh) == (D(100), D(1))


def test_the_rules_of_the_day_and_the_tax_are_in_the_calculation(world, allowance, night, pay):
    """The predecessor kept hours and VAT on the tariff and computed with neither."""
    TariffVersion.objects.update(vat_percent=D(18))
    with time_machine.travel(EVENING, tick=False):
        pay("5000")

    order = last_order()
    assert (order.quantity, order.allowance_kwh) == (D(30), D(10))  # 10 × 100 + 20 × 200
    assert (order.vat, order.vat_percent) == (D("762.71"), D(18))


def test_at_the_same_second_two_payments_never_both_get_the_allowance(fresh_company):
    world = fresh_company
    give_allowance()
    for turn in range(3):
        month = dt.datetime(2026, 2 + turn, 15, 12, tzinfo=dt.UTC)
        payments = [received(world, 1000, f"S{turn}{n}") for n in range(2)]
        Payment.objects.filter(pk__in=[p.pk for p in payments]).update(booked_at=month)

        at_once(
            world.company.slug,
            *(
                lambda pk=payment.pk: services.settle_payment(company=world.company, payment_id=pk)
                for payment in payments
            ),
        )

        used_up = TokenOrder.objects.filter(source_id__in=[p.pk for p in payments])
        assert sorted(order.allowance_kwh for order in used_up) == [D(0), D(10)]


def test_the_owner_may_look_at_the_trace_of_two_prices(world, allowance, pay, owner):
    payment = pay("5000")

    page = owner.get(f"/payments/{payment.public_id}/").content.decode()

    assert "Energy, 10" in page
    assert "from the month&#x27;s allowance" in page
