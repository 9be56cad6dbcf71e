import datetime as dt

import pytest

from plugins.africastalking.adapter import AfricasTalking
from plugins.africastalking.forms import AfricasTalkingSettings
from plugins.contracts import (
    Answer,
    Capability,
    DeliveryReport,
    DeliveryState,
    IncomingSms,
    OutgoingSms,
    SentSms,
    Trust,
)
from plugins.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable
from plugins.testing import (
    adapter_for,
    callback_from,
    load_exchange,
    no_connection,
    replay,
    silence,
)

SETTINGS = load_exchange(__file__, "settings")
URL = "https://api.africastalking.com/version1/messaging"
SMS = OutgoingSms(reference="sms-1", phone="+254700000001", text="Token 1234")


@pytest.fixture
def gateway() -> AfricasTalking:
    return gateway_with()


def gateway_with(**changes) -> AfricasTalking:
    return adapter_for(AfricasTalking, **SETTINGS | changes)


# --- sending -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["send_ok", "send_ok_queued_code_as_text"])
def test_an_accepted_message_has_the_vendors_number_and_is_not_yet_delivered(gateway, name):
    with replay(__file__, name):
        sent = gateway.send(SMS)

    assert sent == SentSms(gateway_id="ATXid_0001", is_delivered=False)


def test_a_message_is_sent_as_the_vendors_form(gateway):
    with replay(__file__, "send_ok") as mock:
        gateway.send(SMS)
        sent = mock.calls[0].request

    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert "to=%2B254700000001&message=Token+1234" in sent.body


def test_without_a_sender_id_none_is_sent():
    with replay(__file__, "send_ok_without_sender"):
        assert gateway_with(sender_id="").send(SMS).gateway_id == "ATXid_0001"


@pytest.mark.parametrize(
    "api_url",
    [
        "https://api.africastalking.com",
        "https://api.africastalking.com/version1",
        "https://api.africastalking.com/version1/messaging",
    ],
)
def test_the_address_may_be_entered_in_full_or_in_part(api_url):
    with replay(__file__, "send_ok"):
        assert gateway_with(api_url=api_url).send(SMS).gateway_id == "ATXid_0001"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("send_refused_401", Misconfigured),
        ("send_refused_402", Misconfigured),
        ("send_refused_403", Rejected),
        ("send_refused_404", Rejected),
        ("send_refused_405", Misconfigured),
        ("send_refused_406", Rejected),
        ("send_refused_407", Rejected),
        ("send_refused_409", Rejected),
        ("send_refused_500", Unavailable),
        ("send_refused_501", Unavailable),
        ("send_refused_502", Rejected),
        ("send_http_400", Rejected),
        ("send_http_401", Misconfigured),
        ("send_http_403", Misconfigured),
        ("send_http_404", Misconfigured),
        ("send_http_429", Unavailable),
    ],
)
def test_a_refusal_is_sorted_by_what_happens_next_and_keeps_its_code(gateway, name, error):
    with replay(__file__, name), pytest.raises(error) as refused:
        gateway.send(SMS)

    assert type(refused.value) is error
    assert refused.value.code == name[-3:]


def test_a_refused_sender_id_comes_without_recipients_and_is_a_wrong_setting(gateway):
    with replay(__file__, "send_sender_id_refused"), pytest.raises(Misconfigured, match="sender"):
        gateway.send(SMS)


@pytest.mark.parametrize(
    "name",
    [
        "send_unknown_code",
        "send_without_message_id",
        "send_without_recipient",
        "send_about_another_phone",
        "send_html",
        "send_truncated",
        "send_list",
        "send_redirected",
        "send_http_409",
        "send_http_500",
    ],
)
def test_an_answer_that_says_nothing_of_the_message_leaves_it_unknown(gateway, name):
    with replay(__file__, name), pytest.raises(OutcomeUnknown):
        gateway.send(SMS)


def test_silence_leaves_the_message_unknown(gateway):
    with silence(URL), pytest.raises(OutcomeUnknown):
        gateway.send(SMS)


def test_without_a_connection_nothing_was_sent(gateway):
    with no_connection(URL), pytest.raises(Unavailable):
        gateway.send(SMS)


# --- the connection ------------------------------------------------------------------------------


def test_check_tells_the_balance_and_sends_nothing(gateway):
    with replay(__file__, "check_ok"):
        assert gateway.check() == "The account is open. Balance: KES 1785.50."


@pytest.mark.parametrize("name", ["check_wrong_key", "check_elsewhere"])
def test_check_says_when_the_settings_are_wrong(gateway, name):
    with replay(__file__, name), pytest.raises(Misconfigured):
        gateway.check()


def test_check_may_be_tried_again_when_the_answer_cannot_be_read(gateway):
    with replay(__file__, "check_unreadable"), pytest.raises(Unavailable):
        gateway.check()


def test_the_key_is_blanked_in_the_exchange_log():
    assert "apiKey" in AfricasTalking.redacted


# --- delivery reports ----------------------------------------------------------------------------


def test_a_delivery_report_names_our_message(gateway):
    assert gateway.read(callback_from(__file__, "delivery_success")) == DeliveryReport(
        gateway_id="ATXid_0001", state=DeliveryState.DELIVERED, reason="Success"
    )


