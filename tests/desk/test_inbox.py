"""The inbox: what needs a person, and nothing else."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from desk.inbox import MANY_ATTEMPTS, inbox_count
from messaging.models import Message
from payments.models import OperatorResult, Payment
from plugins.models import Connection
from tests.conftest import client_for, make_user, make_world
from tests.desk.said import said
from tests.payments.makers import answering, silent, use_calin
from vending.models import TokenOrder


def titles(client, **params):
    page = client.get("/inbox/", params)
    assert page.status_code == 200
    return [str(item.title) for item, _ in page.context["rows"]]


def text_of(response):
    return " ".join(response.content.decode().replace("\u00a0", " ").split())


def message(**fields):
    now = timezone.now()
    fields = {"phone": "+255754123456", "text": "x", "purpose": "token", "created_at": now} | fields
    return Message.objects.create(**fields)


def test_a_good_day_leaves_it_empty(world, owner, pay):
    pay("5000")

    page = owner.get("/inbox/")

    assert inbox_count() == 0
    assert "Nothing waits for a person" in text_of(page)
    assert "One payment of today did." in text_of(page)


def test_a_doubt_and_a_refusal_stand_there_until_somebody_decides(world, accountant, airtel, work):
    use_calin(world.meter)
    airtel(amount="5000")
    with silent():
        work()
    airtel(amount="5000")
    with answering(code=1, reason="Device not found"):
        work()
    _, refused = TokenOrder.objects.order_by("pk")

    before = titles(accountant)
    accountant.post(f"/orders/{refused.public_id}/dismiss/", said())
    after = titles(accountant)

    assert before == [
        "Did Calin keypad meters issue a token for Meter 47000100011?",
        "Calin keypad meters refused a token for Meter 47000100011",
    ]
    assert after == before[:1]
    assert inbox_count() == 1


def test_orders_of_a_broken_connection_are_one_thing_to_do(world, owner, airtel, work):
    maker = use_calin(world.meter)
    Connection.objects.filter(pk=maker.pk).update(paused_reason="The password is wrong")
    for _ in range(3):
        airtel(amount="5000")
    work()

    page = owner.get("/inbox/")

    assert TokenOrder.objects.exclude(paused_reason="").count() == 3
    assert titles(owner) == ["Calls to Calin keypad meters are paused"]
    assert "The password is wrong. 3 tokens wait for it." in text_of(page)
    assert inbox_count() == 1


def test_an_order_that_waits_beside_a_working_connection_stands_alone(world, owner, airtel, work):
    use_calin(world.meter)
    airtel(amount="5000")
    with answering():
        work()
    TokenOrder.objects.update(state="due", token="", paused_reason="Not reached for a day")

    assert titles(owner) == ["The token for Meter 47000100011 waits"]
    assert inbox_count() == 1


def test_a_plug_in_switched_off_is_no_trouble_until_an_order_waits_for_it(
    world, owner, airtel, work
):
    maker = use_calin(world.meter)
    Connection.objects.filter(pk=maker.pk).update(is_on=False)
    before = titles(owner)
    airtel(amount="5000")
    work()

    assert before == []
    assert titles(owner) == ["Calin keypad meters is switched off"]


def test_money_without_a_customer_and_money_that_goes_back(world, owner, airtel):
    airtel(amount="5000", account="999", reference="BACK")
    airtel(amount="7000", account="998", reference="LOST")
    Payment.objects.filter(reference="LOST").update(state="unmatched")

    assert titles(owner) == [
        "TZS\u00a05,000 goes back to the payer",
        "TZS\u00a07,000 without a customer",
    ]
    assert inbox_count() == 2

    Payment.objects.update(seen_at=timezone.now())
    assert titles(owner) == ["TZS\u00a07,000 without a customer"]


def test_a_validation_that_nobody_paid_needs_nobody(world, owner):
    Payment.objects.create(
        connection=world.airtel, reference="A", amount=1, account="x", state="returned"
    )

    assert inbox_count() == 0
    assert titles(owner) == []


def test_a_conflict_stands_until_it_is_closed(world, accountant, airtel, pay):
    payment = pay("5000", reference="AT1")
    airtel(amount="8000", reference="AT1")
    row = payment.conflicts.get()

    before = accountant.get("/inbox/")
    accountant.post(f"/payments/{payment.public_id}/conflicts/{row.pk}/close/", said(note="ok"))

    assert "with TZS 5,000 for 47000100011, which was counted" in text_of(before)
    assert "again with TZS 8,000" in text_of(before)
    assert titles(accountant) == []


def test_an_sms_that_did_not_arrive_stands_until_it_is_sent_again_or_left(world, clerk):
    again = message(state="failed", reason="No such number")
    left = message(state="failed", reason="No such number", purpose="receipt")

    before = titles(clerk)
    clerk.post(f"/messages/{again.public_id}/resend/")
    clerk.post(f"/messages/{left.public_id}/dismiss/", said(how="leave"))

    assert before == ["SMS with a token did not arrive", "SMS did not arrive"]
    assert titles(clerk) == []
    assert inbox_count() == 0


def test_sms_that_wait_for_a_gateway_are_one_thing_to_do(world, owner):
    for _ in range(3):
        message(paused_reason="No SMS gateway is switched on.")

    assert titles(owner) == ["3 SMS wait"]
    assert inbox_count() == 1


def test_an_operator_that_does_not_take_our_word_appears_after_many_attempts(world, owner, pay):
    payment = pay("5000")
    result = OperatorResult.objects.create(
        payment=payment, is_accepted=True, message="ok", decided_at=timezone.now(),
        attempts=MANY_ATTEMPTS - 1,
    )  # fmt: skip
    before = inbox_count()
    OperatorResult.objects.filter(pk=result.pk).update(attempts=MANY_ATTEMPTS)

    assert before == 0
    assert titles(owner) == ["Airtel Money has not taken our word on TZS\u00a05,000"]
    OperatorResult.objects.filter(pk=result.pk).update(state="confirmed")
    assert inbox_count() == 0


def test_reports_that_are_turned_away_appear_until_a_good_one_comes(world, owner, airtel):
    airtel(amount="5000", password="wrong-password")
    airtel(amount="5000", password="wrong-password")

    page = owner.get("/inbox/")
    before = titles(owner)
    airtel(amount="5000")

    assert before == ["Reports of Airtel Money are being turned away"]
    assert "2 reports since today" in text_of(page)
    assert titles(owner) == []


def test_money_that_cannot_be_settled_appears_after_a_while(world, owner, airtel):
    airtel(amount="5000")
    now = timezone.now()
    Payment.objects.update(attempts=3)
    before = inbox_count()
    Payment.objects.update(booked_at=now - dt.timedelta(hours=1))

    assert before == 0
    assert titles(owner) == ["TZS\u00a05,000 cannot be settled"]


def test_the_oldest_stands_first_and_has_the_filled_button(world, owner):
    now = timezone.now()
    message(state="failed", purpose="receipt", closed_at=now - dt.timedelta(minutes=5))
    message(state="failed", closed_at=now - dt.timedelta(hours=5))

    page = owner.get("/inbox/")

    assert titles(owner) == ["SMS with a token did not arrive", "SMS did not arrive"]
    assert page.content.decode().count("btn-primary") == 1
    assert "for 5 h" in text_of(page)


def test_tabs_narrow_to_a_kind_and_count_it(world, owner, airtel):
    message(state="failed")
    airtel(amount="5000", account="999")

    page = owner.get("/inbox/", {"kind": "sms"})

    assert titles(owner, kind="sms") == ["SMS with a token did not arrive"]
    assert titles(owner, kind="nonsense") == titles(owner)
    assert [(value, total) for value, _, total in page.context["tabs"]] == [
        ("payments", 1),
        ("sms", 1),
    ]


def test_a_step_that_this_user_may_not_take_has_no_button(world, clerk, airtel):
    airtel(amount="5000", account="999")
    Payment.objects.update(state="unmatched")

    page = clerk.get("/inbox/")

    assert "without a customer" in text_of(page)
    assert "/match/" not in page.content.decode()


def test_the_count_is_one_query_and_agrees_with_the_list(world, owner, airtel):
    message(state="failed")
    message(paused_reason="No SMS gateway is switched on.")
    airtel(amount="5000", account="999")
    airtel(amount="5000", password="wrong")
    Connection.objects.filter(pk=world.console.pk).update(check_state="failed")

    with CaptureQueriesContext(connection) as queries:
        count = inbox_count()

    assert len(queries) == 1
    assert count == len(titles(owner)) == 5
    assert ">5<" in owner.get("/payments/").content.decode().replace("</span>", "<")


def test_the_number_of_queries_does_not_grow_with_the_inbox(world, owner):
    def order(**fields):
        TokenOrder.objects.create(
            device=world.meter, source="credit", source_id=1, quantity=1, unit="kwh",
            cost=Decimal(400), created_at=timezone.now(), **fields,
        )  # fmt: skip

    order(state="refused")
    message(state="failed")
    owner.get("/inbox/")
    with CaptureQueriesContext(connection) as few:
        owner.get("/inbox/")
    for _ in range(10):
        order(state="refused")
        order(state="in_doubt")
        message(state="failed")
    with CaptureQueriesContext(connection) as many:
        page = owner.get("/inbox/")

    assert page.context["count"] == 32
    assert len(many) == len(few) <= 26


def test_two_companies_never_see_each_others_inbox(world, owner, taa):
    message(state="failed")
    connection.set_tenant(taa)
    make_world()
    stranger = client_for(make_user("owner", "Baraka", "baraka@taa.example"), "taa.localhost")
    theirs = titles(stranger)
    connection.set_tenant(type(taa).objects.get(schema_name="jua"))

    assert theirs == []
    assert titles(owner) == ["SMS with a token did not arrive"]


@pytest.mark.parametrize("path", ["/inbox/", "/payments/", "/messages/", "/settings/plug-ins/"])
def test_a_stranger_is_sent_to_the_log_in(world, stranger, path):
    answer = stranger.get(path)

    assert answer.status_code == 302
    assert "login" in answer.url
