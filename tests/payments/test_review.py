"""What an adversary tries: money twice, money lost, a token that was paid for and never stored."""

import datetime as dt
import json
from decimal import Decimal as D
from uuid import uuid4

import pytest
import responses
from django.utils import timezone

from appliances.models import Plan
from appliances.schedule import parse_period
from appliances.services import sell_appliance
from desk import inbox
from desk.devices import device_page
from ledger.models import Account, Event
from ledger.selectors import balance
from ledger.services import Movement, credit, debit, post
from messaging.models import Message
from payments import books, services
from payments.models import OperatorResult, Payment
from plugins import registry
from plugins.contracts import Capability, FoundToken, IssuedToken
from plugins.errors import Rejected
from tenants.models import DueWork
from tests.payments.makers import (
    SUNKING_URL,
    answering,
    asked_long_ago,
    silent,
    sunking,
    use_calin,
    use_sunking,
)
from tests.payments.refunds import ask_refund
from vending import outcomes
from vending import services as vending
from vending.models import TokenOrder
from vending.services.issuing import close_as_issued


def stumble(*_, **__):
    raise KeyError("quantity")


def refuse(*_, **__):
    raise Rejected("Not today.")


def order_of(payment):
    return TokenOrder.objects.get(source="payment", source_id=payment.pk)


def sell_kit(world, jua, *, price, instalments):
    return sell_appliance(
        company=jua,
        customer_id=world.neema.pk,
        appliance="Home 50",
        price=D(price),
        down_payment=D(0),
        instalments=instalments,
        every=parse_period("30d"),
        first_due=dt.date(2027, 1, 1),
        sold_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
        actor=None,
        device_id=world.meter.pk,
    )


@pytest.fixture
def kit_without_unlock(world, jua, monkeypatch):
    """A kit whose maker sells days and cannot free it: one instalment of 3000 for 30 days."""
    use_sunking(world.meter)
    maker = registry.manufacturer("sunking")
    monkeypatch.setattr(maker, "capabilities", frozenset())
    return sell_kit(world, jua, price=3000, instalments=1)


# --- a token that was bought is stored, whatever happens to its SMS --------------------------------------


def test_a_token_is_stored_though_its_sms_cannot_be_written(world, pay, monkeypatch):
    monkeypatch.setattr(outcomes, "_listeners", [stumble])

    payment = pay("5000")

    order = order_of(payment)
    assert (order.state, bool(order.token)) == ("issued", True)
    assert balance(Account.ORDERED, order.pk) == 0
    assert books.violations() == []


def test_a_token_is_stored_though_the_database_refuses_its_sms(world, pay, monkeypatch):
    def too_long(order):
        return [Message.objects.create(phone="+" * 99, created_at=timezone.now())]

    monkeypatch.setattr(outcomes, "_listeners", [too_long])

    payment = pay("5000")

    assert order_of(payment).state == "issued"


@pytest.mark.parametrize("broken", ["_join", "_token", "_debts"])
def test_a_token_reaches_its_buyer_though_its_words_cannot_be_written(
    world, pay, monkeypatch, broken
):
    monkeypatch.setattr(f"payments.notices.{broken}", stumble)

    payment = pay("5000")

    message = Message.objects.get()
    assert (message.source, message.source_id) == ("payment", payment.pk)
    assert (message.phone, message.state) == ("+255754123456", "delivered")
    assert order_of(payment).token in message.text.replace(" ", "")


def test_money_is_settled_though_its_sms_cannot_be_written(world, pay, monkeypatch):
    monkeypatch.setattr("payments.notices._debts", stumble)

    payment = pay("20")

    assert payment.state == "settled"
    assert "20" in Message.objects.get().text


@pytest.mark.parametrize("said", ["same", "x" * 101, "nul\0", ""])
def test_an_answer_that_cannot_be_stored_is_a_doubt_at_once(world, pay, monkeypatch, said):
    first = pay("5000")
    token = order_of(first).token if said == "same" else said
    maker = registry.manufacturer("demo_meter")
    monkeypatch.setattr(maker, "issue_token", lambda *_: IssuedToken(token=token))

    second = pay("5000")

    assert order_of(second).state == "in_doubt"
    assert order_of(second).reason
    assert books.violations() == []


