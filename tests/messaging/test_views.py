"""The list of SMS, and sending one again, through their addresses."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry
from messaging.length import sms_count
from messaging.models import IncomingMessage, Message
from tests.conftest import client_for, make_user, make_world
from tests.desk.said import said
from vending.models import TokenOrder


def message(**fields):
    now = timezone.now()
    fields = {"phone": "+255754123456", "text": "x", "purpose": "token", "created_at": now} | fields
    return Message.objects.create(**fields)


def listed(response):
    return [row[0] for row in response.context["rows"]]


def text_of(response):
    return " ".join(response.content.decode().replace("\u00a0", " ").split())


def test_a_company_without_sms_reads_how_they_come(world, clerk):
    page = clerk.get("/messages/")

    assert page.status_code == 200
    assert "No SMS yet" in text_of(page)


def test_what_went_to_the_message_page_is_read_there(world, clerk, pay):
    payment = pay("5000")
    sent = Message.objects.get()

    page = clerk.get("/messages/")

    text = text_of(page)
    assert sent.connection.plugin == "console_sms"
    assert sent.text in text
    assert "+255 754 123 456" in text
    assert "SMS delivered" in text
    assert f"/about/payment/{payment.pk}/" in text
    assert clerk.get(f"/about/payment/{payment.pk}/").url == f"/payments/{payment.public_id}/"


@pytest.mark.parametrize("typed", ["0754 123 456", "255754123456", "754123", "Token 5401"])
def test_an_sms_is_found_by_phone_or_text(world, clerk, typed):
    wanted = message(text="Token 5401 6783")
    message(phone="+255786400512", text="Asante")

    assert listed(clerk.get("/messages/", {"q": typed})) == [wanted]


def test_states_narrow_the_list(world, clerk):
    failed = message(state="failed", reason="No such number")
    queued = message()
    given_up = message(state="failed", dismissed_at=timezone.now())

    assert listed(clerk.get("/messages/", {"state": "needs"})) == [failed]
    assert listed(clerk.get("/messages/", {"state": "moving"})) == [queued]
    assert listed(clerk.get("/messages/", {"state": "failed"})) == [given_up, failed]
    assert len(listed(clerk.get("/messages/", {"state": "nonsense"}))) == 3


def test_received_sms_stand_on_their_own_list(world, clerk):
    IncomingMessage.objects.create(
        connection=world.console, gateway_id="1", phone="+255754123456", text="Habari", trust="none"
    )

    page = clerk.get("/messages/received/")
    other = clerk.get("/messages/received/", {"q": "nobody"})

    assert "Habari" in text_of(page)
    assert "Nothing matches “nobody”" in text_of(other)


def test_sending_again_writes_a_new_sms_and_buys_nothing(world, clerk, pay):
    pay("5000")
    old = Message.objects.get()

    asked = clerk.get(f"/messages/{old.public_id}/resend/")
    answer = clerk.post(f"/messages/{old.public_id}/resend/", {"next": "/payments/"})

    new = Message.objects.exclude(pk=old.pk).get()
    assert old.text in text_of(asked)
    assert answer.url == "/payments/"
    assert (new.text, new.phone, new.resent_by) == (old.text, old.phone, "Juma Kato")
    assert TokenOrder.objects.count() == 1
    assert AuditEntry.objects.filter(action="message.resent").count() == 1


def test_another_number_is_read_in_the_countrys_way(world, clerk):
    old = message(state="failed")

    clerk.post(f"/messages/{old.public_id}/resend/", {"phone": "0786 400 512"})

    old.refresh_from_db()
    assert Message.objects.exclude(pk=old.pk).get().phone == "+255786400512"
    assert old.dismissed_at is not None


def test_a_number_that_is_none_comes_back_with_422_and_sends_nothing(world, clerk):
    old = message(state="failed")

    answer = clerk.post(f"/messages/{old.public_id}/resend/", {"phone": "12"})

    assert answer.status_code == 422
    assert "is not a phone number" in text_of(answer)
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"]
)
def test_the_way_back_never_leads_elsewhere(world, clerk, elsewhere):
    old = message(state="failed")

    answer = clerk.post(f"/messages/{old.public_id}/resend/", {"next": elsewhere})

    assert answer.url == "/messages/"


def test_leaving_an_sms_twice_is_refused_in_words(world, clerk):
    old = message(state="failed")

    first = clerk.post(f"/messages/{old.public_id}/dismiss/", said(how="leave"))
    second = clerk.post(f"/messages/{old.public_id}/dismiss/", said(how="leave"))

    assert first.status_code == 302
    assert second.status_code == 422
    assert "does not wait for a decision any more" in text_of(second)


def test_who_is_not_logged_in_sends_nothing(world, stranger):
    old = message(state="failed")

    answer = stranger.post(f"/messages/{old.public_id}/resend/")

    assert answer.status_code == 302
    assert Message.objects.count() == 1


def test_the_number_of_queries_does_not_grow_with_the_list(world, clerk):
    message(connection=world.console)
    clerk.get("/messages/")
    with CaptureQueriesContext(connection) as few:
        clerk.get("/messages/")
    for _ in range(20):
        message(connection=world.console)
    with CaptureQueriesContext(connection) as many:
        clerk.get("/messages/")

    assert len(many) == len(few) <= 8


def test_two_companies_never_see_each_others_sms(world, clerk, taa):
    ours = message(text="ours")
    connection.set_tenant(taa)
    make_world()
    stranger = client_for(make_user("owner", "Baraka", "baraka@taa.example"), "taa.localhost")
    theirs = stranger.get("/messages/")
    foreign = stranger.post(f"/messages/{ours.public_id}/resend/")
    connection.set_tenant(type(taa).objects.get(schema_name="jua"))

    assert "ours" not in text_of(theirs)
    assert foreign.status_code == 404
    assert listed(clerk.get("/messages/")) == [ours]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ş" + "a" * 69, 1),
        ("ş" + "a" * 70, 2),
        ("", 1),
    ],
)
def test_a_text_takes_as_many_sms_as_the_phone_receives(text, count):
    assert sms_count(text) == count
