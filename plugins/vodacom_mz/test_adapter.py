"""Vodacom Mozambique's calls to us, in both forms, and our answers."""

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from plugins.contracts import (
    Answer,
    Capability,
    Enquiry,
    Incoming,
    Notice,
    Outcome,
    Reason,
    Validation,
    Verdict,
)
from plugins.errors import Rejected
from plugins.testing import adapter_for, callback_from, load_exchange
from plugins.vodacom_mz import inbound
from plugins.vodacom_mz.adapter import VodacomMozambique

VALIDATED = Validation(
    reference="ORD-77-A1", amount="500", account="47000100011", payer_phone="258841234567"
)
YES = Outcome(Verdict.YES, our_id="123", amount=Decimal(500))


def provider(**changes: Any) -> VodacomMozambique:
    return adapter_for(VodacomMozambique, **{"inbound_key": "test-api-key"} | changes)


def read(name: str, **changes: Any) -> Incoming:
    return provider().read(callback_from(__file__, name, **changes))


def read_changed(name: str, **fields: Any) -> Incoming:
    """Read a recorded body with other fields; None takes a field away."""
    body = json.loads(load_exchange(__file__, name)["callback"]["body"]) | fields
    kept = {key: value for key, value in body.items() if value is not None}
    return read(name, body=json.dumps(kept))


def assert_recorded(answer: Answer, name: str) -> None:
    recorded = load_exchange(__file__, name)["answer"]
    assert (answer.status, answer.content_type) == (recorded["status"], recorded["content_type"])
    assert json.loads(answer.body) == recorded["json"]


# --- reading ---


def test_a_validation_brings_amount_device_and_payer():
    assert read("validate") == VALIDATED


def test_the_other_names_of_the_fields_are_understood():
    assert read("validate_current_form") == replace(
        VALIDATED, reference="6f1c1a52-3f1e-4b57-9a53-2b7f0f3c9d11", payer_phone=""
    )


def test_a_process_brings_our_own_number_but_no_amount():
    assert read("process") == Notice(reference="ORD-77-A1", amount=None, account="", our_id="123")
    assert VodacomMozambique.keeps_validation


def test_an_enquiry_brings_the_reference():
    assert read("query_done") == Enquiry(reference="ORD-77-A1")


def test_the_other_name_of_the_reference_is_understood_everywhere():
    body = '{"request_id":"6f1c1a52-3f1e-4b57-9a53-2b7f0f3c9d11","transactionId":"VOD-TXN-000123"}'

    for name in ("process", "query_done"):
        assert read(name, body=body).reference == "6f1c1a52-3f1e-4b57-9a53-2b7f0f3c9d11"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("500", "500"),
        ("500.50", "500.50"),
        ('"500.50"', "500.50"),
        ("5e2", "500"),
        ("1", "1"),
        ("5000000", "5000000"),
    ],
)
def test_an_amount_stays_exactly_as_it_was_written(written, expected):
    body = load_exchange(__file__, "validate")["callback"]["body"].replace("500", written)

    assert read("validate", body=body).amount == expected


@pytest.mark.parametrize(
    ("number", "carried"),
    [
        ("123", "VOD-TXN-000123"),
        ("7", "VOD-TXN-000007"),
        ("100", "VOD-TXN-000100"),
        ("1234567", "VOD-TXN-1234567"),
        ("K7-200", "VOD-TXN-K7-200"),
    ],
)
def test_our_number_survives_the_way_to_vodacom_and_back(number, carried):
    answer = provider().answer(VALIDATED, Outcome(Verdict.YES, our_id=number))

    assert json.loads(answer.body)["data"]["transactionId"] == carried
    assert read_changed("process", transactionId=carried).our_id == number


# --- who may call ---


@pytest.mark.parametrize("name", ["validate_wrong_key", "validate_no_key"])
def test_a_missing_or_wrong_key_gets_401(name):
    callback = callback_from(__file__, name)

    with pytest.raises(Rejected) as refused:
        provider().read(callback)

    assert_recorded(provider().refuse(callback, refused.value), name)


@pytest.mark.parametrize(
    "header", ["test-api-key", "Basic test-api-key", "Bearer", "Bearer test-api-key x", "Bearer é"]
)
def test_only_a_bearer_with_exactly_our_key_is_let_in(header):
    with pytest.raises(Rejected, match="key"):
        read("validate", headers={"Authorization": header})


@pytest.mark.parametrize("header", ["Bearer ", "Bearer", ""])
def test_without_a_key_of_ours_nobody_is_let_in(header):
    adapter = provider(inbound_key="")

    with pytest.raises(Rejected, match="key"):
        adapter.read(callback_from(__file__, "validate", headers={"Authorization": header}))


