"""Books with every kind of posting in them, and a reader that follows the links of a page."""

import datetime as dt
from decimal import Decimal as D
from types import SimpleNamespace

import pytest
import time_machine

from appliances.schedule import parse_period
from appliances.services import sell_appliance
from devices.fees import accrue
from devices.models import TariffVersion
from payments import services
from tests.conftest import NOW
from tests.payments.makers import answering, silent, use_calin
from tests.payments.refunds import ask_refund

YESTERDAY = NOW - dt.timedelta(days=1)


@pytest.fixture
def clock():
    """A clock at noon of 23 November 2026 that the test may move."""
    with time_machine.travel(NOW, tick=True) as traveller:
        yield traveller


@pytest.fixture
def full_books(clock, world, jua, amina, pay):
    """Two days of everything: debts, VAT, credit, a refusal, a doubt, a refund, a reversal, a write-off."""
    clock.move_to(YESTERDAY)
    TariffVersion.objects.update(access_fee=D(1180), access_fee_days=7, vat_percent=D(18))
    accrue(jua, dt.date(2026, 11, 22))
    plans = [_sell(jua, world, name, price) for name, price in (("Television", 3000), ("Fan", 900))]
    yesterday = pay("9999")
    clock.move_to(NOW)
    first, second = pay("12345"), pay("4999")
    use_calin(world.meter)
    with silent():
        doubtful = pay("7000")
    with answering(code="03"):
        refused = pay("2000")
    paid = ask_refund(amina, refused, 500, reason="=Asked for it", now=NOW)
    services.pay_out_by_hand(
        correction_id=paid.pk, paid_from="operator", reference="MP1", actor=amina
    )
    ask_refund(amina, refused, 100, reason="Not yet paid", now=NOW)
    services.ask_reversal(payment_id=second.pk, as_loss=True, reason="Fraud", actor=amina, now=NOW)
    fan = _sell(jua, world, "Lamp", 700)
    services.write_off_plan(plan_id=fan.pk, reason="Gone", actor=amina, now=NOW)
    return SimpleNamespace(
        yesterday=yesterday, first=first, second=second, refused=refused, doubtful=doubtful,
        plans=plans, user=amina,
    )  # fmt: skip


def _sell(company, world, appliance, price):
    return sell_appliance(
        company=company,
        customer_id=world.neema.pk,
        appliance=appliance,
        price=D(price),
        down_payment=D(0),
        instalments=1,
        every=parse_period("30d"),
        first_due=dt.date(2026, 11, 23) if appliance != "Lamp" else dt.date(2027, 6, 1),
        sold_at=dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)
        if appliance == "Lamp"
        else YESTERDAY - dt.timedelta(days=3),
        actor=None,
        vat_percent=D(18),
    )
