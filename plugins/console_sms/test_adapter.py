import logging

import pytest

from plugins.console_sms.adapter import ConsoleSms
from plugins.console_sms.forms import ConsoleSmsSettings
from plugins.contracts import Idempotency, OutgoingSms, SentSms
from plugins.testing import adapter_for, load_exchange

SMS = OutgoingSms(reference="sms-1", phone="+255754123456", text="Token 1234 5678")


@pytest.fixture
def gateway() -> ConsoleSms:
    return adapter_for(ConsoleSms)


def test_a_message_is_delivered_by_being_kept(gateway):
    assert gateway.send(SMS) == SentSms(gateway_id="console-sms-1", is_delivered=True)


def test_a_message_sent_again_is_the_same_message(gateway):
    assert gateway.send(SMS) == gateway.send(SMS)
    assert gateway.idempotency is Idempotency.LOCAL


def test_a_message_leaves_no_trace_in_logs_or_output(gateway, caplog, capfd):
    caplog.set_level(logging.DEBUG)

    gateway.send(SMS)

    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def test_nothing_needs_to_be_entered(gateway):
    settings = ConsoleSmsSettings(load_exchange(__file__, "settings"))

    assert settings.is_valid()
    assert settings.cleaned_data == {}
    assert "No phone" in gateway.check()