@pytest.mark.parametrize(
    ("allowed", "is_taken"),
    [([], True), (["196.28.233.0/24"], True), (["196.28.234.0/24"], False)],
)
def test_a_list_of_addresses_counts_once_there_is_one(allowed, is_taken):
    adapter, callback = provider(allowed_ips=allowed), callback_from(__file__, "validate")

    if is_taken:
        assert adapter.read(callback) == VALIDATED
        return
    with pytest.raises(Rejected, match="address") as refused:
        adapter.read(callback)
    assert adapter.refuse(callback, refused.value).status == 401


# --- what is not readable ---


@pytest.mark.parametrize(
    "name", ["validate_wrong_fields", "validate_truncated", "process_without_transaction"]
)
def test_what_is_not_readable_is_refused_field_by_field(name):
    callback = callback_from(__file__, name)

    with pytest.raises(Rejected) as refused:
        provider().read(callback)

    assert_recorded(provider().refuse(callback, refused.value), name)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "null",
        '"text"',
        "[" * 30_000,
        '{"amount": NaN}',
        "é".encode("latin-1"),
        '{"referenceId": "ORD-77-A1"}' + " " * 65_536,
    ],
)
def test_rubbish_is_refused_with_400(body):
    callback = callback_from(__file__, "query_done", body=body)

    with pytest.raises(Rejected) as refused:
        provider().read(callback)

    assert provider().refuse(callback, refused.value).status == 400


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"amount": 0.5}, "amount"),
        ({"amount": 5_000_001}, "amount"),
        ({"amount": -5}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": [500]}, "amount"),
        ({"amount": "5e2"}, "amount"),
        ({"amount": f"5.{'0' * 30}"}, "amount"),
        ({"amount": None}, "amount"),
        ({"serialNumber": None}, "serialNumber"),
        ({"serialNumber": ""}, "serialNumber"),
        ({"serialNumber": 47000100011}, "serialNumber"),
        ({"serialNumber": "4700\x0000"}, "serialNumber"),
        ({"serialNumber": "4" * 65}, "serialNumber"),
        ({"payerPhoneNumber": "255754123456"}, "payerPhoneNumber"),
        ({"referenceId": None}, "referenceId"),
        ({"referenceId": "ORD"}, "referenceId"),
        ({"referenceId": "ORD 77 A1"}, "referenceId"),
        ({"referenceId": "ORD-77-A1\n"}, "referenceId"),
        ({"referenceId": {"id": 1}}, "referenceId"),
    ],
)
def test_a_wrong_field_of_a_validation_is_named(fields, named):
    with pytest.raises(inbound.WrongFields) as refused:
        read_changed("validate", **fields)

    assert list(refused.value.errors) == [named]


@pytest.mark.parametrize("written", ["000123", "VOD-TXN-123", "VOD-TXN-", "vod-txn-000123", 123])
def test_a_transaction_that_we_never_numbered_is_refused(written):
    with pytest.raises(inbound.WrongFields):
        read_changed("process", transactionId=written)


# --- answering ---


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("validate", YES),
        ("validate_refused", Outcome(Verdict.NO, "Unknown device", Reason.UNKNOWN_DEVICE)),
        ("process", YES),
        (
            "process_conflict",
            Outcome(Verdict.CONFLICT, "Another payment has this reference.", Reason.CONFLICT),
        ),
        (
            "query_done",
            Outcome(
                Verdict.DONE,
                our_id="123",
                receipt="49XCDF6",
                completed_at=dt.datetime(2025, 7, 1, 8, 15, 4, tzinfo=dt.UTC),
            ),
        ),
        ("query_pending", Outcome(Verdict.PENDING, our_id="123")),
        ("query_failed", Outcome(Verdict.FAILED, our_id="123")),
        ("query_unknown", Outcome(Verdict.NOT_FOUND, "Unknown reference")),
    ],
)
def test_every_verdict_is_written_as_recorded(name, outcome):
    assert_recorded(provider().answer(read(name), outcome), name)


def test_a_plugin_that_is_off_says_so():
    answer = provider().answer(VALIDATED, Outcome(Verdict.UNAVAILABLE, "Not available"))

    assert answer.status == 503
    assert json.loads(answer.body) == {"data": {"message": "Not available", "success": False}}


def test_a_refusal_gives_no_money_back():
    assert not VodacomMozambique.refusal_returns_money


def test_pushes_are_offered_only_with_an_account_for_them():
    push = {"api_key": "key", "public_key": "key", "service_provider_code": "171717"}

    assert not provider().can(Capability.PUSH_PAYMENT)
    assert provider(**push).can(Capability.PUSH_PAYMENT)
    assert provider(**push).can(Capability.FETCH_STATUS)
    assert not provider(**push).can(Capability.REPORT_RESULT)


def test_an_endless_amount_is_refused():
    body = load_exchange(__file__, "validate")["callback"]["body"].replace("500", f"5.{'0' * 30}")

    with pytest.raises(inbound.WrongFields):
        read("validate", body=body)
