"""The worked cases of the money rules, each through the operator's door (TZS, 400 per kWh, 0.1 kWh)."""

import datetime as dt
import json
from decimal import Decimal as D
from uuid import uuid4

import pytest
from django.utils import timezone

from appliances.models import Plan
from appliances.schedule import parse_period
from appliances.services import sell_appliance
from devices.models import AccessFee, TariffVersion
from ledger.models import Account
from ledger.selectors import balance, trial_balance
from messaging.models import Message
from payments import services
from payments.models import Payment
from tests.payments.makers import answering, asked_long_ago, silent, sunking, use_calin, use_sunking
from vending import services as vending
from vending.models import TokenOrder

LONG_AGO = dt.date(2026, 1, 10)


@pytest.fixture
def kit(world, jua):
    """Neema's SunKing kit: twelve instalments of 9000 per 30 days, all still to come."""
    use_sunking(world.meter)
    return sell_appliance(
        company=jua,
        customer_id=world.neema.pk,
        appliance="Home 50",
        price=D(108000),
        down_payment=D(0),
        instalments=12,
        every=parse_period("30d"),
        first_due=dt.date(2027, 1, 1),
        sold_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
        actor=None,
        device_id=world.meter.pk,
    )


def last_order():
    return TokenOrder.objects.order_by("-pk").first()


def credit_of(device):
    return balance(Account.DEVICE_CREDIT, device.pk)


def commands(maker):
    """What SunKing was asked for."""
    return [json.loads(call.request.body) for call in maker.calls if "token" in call.request.url]


def is_balanced():
    return sum(trial_balance().values()) == 0


def test_case_1_money_becomes_energy(world, pay):
    pay("5000")

    assert last_order().quantity == D("12.5")
    assert credit_of(world.meter) == 0


def test_cases_2_and_3_the_rest_is_credit_and_is_used_next_time(world, pay):
    pay("4999")
    first = last_order()
    credit_between = credit_of(world.meter)
    pay("4961")

    assert (first.quantity, first.cost, credit_between) == (D("12.4"), D(4960), D(39))
    assert (last_order().quantity, last_order().cost) == (D("12.5"), D(5000))
    assert credit_of(world.meter) == 0


def test_case_4_debts_are_cleared_first(world, pay, television):
    plan = television("15000")
    fee = AccessFee.objects.create(device=world.meter, due_date=LONG_AGO, amount=D(2000))

    payment = pay("20000")

    plan.refresh_from_db()
    fee.refresh_from_db()
    assert (plan.state, fee.paid) == (Plan.State.PAID, D(2000))
    assert (last_order().quantity, last_order().cost) == (D("7.5"), D(3000))
    assert sum(D(part["amount"]) for part in payment.parts) == D(20000)
    assert is_balanced()


def test_case_5_a_payment_that_only_clears_debts_is_complete(world, pay, television):
    plan = television("6000")

    payment = pay("5000")

    instalment = plan.instalments.get()
    message = Message.objects.get()
    assert payment.state == Payment.State.SETTLED
    assert (instalment.paid, instalment.cost - instalment.paid) == (D(5000), D(1000))
    assert TokenOrder.objects.count() == 0
    assert "Television 5,000" in message.text
    assert "Still owed: 1,000" in message.text


def test_case_6_the_company_may_leave_money_for_energy(world, jua, pay, television):
    television("6000")
    jua.debt_share_percent = 50
    jua.save(update_fields=["debt_share_percent"])

    pay("5000")

    assert (last_order().quantity, last_order().cost) == (D("6.2"), D(2480))
    assert credit_of(world.meter) == D(20)


def test_case_7_cost_is_rounded_up_to_the_minor_unit(world, pay):
    TariffVersion.objects.update(price_per_kwh=D("350.55"))

    pay("4320")

    assert (last_order().quantity, last_order().cost) == (D("12.3"), D("4311.77"))
    assert credit_of(world.meter) == D("8.23")


def test_cases_8_to_10_days_are_the_floor_of_a_running_sum(world, pay, kit):
    issued = []
    with sunking() as maker:
        for amount in ("100", "200", "4200"):
            pay(amount)
            issued.append(sum(o.quantity for o in TokenOrder.objects.all()))
        asked = commands(maker)

    assert issued == [0, 1, 15]
    assert [each["payload"] for each in asked] == [1, 14]
    kit.refresh_from_db()
    assert kit.days_ordered == 15
    assert balance(Account.PLAN_RECEIVABLE, kit.pk) == D(108000 - 4500)


def test_case_11_a_paid_plan_frees_the_kit_and_the_rest_is_the_customers(world, pay, kit):
    with sunking() as maker:
        pay("107000")
        pay("1500")
        asked = commands(maker)

    kit.refresh_from_db()
    assert kit.state == Plan.State.PAID
    assert asked[-1] == {"device": "47000100011", "command": "unlock"}
    assert balance(Account.CUSTOMER_CREDIT, world.neema.pk) == D(500)
    assert balance(Account.PLAN_RECEIVABLE, kit.pk) == 0
    assert is_balanced()