# --- credit is spent once -------------------------------------------------------------------------------


def give_credit(device, amount):
    lines = [
        debit(Account.OPENING_BALANCES, D(amount)),
        credit(Account.DEVICE_CREDIT, D(amount), device.pk),
    ]
    post(
        Movement(Event.OPENING, "device", device.pk, lines),
        occurred_at=timezone.now(),
    )


def test_credit_that_pays_a_plan_leaves_the_credit(world, jua, amina):
    use_sunking(world.meter)
    plan = sell_kit(world, jua, price=6000, instalments=2)
    give_credit(world.meter, 3000)

    services.issue_from_credit(device_id=world.meter.pk, actor=amina, key=uuid4())

    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == 0
    assert balance(Account.PLAN_RECEIVABLE, plan.pk) == 3000
    assert books.violations() == []


def test_credit_beyond_a_paid_plan_becomes_the_customers(world, jua, amina):
    use_sunking(world.meter)
    sell_kit(world, jua, price=3000, instalments=1)
    give_credit(world.meter, 3500)

    services.issue_from_credit(device_id=world.meter.pk, actor=amina, key=uuid4())

    assert balance(Account.CUSTOMER_CREDIT, world.neema.pk) == 500
    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == 0
    assert books.violations() == []


def test_an_unmatched_payment_goes_back_whole(world, asha, airtel):
    airtel(amount="5000", reference="LOST")
    Payment.objects.update(state="unmatched", device=None, customer=None)
    payment = Payment.objects.get()

    with pytest.raises(services.RefundWhole):
        ask_refund(asha, payment, 2000)

    assert books.violations() == []


def test_a_payment_is_never_refunded_twice_in_parts(world, asha, pay, monkeypatch):
    maker = registry.manufacturer("demo_meter")
    monkeypatch.setattr(maker, "issue_token", refuse)
    first = pay("5000")
    pay("5000")

    ask_refund(asha, first, 3000)
    with pytest.raises(services.NothingToRefund):
        ask_refund(asha, first, 3000)
    ask_refund(asha, first, 2000)

    first.refresh_from_db()
    assert first.state == "refunded"


def test_a_reversal_takes_unspent_credit_first(world, asha, pay, monkeypatch):
    monkeypatch.setattr(registry.manufacturer("demo_meter"), "issue_token", refuse)
    payment = pay("5000")

    services.ask_reversal(
        payment_id=payment.pk, as_loss=True, reason="x", actor=asha, now=timezone.now()
    )

    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == 0
    assert balance(Account.LOSSES, None) == 0
    assert books.violations() == []


# --- days that were paid for stay owed ------------------------------------------------------------------


def test_days_of_a_paid_plan_that_were_refused_can_still_be_issued(
    world, jua, pay, amina, work, kit_without_unlock, monkeypatch
):
    maker = registry.manufacturer("sunking")
    with monkeypatch.context() as refusing:
        refusing.setattr(maker, "issue_token", refuse)
        payment = pay("3000")
    assert order_of(payment).state == "refused"

    assert device_page(jua, world.meter, now=timezone.now(), language="en").can_issue
    services.issue_from_credit(device_id=world.meter.pk, actor=amina, key=uuid4())
    with sunking():
        work()

    order = TokenOrder.objects.latest("pk")
    plan = Plan.objects.get()
    assert (order.state, order.quantity, order.plan_id) == ("issued", 30, plan.pk)
    assert (plan.state, plan.days_ordered) == ("paid", 30)
    assert not inbox.orders_refused().exists()
    with pytest.raises(vending.NothingToIssue):
        services.issue_from_credit(device_id=world.meter.pk, actor=amina, key=uuid4())


def test_a_refused_unlock_that_was_ended_can_be_asked_again(world, jua, pay, amina, monkeypatch):
    use_sunking(world.meter)
    plan = sell_kit(world, jua, price=3000, instalments=1)
    monkeypatch.setattr(registry.manufacturer("sunking"), "unlock", refuse)
    payment = pay("3000")
    vending.give_back(order_id=order_of(payment).pk, reason="x", actor=amina)

    order = services.issue_from_credit(device_id=world.meter.pk, actor=amina, key=uuid4())

    assert (order.task, order.plan_id, order.state) == ("unlock", plan.pk, "due")
    with pytest.raises(vending.NothingToIssue):
        services.issue_from_credit(device_id=world.meter.pk, actor=amina, key=uuid4())


