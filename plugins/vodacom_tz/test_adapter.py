"""The broker's calls, our acknowledgement, and the result that we report back."""

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest
import responses
from defusedxml.ElementTree import fromstring

from plugins.contracts import (
    Answer,
    Heartbeat,
    Notice,
    Outcome,
    Reason,
    ResultReport,
    Verdict,
)
from plugins.errors import Rejected, Unavailable
from plugins.testing import (
    adapter_for,
    callback_from,
    load_exchange,
    no_connection,
)
from plugins.vodacom_tz import passwords
from plugins.vodacom_tz.adapter import VodacomTanzania

URL = "https://broker.example:30009/iPG/c2b/jua"
VECTORS = {
    "hex-upper": "MzgwMkJBMzg5OEVBREVBOEE2MUE0NDQ2MjFGMjJEMjQxNDk5MUYx"
    "NEM5QjM5RjVDNTFGOTlCQjM2Rjg3MjAwQQ==",
    "raw": "OAK6OJjq3qimGkRGIfItJBSZHxTJs59cUfmbs2+HIAo=",
    "hex-lower": "MzgwMmJhMzg5OGVhZGVhOGE2MWE0NDQ2MjFmMjJkMjQxNDk5MWYx"
    "NGM5YjM5ZjVjNTFmOTliYjM2Zjg3MjAwYQ==",
    "raw-upper": "OAK6OJjq3qimGkRGIfItJBSZHxTJs59cUfmbs0+HIAo=",
}
YES = ResultReport(
    is_accepted=True,
    message="",
    reference="7G1A2B3C4D",
    our_id="981",
    payer_phone="+255754123456",
    decided_at=dt.datetime(2025, 7, 1, 7, 15, tzinfo=dt.UTC),  # 10:15 in Dar es Salaam
    wire={
        "conversationID": "c-0001",
        "originatorConversationID": "o-0001",
        "transactionID": "T0001",
        "initiator": "255754123456",
    },
)
NO = replace(YES, is_accepted=False, message="Unknown account")


def provider(**changes: Any) -> VodacomTanzania:
    settings = {"sp_id": "300300", "sp_password": "sp-secret", "request_url": URL}
    return adapter_for(VodacomTanzania, **settings | changes)


def read(name: str, **settings: Any) -> Notice:
    incoming = provider(**settings).read(callback_from(__file__, name))
    assert isinstance(incoming, Notice)
    return incoming


def body_of(name: str) -> str:
    body: str = load_exchange(__file__, name)["callback"]["body"]
    return body


def assert_recorded(answer: Answer, name: str) -> None:
    recorded = load_exchange(__file__, name)["answer"]
    assert (answer.status, answer.content_type) == (recorded["status"], recorded["content_type"])
    if "json" in recorded:
        assert json.loads(answer.body) == recorded["json"]
    else:
        assert answer.body.decode() == recorded["text"]


# --- what comes in ---


def test_a_payment_is_read_with_the_receipt_as_its_reference():
    notice = read("request")

    assert notice == Notice(
        reference="7G1A2B3C4D",
        amount="5000",
        account="47000100011",
        payer_phone="255754123456",
        paid_at=dt.datetime(2025, 7, 1, 7, 15, tzinfo=dt.UTC),
        wire=YES.wire,
    )


def test_the_other_namespace_and_a_result_address_change_nothing():
    assert read("request_other_spelling") == read("request")


def test_decimals_arrive_as_they_were_written():
    body = body_of("request").replace("<amount>5000", "<amount>5000.50")

    notice = provider().read(callback_from(__file__, "request", body=body))

    assert isinstance(notice, Notice)
    assert notice.amount == "5000.50"


@pytest.mark.parametrize("account", ["47", "jua; DROP"])
def test_a_strange_account_is_for_us_to_refuse_not_for_the_reader(account):
    body = body_of("request").replace("47000100011", account)

    notice = provider().read(callback_from(__file__, "request", body=body))

    assert isinstance(notice, Notice)
    assert notice.account == account


@pytest.mark.parametrize("date", ["", "yesterday", "01/07/2025"])
def test_an_unreadable_date_does_not_stop_the_money(date):
    body = body_of("request").replace("2025-07-01 10:15:00", date)

    notice = provider().read(callback_from(__file__, "request", body=body))

    assert isinstance(notice, Notice)
    assert notice.paid_at is None


def test_a_heartbeat_is_answered_with_nothing():
    callback = callback_from(__file__, "heartbeat")

    incoming = provider().read(callback)

    assert incoming == Heartbeat()
    assert_recorded(provider().answer(incoming, Outcome(Verdict.YES)), "heartbeat")


# --- who may send ---


@pytest.mark.parametrize(("scheme", "expected"), VECTORS.items())
def test_every_way_to_write_the_password_matches_its_vector(scheme, expected):
    written = passwords.sp_password(
        scheme, sp_id="300300", secret="sp-secret", timestamp="20250701101500"
    )

    assert written == expected