def test_a_failed_delivery_says_why(gateway):
    assert gateway.read(callback_from(__file__, "delivery_failed")) == DeliveryReport(
        gateway_id="ATXid_0001", state=DeliveryState.FAILED, reason="AbsentSubscriber"
    )


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Sent", DeliveryState.ON_THE_WAY),
        ("Submitted", DeliveryState.ON_THE_WAY),
        ("Buffered", DeliveryState.ON_THE_WAY),
        ("Success", DeliveryState.DELIVERED),
        ("success", DeliveryState.DELIVERED),
        ("Rejected", DeliveryState.FAILED),
        ("Failed", DeliveryState.FAILED),
        ("AbsentSubscriber", DeliveryState.FAILED),
        ("Expired", DeliveryState.FAILED),
        ("Levitating", DeliveryState.ON_THE_WAY),
    ],
)
def test_a_status_is_final_only_where_the_vendor_says_so(gateway, status, state):
    report = gateway.read(report_with(f"id=ATXid_0001&status={status}"))

    assert (report.state, report.reason) == (state, status)


def test_a_long_reason_is_shortened(gateway):
    report = gateway.read(report_with(f"id=1&status=Failed&failureReason={'x' * 900}"))

    assert report.reason == "x" * 100


def report_with(body, action="delivery"):
    return callback_from(__file__, "delivery_success", body=body, action=action)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "missing"),
        ("id=ATXid_0001", "missing"),
        ("id=+&status=Success", "missing"),
        ('{"id":"ATXid_0001","status":"Success"}', "missing"),
        (b"\xff\xfe\x00", "missing"),
        ("a=1&" * 60, "too many fields"),
        (f"id=1&status=Success&x={'S' * 65_536}", "form is too long"),
        (f"id={'1' * 101}&status=Success", "“id” is too long"),
    ],
)
def test_what_is_not_a_report_is_refused(gateway, body, reason):
    with pytest.raises(Rejected, match=reason):
        gateway.read(report_with(body))


# --- incoming messages ---------------------------------------------------------------------------


def test_an_incoming_message_is_read_and_trusted_no_further_than_its_address(gateway):
    assert gateway.read(callback_from(__file__, "incoming")) == IncomingSms(
        gateway_id="in-0001",
        phone="+254700000001",
        text="BAL",
        trust=Trust.SECRET_ADDRESS,
        sent_at=dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC),
    )


def message_with(body):
    return report_with(body, action="incoming")


@pytest.mark.parametrize(
    ("sender", "phone"),
    [
        ("%2B254700000001", "+254700000001"),
        ("+254700000001", "+254700000001"),  # the plus was not encoded and is a space
        ("254700000001", "+254700000001"),
        ("20880", "20880"),
        ("Safaricom", "Safaricom"),
    ],
)
def test_the_sender_is_a_phone_with_plus_or_stays_as_it_is(gateway, sender, phone):
    assert gateway.read(message_with(f"from={sender}&id=in-1&text=x")).phone == phone


@pytest.mark.parametrize(
    ("date", "sent_at"),
    [
        ("2024-05-01+10:00:00", dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)),
        ("2024-05-01T13:00:00%2B03:00", dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)),
        ("yesterday", None),
        ("", None),
    ],
)
def test_the_date_of_a_message_is_optional(gateway, date, sent_at):
    assert gateway.read(message_with(f"from=20880&id=in-1&date={date}")).sent_at == sent_at


def test_a_message_may_be_empty_and_in_any_script_but_holds_no_nul(gateway):
    read = gateway.read

    assert read(message_with("from=20880&id=in-1&text=")).text == ""
    assert read(message_with("from=20880&id=in-1&text=Habari%20%F0%9F%92%A1")).text == "Habari 💡"
    assert read(message_with("from=20880&id=in-1&text=a%00b")).text == "ab"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("from=20880&text=x", "“id” is missing"),
        ("id=in-1&text=x", "“from” is missing"),
        (f"from={'2' * 20}&id=in-1&text=x", "“from” is too long"),
    ],
)
def test_a_message_without_sender_or_number_is_refused(gateway, body, reason):
    with pytest.raises(Rejected, match=reason):
        gateway.read(message_with(body))


def test_a_call_to_an_unknown_address_is_refused(gateway):
    with pytest.raises(Rejected, match="delivery reports and incoming messages"):
        gateway.read(report_with("id=1&status=Success", action="voice"))


@pytest.mark.parametrize("name", ["delivery_success", "delivery_failed", "incoming"])
def test_every_call_is_acknowledged_with_200(gateway, name):
    recorded = load_exchange(__file__, name)["answer"]

    assert gateway.acknowledge(callback_from(__file__, name)) == Answer(
        body=recorded["text"].encode(),
        content_type=recorded["content_type"],
        status=recorded["status"],
    )


def test_capabilities_are_those_of_the_two_addresses():
    assert AfricasTalking.capabilities == {Capability.DELIVERY_REPORT, Capability.INCOMING_SMS}
    assert [action.name for action in AfricasTalking.actions] == ["delivery", "incoming"]


# --- what the admin enters -----------------------------------------------------------------------


def test_the_example_settings_are_valid():
    settings = AfricasTalkingSettings(SETTINGS)

    assert settings.is_valid(), settings.errors
    assert settings.cleaned_data == SETTINGS


def test_the_vendors_address_is_the_usual_one_unless_entered():
    settings = AfricasTalkingSettings(SETTINGS | {"api_url": ""})

    assert settings.is_valid(), settings.errors
    assert settings.cleaned_data["api_url"] == "https://api.africastalking.com"


@pytest.mark.parametrize("missing", ["username", "api_key"])
def test_a_needed_value_that_is_missing_is_named(missing):
    assert list(AfricasTalkingSettings(SETTINGS | {missing: ""}).errors) == [missing]


def test_the_api_key_is_a_secret():
    assert AfricasTalkingSettings.secret_names() == {"api_key"}
