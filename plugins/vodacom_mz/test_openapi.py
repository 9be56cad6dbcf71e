"""Pushing a payment to a phone, asking what became of it, and the settings that this needs."""

import base64
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import responses
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from plugins.contracts import PaymentState, PaymentStatus, PushRequest
from plugins.errors import (
    Misconfigured,
    OutcomeUnknown,
    PluginError,
    Rejected,
    Unavailable,
    Unsupported,
)
from plugins.testing import adapter_for, load_exchange, no_connection, replay, silence
from plugins.vodacom_mz.adapter import VodacomMozambique
from plugins.vodacom_mz.forms import VodacomMozambiqueSettings

API_KEY = "an-api-key-from-the-portal"
VODACOM = rsa.generate_private_key(65537, 2048)
PUSH_URL = "https://api.sandbox.vm.co.mz:18352/ipg/v1x/c2bPayment/singleStage/"
QUERY_URL = "https://api.sandbox.vm.co.mz:18353/ipg/v1x/queryTransactionStatus/"
REQUEST = PushRequest(
    reference="ORD000123", phone="+258841234567", amount=Decimal("500.00"), account="47000100011"
)


def public_der(key: Any) -> str:
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def provider(**changes: Any) -> VodacomMozambique:
    settings = {
        "api_key": API_KEY,
        "public_key": public_der(VODACOM),
        "service_provider_code": "171717",
    }
    return adapter_for(VodacomMozambique, **settings | changes)


def sent_to(url: str, request: PushRequest = REQUEST, **settings: Any) -> Any:
    """Push with a good answer at this address; return the request that was sent."""
    paid = load_exchange(__file__, "push_paid")["exchanges"][0]["response"]["json"]
    with responses.RequestsMock() as mock:
        mock.post(url, json=paid, status=201)
        provider(**settings).push_payment(request)
        return mock.calls[0].request


# --- pushing ---


@pytest.mark.parametrize("name", ["push_paid", "push_paid_200"])
def test_a_push_that_was_paid_brings_the_receipt(name):
    with replay(__file__, name):
        status = provider().push_payment(REQUEST)

    assert status == PaymentStatus(
        PaymentState.PAID, receipt="49XCDF6", message="Request processed successfully"
    )


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("push_duplicate", PaymentState.PENDING),  # it exists; what became of it, a question tells
        ("push_cancelled", PaymentState.FAILED),
        ("push_failed", PaymentState.FAILED),
        ("push_too_little_money", PaymentState.FAILED),
    ],
)
def test_a_push_that_was_not_paid_says_how_it_stands(name, state):
    with replay(__file__, name):
        status = provider().push_payment(REQUEST)

    assert (status.state, status.receipt) == (state, "")
    assert status.message


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("push_bad_amount", Rejected),
        ("push_bad_number", Rejected),
        ("push_wrong_short_code", Misconfigured),
        ("push_wrong_key", Misconfigured),
        ("push_wrong_key_coded", Misconfigured),
        ("push_timeout", OutcomeUnknown),
        ("push_internal_error", OutcomeUnknown),
        ("push_overload", OutcomeUnknown),
        ("push_unknown_status", OutcomeUnknown),
        ("push_unlisted_code", OutcomeUnknown),
        ("push_malformed", OutcomeUnknown),
        ("push_truncated", OutcomeUnknown),
        ("push_without_code", OutcomeUnknown),
        ("push_code_is_no_text", OutcomeUnknown),
        ("push_list", OutcomeUnknown),
        ("push_success_with_error_status", OutcomeUnknown),
        ("push_about_another", OutcomeUnknown),
        ("push_redirected", OutcomeUnknown),
        ("push_too_many", Unavailable),
    ],
)
def test_every_other_answer_is_sorted_by_what_happens_next(name, error):
    with replay(__file__, name), pytest.raises(PluginError) as raised:
        provider().push_payment(REQUEST)

    assert type(raised.value) is error


def test_silence_leaves_a_push_in_doubt():
    with silence(PUSH_URL), pytest.raises(OutcomeUnknown):
        provider().push_payment(REQUEST)


