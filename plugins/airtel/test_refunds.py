"""Sending a payment back over Airtel's Open API: a clear yes, a clear no, and doubt for the rest."""

import dataclasses
from decimal import Decimal

import pytest

from plugins.airtel.adapter import Airtel
from plugins.airtel.forms import AirtelSettings
from plugins.contracts import Capability, RefundRequest
from plugins.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable, Unsupported
from plugins.testing import adapter_for, load_exchange, no_connection, replay

SETTINGS = load_exchange(__file__, "settings")
LOG_IN = f"{SETTINGS['api_url']}/auth/oauth2/token"
REQUEST = RefundRequest(
    our_reference="0b8f6d1c5e2a4b7f9d3c1a2b3c4d5e6f",
    reference="AT250701A",
    receipt="MP250701.1012.A00001",
    amount=Decimal(5000),
    paid=Decimal(5000),
    payer_phone="+255785123456",
)


@pytest.fixture
def airtel() -> Airtel:
    return adapter_for(Airtel, **SETTINGS)


def refund_answered(airtel, **answer):
    with replay(__file__, "refund_ok", last=answer):
        return airtel.refund(REQUEST)


def refusal(code, **more):
    status = {"code": "200", "message": "FAILED", "response_code": code, "success": False}
    return {"status": 200, "json": {"data": {"transaction": more}, "status": status}}


def test_a_payment_goes_back_and_airtels_number_is_kept(airtel):
    with replay(__file__, "refund_ok"):
        answer = airtel.refund(REQUEST)

    assert answer.receipt == "CI250701.1200.R00007"


def test_a_bearer_is_kept_for_the_next_refund(airtel):
    with replay(__file__, "refund_ok"):
        airtel.refund(REQUEST)
    exchanges = load_exchange(__file__, "refund_ok")["exchanges"]

    assert airtel.memory.get("openapi_bearer") == exchanges[0]["response"]["json"]["access_token"]


def test_a_refused_bearer_is_renewed_once(airtel):
    with replay(__file__, "refund_renewed"):
        assert airtel.refund(REQUEST).receipt == "CI250701.1200.R00007"


def test_a_bearer_that_is_refused_again_is_our_account(airtel):
    with replay(__file__, "refund_renewed", last={"status": 401}), pytest.raises(Misconfigured):
        airtel.refund(REQUEST)


@pytest.mark.parametrize(
    "code", ["DP00800001025", "DP00800001009", "DP00800001007", "ESB000045", "ESB000011"]
)
def test_a_known_no_is_a_refusal(airtel, code):
    with pytest.raises(Rejected) as refused:
        refund_answered(airtel, **refusal(code))

    assert refused.value.code == code


def test_a_code_about_our_account_is_told_to_the_admin(airtel):
    with pytest.raises(Misconfigured):
        refund_answered(airtel, **refusal("ROUTER006"))


@pytest.mark.parametrize(
    "answer",
    [
        refusal("DP00800001000"),
        refusal("DP00800001006", status="TIP"),
        refusal("DP00800001024"),
        refusal("ROUTER117"),
        refusal("ESB000041"),
        refusal("NEW"),
        {"status": 200, "json": {"status": {"success": True, "code": "200"}}},
        {"status": 200, "json": {"data": "x", "status": []}},
        {"status": 200, "text": "<html>"},
        {"status": 302},
        {"status": 504},
        {"silence": True},
    ],
    ids=str,
)
def test_everything_else_is_doubt(airtel, answer):
    with pytest.raises(OutcomeUnknown):
        refund_answered(airtel, **answer)


def test_a_yes_beside_a_code_that_says_no_is_no_yes(airtel):
    with pytest.raises(Rejected):
        refund_answered(airtel, **refusal("DP00800001025", status="SUCCESS"))


def test_too_many_calls_are_tried_again_later(airtel):
    with pytest.raises(Unavailable):
        refund_answered(airtel, status=429)


def test_a_log_in_without_an_answer_sent_nothing(airtel):
    with no_connection(LOG_IN), pytest.raises(Unavailable):
        airtel.refund(REQUEST)


def test_a_part_of_a_payment_is_never_asked_for(airtel):
    with pytest.raises(Unsupported):
        airtel.refund(dataclasses.replace(REQUEST, amount=Decimal(4999)))


def test_a_payment_without_a_receipt_cannot_be_named(airtel):
    with pytest.raises(Rejected):
        airtel.refund(dataclasses.replace(REQUEST, receipt=""))


@pytest.mark.parametrize("missing", ["client_id", "client_secret", "country", "currency"])
def test_refunds_need_the_whole_account(missing):
    adapter = adapter_for(Airtel, **{**SETTINGS, missing: ""})

    assert adapter_for(Airtel, **SETTINGS).can(Capability.REFUND)
    assert not adapter.can(Capability.REFUND)
    assert "Airtel calls us" in adapter.check()


@pytest.mark.parametrize("missing", ["client_id", "client_secret", "country", "currency"])
def test_the_form_asks_for_the_rest_of_the_account(missing):
    form = AirtelSettings({**SETTINGS, missing: ""})

    assert not form.is_valid()
    assert form.has_error(missing, "needed")


def test_the_check_logs_in(airtel):
    with replay(__file__, "log_in_ok"):
        assert "accepts" in airtel.check()