@pytest.mark.parametrize("configured", VECTORS)
@pytest.mark.parametrize("sent", VECTORS)
def test_only_the_configured_way_to_write_the_password_is_accepted(configured, sent):
    body = body_of("request").replace(VECTORS["hex-upper"], VECTORS[sent])
    callback = callback_from(__file__, "request", body=body)
    adapter = provider(password_scheme=configured)

    if sent == configured:
        assert isinstance(adapter.read(callback), Notice)
    else:
        with pytest.raises(Rejected, match="spPassword"):
            adapter.read(callback)


def test_a_password_for_another_timestamp_is_refused():
    body = body_of("request").replace("20250701101500", "20250701101501")

    with pytest.raises(Rejected, match="spPassword"):
        provider().read(callback_from(__file__, "request", body=body))


@pytest.mark.parametrize(
    "name",
    ["request_wrong_password", "request_wrong_sp_id", "request_truncated", "request_with_entity"],
)
def test_what_is_not_authentic_or_not_readable_gets_401(name):
    callback = callback_from(__file__, name)

    with pytest.raises(Rejected) as refused:
        provider().read(callback)

    assert_recorded(provider().refuse(callback, refused.value), name)


@pytest.mark.parametrize(
    ("allowed", "is_taken"),
    [
        (None, True),
        ([], True),
        (["196.201.214.200"], True),
        (["196.201.214.0/24"], True),
        (["196.201.214.201"], False),
    ],
)
def test_a_list_of_addresses_counts_once_there_is_one(allowed, is_taken):
    adapter = provider(allowed_ips=allowed)

    for name in ("request", "heartbeat"):
        callback = callback_from(__file__, name)
        if is_taken:
            adapter.read(callback)
        else:
            with pytest.raises(Rejected, match="address"):
                adapter.read(callback)


@pytest.mark.parametrize(
    "name",
    [
        "timestamp",
        "amount",
        "initiator",
        "conversationID",
        "originatorConversationID",
        "mpesaReceipt",
        "accountReference",
        "transactionID",
    ],
)
def test_a_payment_without_one_of_its_fields_is_refused(name):
    body = body_of("request").replace(f"<{name}>", "<other>").replace(f"</{name}>", "</other>")

    with pytest.raises(Rejected, match=f"{name} is missing"):
        provider().read(callback_from(__file__, "request", body=body))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "<other/>",
        '<?xml version="1.0" encoding="no-such"?><mpesaBroker/>',
        "<FailSafe>" + "x" * 65_536 + "</FailSafe>",
        '<!DOCTYPE FailSafe SYSTEM "http://127.0.0.1/x.dtd"><FailSafe>Jua</FailSafe>',
    ],
)
def test_rubbish_is_refused(body):
    with pytest.raises(Rejected):
        provider().read(callback_from(__file__, "request", body=body))


def test_an_endless_number_is_refused():
    body = body_of("request").replace("7G1A2B3C4D", "7" * 65)

    with pytest.raises(Rejected, match="mpesaReceipt is longer"):
        provider().read(callback_from(__file__, "request", body=body))


# --- what we answer at once ---


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(Verdict.YES, our_id="981"),
        Outcome(Verdict.NO, "Unknown account", Reason.UNKNOWN_DEVICE, our_id="981"),
        Outcome(Verdict.CONFLICT, "Other amount", Reason.CONFLICT),
    ],
    ids=lambda outcome: outcome.verdict,
)
def test_every_payment_that_was_kept_is_acknowledged_alike(outcome):
    assert_recorded(provider().answer(read("request"), outcome), "request")


def test_a_plugin_that_is_off_does_not_acknowledge():
    answer = provider().answer(read("request"), Outcome(Verdict.UNAVAILABLE))

    response = fromstring(answer.body).find("{*}response")
    assert answer.status == 200
    assert response.findtext("{*}transactionID") == "T0001"
    assert response.findtext("{*}responseCode") == "999"


def test_what_is_echoed_is_escaped():
    body = body_of("request").replace("c-0001", "c&lt;/conversationID&gt;&amp;")
    notice = provider().read(callback_from(__file__, "request", body=body))

    answer = provider().answer(notice, Outcome(Verdict.YES))

    assert b"<conversationID>c&lt;/conversationID&gt;&amp;</conversationID>" in answer.body


# --- check connection ---


@pytest.mark.parametrize("status", [200, 404, 405, 500])
def test_any_answer_shows_that_the_broker_is_there(status):
    with responses.RequestsMock() as mock:
        mock.get(URL, status=status)

        assert "can be reached" in provider().check()


def test_no_connection_is_said_so():
    with no_connection(URL, "GET"), pytest.raises(Unavailable):
        provider().check()