def test_without_a_connection_nobody_was_asked():
    with no_connection(PUSH_URL), pytest.raises(Unavailable):
        provider().push_payment(REQUEST)


@pytest.mark.parametrize("phone", ["+258861234567", "+255754123456", "841234567", "+2588412345678"])
def test_a_phone_without_mpesa_is_not_asked(phone):
    with responses.RequestsMock(), pytest.raises(Rejected):
        provider().push_payment(replace(REQUEST, phone=phone))


@pytest.mark.parametrize("reference", ["", "ORD-77", "A" * 21])
def test_a_reference_that_vodacom_cannot_carry_is_a_bug(reference):
    with responses.RequestsMock(), pytest.raises(Unsupported):
        provider().push_payment(replace(REQUEST, reference=reference))


@pytest.mark.parametrize(
    ("amount", "written"), [("12.50", "12.5"), ("10", "10"), ("1000.00", "1000"), ("1E+3", "1000")]
)
def test_an_amount_is_sent_as_text_without_needless_zeros(amount, written):
    sent = sent_to(PUSH_URL, replace(REQUEST, amount=Decimal(amount)))

    assert f'"input_Amount": "{written}"' in sent.body.decode()


@pytest.mark.parametrize(
    ("account", "shown"),
    [("SM-47/000 1", "SM470001"), ("é", "ORD000123"), ("4" * 25, "4" * 20)],
)
def test_the_payer_sees_the_account_in_letters_and_digits(account, shown):
    sent = sent_to(PUSH_URL, replace(REQUEST, account=account))

    assert f'"input_TransactionReference": "{shown}"' in sent.body.decode()


# --- the key ---


def test_the_api_key_travels_encrypted_and_never_twice_the_same():
    bearers = [sent_to(PUSH_URL).headers["Authorization"].partition(" ") for __ in range(2)]

    for scheme, __, bearer in bearers:
        assert scheme == "Bearer"
        assert VODACOM.decrypt(base64.b64decode(bearer), PKCS1v15()).decode() == API_KEY
    assert bearers[0] != bearers[1]


@pytest.mark.parametrize("settings", [{"public_key": "nonsense"}, {"api_key": "k" * 300}])
def test_a_key_that_cannot_be_encrypted_is_for_the_admin(settings):
    with responses.RequestsMock(), pytest.raises(Misconfigured):
        provider(**settings).push_payment(REQUEST)


def test_the_origin_can_be_changed():
    sent = sent_to(PUSH_URL, origin="developer.mpesa.vm.co.mz")

    assert sent.headers["Origin"] == "developer.mpesa.vm.co.mz"


# --- addresses ---


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "https://api.sandbox.vm.co.mz:18352"),
        ({"live": True}, "https://api.vm.co.mz:18352"),
        ({"api_url": "https://mpesa.example"}, "https://mpesa.example:18352"),
        ({"api_url": "https://mpesa.example/mz/"}, "https://mpesa.example:18352/mz"),
        ({"api_url": "http://127.0.0.1:8010/mz"}, "http://127.0.0.1:8010/mz"),
        ({"api_url": "http://[::1]:8010", "live": True}, "http://[::1]:8010"),
    ],
)
def test_the_address_follows_the_settings(settings, url):
    sent = sent_to(f"{url}/ipg/v1x/c2bPayment/singleStage/", **settings)

    assert sent.url == f"{url}/ipg/v1x/c2bPayment/singleStage/"