def test_case_12_vat_is_inside_the_price(world, pay):
    TariffVersion.objects.update(vat_percent=D(18))

    pay("5000")

    assert last_order().quantity == D("12.5")
    assert trial_balance()[Account.VAT_PAYABLE] == D("-762.71")
    assert trial_balance()[Account.ENERGY_REVENUE] == D("-4237.29")


def test_case_14_a_refusal_gives_the_money_back_as_credit(world, amina, pay, work):
    use_calin(world.meter)
    with answering(code="03", reason="The meter does not exist"):
        pay("5000")
    refused, credit = last_order(), credit_of(world.meter)

    with answering():
        services.issue_from_credit(device_id=world.meter.pk, actor=amina, key=uuid4())
        work()

    assert (refused.state, credit) == ("refused", D(5000))
    assert "The meter does not exist" in refused.reason
    assert (last_order().state, last_order().quantity) == ("issued", D("12.5"))
    assert credit_of(world.meter) == 0
    assert is_balanced()


def test_case_15_cleared_debts_stay_cleared(world, pay, television):
    plan = television("15000")
    AccessFee.objects.create(device=world.meter, due_date=LONG_AGO, amount=D(2000))
    use_calin(world.meter)

    with answering(code="03", reason="The meter does not exist"):
        pay("20000")

    plan.refresh_from_db()
    assert plan.state == Plan.State.PAID
    assert AccessFee.objects.get().paid == D(2000)
    assert credit_of(world.meter) == D(3000)


def test_case_16_a_doubt_does_not_hold_up_the_next_payment(world, pay):
    use_calin(world.meter)
    with silent():
        pay("5000")
    with answering():
        pay("5000")

    first, second = TokenOrder.objects.order_by("pk")
    assert (first.state, first.token) == ("in_doubt", "")
    assert (second.state, second.quantity) == ("issued", D("12.5"))
    assert balance(Account.ORDERED, first.pk) == D(5000)


def test_days_of_a_refused_kit_stay_owed_and_the_money_stays_on_the_plan(world, pay, kit):
    with sunking() as maker:
        maker.replace("POST", "https://sunking.test/v2/token", json={"message": "no"}, status=404)
        pay("3000")

    kit.refresh_from_db()
    assert last_order().state == "refused"
    assert kit.days_ordered == 0
    assert credit_of(world.meter) == 0

    with sunking():
        pay("100")

    assert last_order().quantity == 10


def test_a_doubt_is_settled_with_the_token_that_was_found(world, amina, pay, work):
    use_calin(world.meter)
    with silent():
        pay("5000")

    vending.settle_doubt(
        order_id=last_order().pk,
        token="2276 8092 0054 2109 3510",
        reason="In the portal",
        actor=amina,
    )
    work()

    assert (last_order().state, last_order().token) == ("issued", "22768092005421093510")
    assert "2276 8092 0054 2109 3510" in Message.objects.order_by("-pk").first().text
    assert balance(Account.ORDERED, last_order().pk) == 0


def test_a_doubt_may_be_issued_anew_or_given_back(world, amina, pay, work):
    use_calin(world.meter)
    with silent():
        first, second = pay("5000"), pay("400")
    asked_long_ago()
    one, two = TokenOrder.objects.order_by("pk")

    vending.give_back(order_id=one.pk, reason="Not in the portal", actor=amina)
    with answering():
        vending.issue_anew(order_id=two.pk, reason="Not in the portal", actor=amina)
        work()

    assert [o.state for o in TokenOrder.objects.order_by("pk")] == ["refused", "issued"]
    assert credit_of(world.meter) == D(5000)
    assert (first.state, second.state) == ("settled", "settled")
    with pytest.raises(vending.NotInDoubt):
        vending.give_back(order_id=one.pk, reason="Again", actor=amina)


def test_nothing_is_bought_anew_while_the_first_call_may_still_act(world, amina, pay):
    use_calin(world.meter)
    with silent():
        pay("5000")

    for decide in (vending.issue_anew, vending.give_back):
        with pytest.raises(vending.MayStillAct):
            decide(order_id=last_order().pk, reason="Too early", actor=amina)

    assert last_order().state == "in_doubt"


def test_a_wrong_key_pauses_the_order_until_a_good_check(world, pay, work):
    connection = use_calin(world.meter)
    with answering(code="02", reason="Incorrect user or password"):
        pay("5000")

    connection.refresh_from_db()
    assert (last_order().state, last_order().is_paused) == ("due", True)
    assert connection.paused_reason

    vending.resume_paused(connection)
    connection.paused_reason = ""
    connection.save(update_fields=["paused_reason"])
    with answering():
        work()

    assert last_order().state == "issued"


def test_a_fee_that_the_daily_run_has_not_made_yet_is_cleared_too(world, pay):
    TariffVersion.objects.update(access_fee=D(700), access_fee_days=7)
    world.meter.assigned_at = timezone.now() - dt.timedelta(days=8)
    world.meter.save(update_fields=["assigned_at"])

    pay("5000")

    assert AccessFee.objects.get().paid == D(700)
    assert last_order().quantity == D("10.7")
    assert credit_of(world.meter) == D(20)
