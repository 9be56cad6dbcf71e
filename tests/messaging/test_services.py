"""SMS: handing over, reports in any order, retries, pauses, resending."""

import datetime as dt
from urllib.parse import urlencode

import pytest
import requests
import responses
from django.test import Client
from django.utils import timezone

from messaging import services, sweeps
from messaging.models import EarlyReport, IncomingMessage, Message
from plugins.models import Connection
from plugins.services import check_connection
from vending.models import TokenOrder

SEND = "https://at.test/version1/messaging"
PHONE = "+255754123456"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def gateway(world):
    return Connection.objects.create(
        plugin="africastalking",
        kind="sms",
        settings={"username": "sandbox", "sender_id": "PAYG", "api_url": "https://at.test"},
        secrets={"api_key": "at-key-1"},
    )


def taken(gateway_id="ATXid_1", code=101, status="Success"):
    recipient = {
        "statusCode": code, "number": PHONE, "status": status, "cost": "TZS 20",
        "messageId": gateway_id,
    }  # fmt: skip
    return {"SMSMessageData": {"Message": "Sent to 1/1", "Recipients": [recipient]}}


@pytest.fixture
def queued(gateway):
    return services.queue_message(
        phone=PHONE, text="Token 1234", purpose="token", source="payment", source_id=1,
        now=timezone.now(),
    )  # fmt: skip


def hand_over(message, *, json=None, body=None, status=201):
    with responses.RequestsMock() as mock:
        mock.add("POST", SEND, json=json, body=body, status=status)
        services.send_claimed([message])
    message.refresh_from_db()
    return message


def report(gateway, gateway_id="ATXid_1", status="Success", key=None):
    client = Client(headers={"host": "jua.localhost"})
    fields = {"id": gateway_id, "status": status, "phoneNumber": PHONE, "networkCode": "64004"}
    return client.post(
        f"/webhooks/sms/africastalking/{key or gateway.webhook_key}/delivery",
        urlencode(fields),
        content_type=FORM,
    )


def test_a_message_is_handed_over_and_its_report_delivers_it(gateway, queued):
    sent = hand_over(queued, json=taken())
    before = sent.state

    said = report(gateway)

    sent.refresh_from_db()
    assert (before, said.status_code, sent.state) == ("sent", 200, "delivered")


def test_a_report_that_comes_before_our_call_returned_is_not_lost(gateway, queued):
    report(gateway)

    sent = hand_over(queued, json=taken())

    assert sent.state == "delivered"
    assert not EarlyReport.objects.exists()


def test_a_final_state_is_never_left(gateway, queued):
    hand_over(queued, json=taken())
    report(gateway, status="Success")

    report(gateway, status="Failed")
    report(gateway, status="Sent")

    queued.refresh_from_db()
    assert queued.state == "delivered"


def test_a_report_of_an_unknown_message_is_answered_with_200(gateway):
    assert report(gateway, "ATXid_nobody").status_code == 200


def test_a_report_at_a_wrong_address_is_not_found(gateway, queued):
    hand_over(queued, json=taken())

    assert report(gateway, key="guess").status_code == 404
    queued.refresh_from_db()
    assert queued.state == "sent"


def test_a_number_that_is_refused_fails_with_the_reason(queued):
    failed = hand_over(queued, json=taken("None", 403, "InvalidPhoneNumber"))

    assert failed.state == "failed"
    assert failed.reason


def test_an_empty_account_pauses_the_queue_until_a_good_check(gateway, queued):
    paused = hand_over(queued, json=taken("None", 405, "InsufficientBalance"))
    gateway.refresh_from_db()
    state = (paused.state, bool(paused.paused_reason), bool(gateway.paused_reason))
    with responses.RequestsMock() as mock:
        mock.add("GET", "https://at.test/version1/user", json={"UserData": {"balance": "TZS 9"}})
        check_connection(connection_id=gateway.pk)

    paused.refresh_from_db()
    gateway.refresh_from_db()
    assert state == ("queued", True, True)
    assert (paused.paused_reason, gateway.paused_reason, gateway.check_state) == ("", "", "ok")


def test_no_connection_is_tried_again(queued):
    waiting = hand_over(queued, body=requests.ConnectTimeout("refused"))

    assert waiting.state == "queued"
    assert dt.timedelta(0) < waiting.available_at - timezone.now() < dt.timedelta(seconds=6)


def test_an_unknown_outcome_is_repeated_once_only(queued):
    first = hand_over(queued, body=requests.ReadTimeout("silence"))
    states = [first.state]
    Message.objects.update(available_at=timezone.now())
    with responses.RequestsMock() as mock:
        mock.add("POST", SEND, body=requests.ReadTimeout("silence"))
        services.send(queued.pk)

    queued.refresh_from_db()
    assert [*states, queued.state] == ["queued", "failed"]


def test_a_message_that_another_worker_holds_is_left_alone(queued):
    with responses.RequestsMock():
        services.send(queued.pk)

    queued.refresh_from_db()
    assert (queued.state, queued.attempts) == ("queued", 1)


def test_a_message_of_a_dead_worker_is_taken_up_when_its_lease_ends(jua, queued):
    Message.objects.update(leased_until=timezone.now() - dt.timedelta(seconds=1))
    due = sweeps.next_due(jua)
    with responses.RequestsMock() as mock:
        mock.add("POST", SEND, json=taken(), status=201)
        services.send(queued.pk)

    queued.refresh_from_db()
    assert due is not None
    assert (queued.state, queued.attempts) == ("sent", 2)


def test_a_resend_is_a_new_message_and_buys_no_token(gateway, queued, amina):
    hand_over(queued, json=taken("None", 403, "InvalidPhoneNumber"))

    new = services.resend_message(message_id=queued.pk, actor=amina, phone="0767900118")

    queued.refresh_from_db()
    assert (new.text, new.phone, new.state) == (queued.text, "+255767900118", "queued")
    assert queued.dismissed_at is not None
    assert not TokenOrder.objects.exists()


def test_a_double_click_sends_one_sms(queued, amina):
    first = services.resend_message(message_id=queued.pk, actor=amina)
    second = services.resend_message(message_id=queued.pk, actor=amina)

    assert first == second
    assert Message.objects.count() == 2


def test_an_incoming_sms_is_kept_once(gateway):
    client = Client(headers={"host": "jua.localhost"})
    address = f"/webhooks/sms/africastalking/{gateway.webhook_key}/incoming"
    sms = {
        "from": PHONE,
        "to": "20880",
        "text": "BAL",
        "date": "2026-05-01T10:00:00Z",
        "id": "in-1",
    }

    first, second = (client.post(address, urlencode(sms), content_type=FORM) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 200)
    assert IncomingMessage.objects.get().trust == "secret_address"


def test_the_console_shows_and_prints_nothing(world, pay, capsys, caplog):
    pay("5000")

    token = TokenOrder.objects.get().token
    shown = capsys.readouterr()
    assert Message.objects.get().state == "delivered"
    assert token not in shown.out + shown.err + caplog.text


def test_another_phone_that_paid_gets_amount_device_and_token_only(world, pay):
    pay("4999", phone="785123456")

    owner, payer = Message.objects.order_by("pk")
    assert (owner.phone, payer.phone) == (PHONE, "+255785123456")
    assert "Credit: 39" in owner.text
    assert "Credit" not in payer.text
    assert "12.4 kWh" in payer.text
