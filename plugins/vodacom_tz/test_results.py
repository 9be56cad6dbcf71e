"""Our word to Vodacom in a call of its own: confirmed, contradicted, lost."""

import base64
from typing import Any

import pytest
import responses
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from defusedxml.ElementTree import fromstring

from plugins.contracts import (
    Capability,
)
from plugins.errors import Misconfigured, OutcomeUnknown, PluginError, Unavailable
from plugins.testing import (
    load_exchange,
    no_connection,
    replay,
    silence,
)
from plugins.vodacom_tz.adapter import VodacomTanzania
from plugins.vodacom_tz.test_adapter import NO, URL, YES, provider


@pytest.mark.parametrize(("name", "report"), [("result_confirmed", YES), ("refusal_confirmed", NO)])
def test_a_confirmed_result_is_done(name, report):
    with replay(__file__, name):
        provider().report_result(report)


@pytest.mark.parametrize(
    ("name", "report", "error"),
    [
        ("result_contradicted", YES, OutcomeUnknown),
        ("refusal_contradicted", NO, OutcomeUnknown),
        ("result_malformed", YES, OutcomeUnknown),
        ("result_truncated", YES, OutcomeUnknown),
        ("result_without_code", YES, OutcomeUnknown),
        ("result_broken_down", YES, OutcomeUnknown),
        ("result_redirected", YES, OutcomeUnknown),
        ("result_not_200", YES, OutcomeUnknown),
        ("result_denied", YES, Misconfigured),
        ("result_too_many", YES, Unavailable),
    ],
)
def test_anything_but_a_confirmation_asks_for_a_repeat(name, report, error):
    with replay(__file__, name), pytest.raises(PluginError) as raised:
        provider().report_result(report)

    assert type(raised.value) is error


def test_silence_leaves_the_result_in_doubt():
    with silence(URL), pytest.raises(OutcomeUnknown):
        provider().report_result(YES)


def test_without_a_connection_nothing_was_reported():
    with no_connection(URL), pytest.raises(Unavailable):
        provider().report_result(YES)


def test_a_repeat_sends_the_same_document_with_the_same_verdict():
    with replay(__file__, "result_broken_down", "result_confirmed") as mock:
        with pytest.raises(OutcomeUnknown):
            provider().report_result(YES)
        provider().report_result(YES)

        first, second = (call.request.body for call in mock.calls)
        assert first == second


def test_the_name_of_the_conversation_element_can_be_changed():
    sent = sent_result(id_element="originalConversationID")

    assert sent.findtext(".//{*}originalConversationID") == "o-0001"
    assert sent.find(".//{*}originatorConversationID") is None


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"initiator_scheme": "msisdn"}, b"255754123456"),
        ({"initiator_scheme": "fixed", "initiator_password": "init-secret"}, b"init-secret"),
    ],
)
def test_the_initiator_password_is_readable_for_the_broker_only(settings, expected):
    broker = rsa.generate_private_key(65537, 2048)

    sent = sent_result(broker_cert=public_pem(broker), **settings)

    encrypted = base64.b64decode(sent.findtext(".//{*}initiatorPassword"))
    assert broker.decrypt(encrypted, PKCS1v15()) == expected


def test_a_broken_broker_key_is_for_the_admin():
    adapter = provider(initiator_scheme="msisdn", broker_cert="not a key")

    with pytest.raises(Misconfigured):
        adapter.report_result(YES)


def test_results_are_reported_because_the_acknowledgement_decides_nothing():
    assert provider().can(Capability.REPORT_RESULT)
    assert VodacomTanzania.refusal_returns_money


def sent_result(**settings: Any) -> Any:
    confirmed = load_exchange(__file__, "result_confirmed")["exchanges"][0]["response"]["text"]
    with responses.RequestsMock() as mock:
        mock.post(URL, body=confirmed)
        provider(**settings).report_result(YES)
        return fromstring(mock.calls[0].request.body)


def public_pem(key: rsa.RSAPrivateKey) -> str:
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