# --- nothing is forgotten -------------------------------------------------------------------------------


def test_the_sms_of_a_decision_is_taken_up_when_the_bell_was_not_heard(world, jua, amina, pay):
    use_calin(world.meter)
    with silent():
        payment = pay("5000")
    asked_long_ago()
    DueWork.objects.filter(company=jua).delete()

    vending.give_back(order_id=order_of(payment).pk, reason="not there", actor=amina)

    assert Message.objects.filter(state="queued").exists()
    assert DueWork.objects.filter(company=jua, kind="line").exists()


def test_a_look_up_waits_while_another_order_of_the_meter_is_out(world, pay, monkeypatch):
    use_calin(world.meter)
    with silent():
        first = pay("5000")
    with answering():
        second = pay("5000")
    order = order_of(first)
    TokenOrder.objects.filter(pk=order.pk).update(available_at=timezone.now())
    maker = registry.manufacturer("calin_meter")
    monkeypatch.setattr(maker, "capabilities", frozenset({Capability.FIND_TOKENS}))

    def ask(self, request):
        # The other order goes out while we ask, and its token is what we are told.
        TokenOrder.objects.filter(pk=order_of(second).pk).update(
            state="requested", token="", leased_until=timezone.now() + dt.timedelta(minutes=1)
        )
        return [FoundToken("12345678901234567890", D("12.5"), timezone.now())]

    monkeypatch.setattr(maker, "find_tokens", ask)

    vending.look_up(order.pk)

    order.refresh_from_db()
    assert (order.state, order.token) == ("in_doubt", "")


def test_a_slow_log_in_leaves_the_order_no_more_than_the_time_of_the_whole_call(
    world, jua, pay, monkeypatch
):
    use_sunking(world.meter)
    sell_kit(world, jua, price=3000, instalments=1)
    now = [1000.0]
    monkeypatch.setattr("plugins.http.time.monotonic", lambda: now[0])

    def slow(request):
        now[0] += 100
        return 200, {}, json.dumps({"access_token": "bearer", "expires_in": 300})

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback("POST", "https://sunking.test/auth", callback=slow)
        mock.add("POST", SUNKING_URL, json={"token": "123456789012345"})
        payment = pay("3000")
        asked = [call.request.url for call in mock.calls]

    assert set(asked) == {"https://sunking.test/auth"}
    assert order_of(payment).state == "due"


# --- an answer that comes late --------------------------------------------------------------------------


def test_a_late_token_keeps_a_reordered_token_from_being_bought_twice(world, pay, amina, work):
    use_calin(world.meter)
    with silent():
        payment = pay("5000")
    asked_long_ago()
    order = vending.issue_anew(order_id=order_of(payment).pk, reason="not there", actor=amina)

    close_as_issued(order, "11112222333344445555")
    with answering() as calin:
        work()
        assert not calin.calls

    order.refresh_from_db()
    assert (order.state, order.token) == ("issued", "11112222333344445555")
    assert books.violations() == []


def test_a_token_that_comes_after_its_money_was_given_back_is_shown_to_staff(world, pay, amina):
    use_calin(world.meter)
    with silent():
        payment = pay("5000")
    asked_long_ago()
    order = vending.give_back(order_id=order_of(payment).pk, reason="not there", actor=amina)
    assert not inbox.orders_refused().exists()

    close_as_issued(order, "11112222333344445555")

    assert inbox.orders_refused().get() == order
    assert "11112222333344445555" in order.events.latest("pk").text
    assert books.violations() == []


def test_a_result_for_an_operator_that_is_no_longer_installed_comes_to_the_inbox(world, airtel):
    airtel(amount="5000")
    result = OperatorResult.objects.create(
        payment=Payment.objects.get(),
        is_accepted=True,
        decided_at=timezone.now(),
        available_at=timezone.now(),
    )
    world.airtel.plugin = "gone"
    world.airtel.save(update_fields=["plugin"])

    services.report_result(result.pk)

    result.refresh_from_db()
    assert (result.state, result.attempts) == ("owed", 1)
    assert result.available_at > timezone.now()
    assert "installed" in result.reason