# --- asking ---


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("status_completed", PaymentState.PAID),
        ("status_completed_with_receipt", PaymentState.PAID),
        ("status_pending", PaymentState.PENDING),
        ("status_cancelled", PaymentState.FAILED),
        ("status_expired", PaymentState.FAILED),
        ("status_failed", PaymentState.FAILED),
        ("status_not_applicable", PaymentState.PENDING),
        ("status_not_yet_visible", PaymentState.PENDING),
        ("status_unknown", PaymentState.PENDING),
    ],
)
def test_a_question_tells_how_a_push_stands(name, state):
    with replay(__file__, name):
        status = provider().fetch_status("ORD000123")

    assert status.state is state
    assert status.receipt == ("49XCDF6" if name.endswith("receipt") else "")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("status_wrong_key", Misconfigured),
        ("status_failed_question", Unavailable),  # the question failed, not the payment
        ("status_malformed", Unavailable),
        ("status_broken_down", Unavailable),
        ("status_about_another", Unavailable),
    ],
)
def test_a_question_without_an_answer_decides_nothing(name, error):
    with replay(__file__, name), pytest.raises(PluginError) as raised:
        provider().fetch_status("ORD000123")

    assert type(raised.value) is error


def test_a_question_may_be_asked_again_after_silence():
    with silence(QUERY_URL, "GET"), pytest.raises(Unavailable):
        provider().fetch_status("ORD000123")


# --- check connection ---


def test_a_payment_that_vodacom_does_not_know_proves_the_key():
    unknown = load_exchange(__file__, "status_not_yet_visible")["exchanges"][0]["response"]["json"]
    with responses.RequestsMock() as mock:
        mock.get(QUERY_URL, status=400, json=unknown | {"output_ThirdPartyReference": ""})

        assert "accepts our key" in provider().check()


def test_a_wrong_key_is_found_by_the_check():
    with responses.RequestsMock() as mock:
        mock.get(QUERY_URL, status=401, json={"output_error": "Bad API Key"})

        with pytest.raises(Misconfigured, match="Bad API Key"):
            provider().check()


def test_without_an_account_for_pushes_nothing_is_tried():
    with responses.RequestsMock():
        assert "nothing to try" in provider(api_key="").check()


# --- the form ---


def form(**changes: Any) -> VodacomMozambiqueSettings:
    return VodacomMozambiqueSettings(load_exchange(__file__, "settings") | changes)


def test_the_example_settings_are_complete():
    example = form()

    assert example.is_valid(), example.errors
    assert example.cleaned_data["origin"] == "*"
    assert example.cleaned_data["live"] is False


@pytest.mark.parametrize(
    "without", [("inbound_key",), ("api_key", "public_key", "service_provider_code")]
)
def test_either_direction_is_enough(without):
    assert form(**dict.fromkeys(without, "")).is_valid()


@pytest.mark.parametrize(
    ("written", "is_live"),
    [
        ("yes", True), ("true", True), ("on", True), (True, True),
        ("no", False), ("No", False), ("off", False), ("0", False), ("false", False), ("", False),
        (False, False),
    ],
)  # fmt: skip
def test_a_written_no_is_a_no(written, is_live):
    example = form(live=written)

    assert example.is_valid()
    assert example.cleaned_data["live"] is is_live


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"inbound_key": "short"}, {"inbound_key"}),
        ({"api_key": ""}, {"api_key"}),
        ({"public_key": "", "service_provider_code": ""}, {"public_key", "service_provider_code"}),
        ({"public_key": "nonsense"}, {"public_key"}),
        ({"public_key": public_der(ec.generate_private_key(ec.SECP256R1()))}, {"public_key"}),
        ({"allowed_ips": "somewhere"}, {"allowed_ips"}),
        (
            dict.fromkeys(("inbound_key", "api_key", "public_key", "service_provider_code"), ""),
            {"inbound_key"},
        ),
    ],
)
def test_settings_that_cannot_work_are_refused_at_their_field(changes, fields):
    refused = form(**changes)

    assert not refused.is_valid()
    assert set(refused.errors) == fields


def test_a_key_with_pem_lines_is_understood():
    bare = public_der(VODACOM)
    lines = "\n".join(bare[start : start + 64] for start in range(0, len(bare), 64))

    assert form(
        public_key=f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n"
    ).is_valid()


def test_kept_keys_need_no_second_typing():
    kept = VodacomMozambiqueSettings(
        load_exchange(__file__, "settings") | {"inbound_key": "", "api_key": ""},
        stored_secrets=frozenset({"inbound_key", "api_key"}),
    )

    assert kept.is_valid(), kept.errors
