import re
from decimal import Decimal

import jwt
import pytest

from plugins.airtel.adapter import Airtel
from plugins.contracts import (
    Callback,
    Enquiry,
    Notice,
    Outcome,
    Reason,
    Validation,
    Verdict,
)
from plugins.errors import Rejected
from plugins.testing import adapter_for, callback_from, load_exchange

SETTINGS = load_exchange(__file__, "settings")
SECRET = SETTINGS["jwt_secret"]
NO_CHECK = {"check_jwt": False, "check_ip": False, "check_password": False}
CLAIMS = {
    "sub": "7",
    "iat": 1751364000,
    "exp": 1751364300,
    "payload": {"txnId": "AT250701A"},
}


@pytest.fixture
def airtel() -> Airtel:
    return airtel_with()


def airtel_with(**changes) -> Airtel:
    return adapter_for(Airtel, **SETTINGS | changes)


def behind_address() -> Airtel:
    """An adapter that asks for Airtel's address only, to look at bodies."""
    return airtel_with(**NO_CHECK | {"check_ip": True, "allowed_ips": ["192.0.2.0/24"]})


def call(name: str, **fields: str) -> Callback:
    """Return a recorded call with other texts in its elements."""
    body = load_exchange(__file__, name)["callback"]["body"]
    for field, text in fields.items():
        body = re.sub(f"<{field}>[^<]*</{field}>", f"<{field}>{text}</{field}>", body)
    return callback_from(__file__, name, body=body)


def call_with_body(body: str | bytes, action: str = "process") -> Callback:
    return callback_from(__file__, "process", body=body, action=action)


def with_token(name: str, claims: dict, *, secret: str = SECRET, algorithm: str = "HS512"):
    token = jwt.encode(claims, secret, algorithm=algorithm)
    return callback_from(__file__, name, headers={"Authorization": f"Bearer {token}"})


def answered(adapter: Airtel, callback: Callback, outcome: Outcome | None = None):
    """Return the answer to a call, as the door would send it."""
    try:
        incoming = adapter.read(callback)
    except Rejected as refusal:
        return adapter.refuse(callback, refusal)
    return adapter.answer(incoming, outcome or Outcome(Verdict.YES))


def text_of(answer) -> str:
    return answer.body.decode()


# --- what a call says ----------------------------------------------------------------------------


def test_validation_is_read_as_a_question(airtel):
    incoming = airtel.read(callback_from(__file__, "validation"))

    assert incoming == Validation(
        reference="AT250701A",
        amount="5000",
        account="47000100011",
        payer_phone="+255785123456",
    )


def test_process_is_read_as_money_that_has_moved(airtel):
    incoming = airtel.read(callback_from(__file__, "process"))

    assert incoming == Notice(
        reference="AT250701A",
        amount="5000",
        account="47000100011",
        payer_phone="+255785123456",
        payer_name="Asha Mrisho",
        receipt="MP250701.1012.A00001",
    )


def test_enquiry_asks_for_the_reference(airtel):
    assert airtel.read(callback_from(__file__, "enquiry")) == Enquiry(reference="AT250701A")


def test_a_long_name_is_shortened_and_no_reason_to_refuse(airtel):
    assert airtel.read(call("process", CUSTOMERNAME="Asha " * 30)).payer_name == ("Asha " * 20)


def test_a_process_without_the_final_id_is_still_read(airtel):
    body = load_exchange(__file__, "process")["callback"]["body"]
    shorter = re.sub(r"<REFERENCE2>.*</REFERENCE2>", "", body)

    assert airtel.read(call_with_body(shorter)).receipt == ""


@pytest.mark.parametrize(
    ("sent", "phone"),
    [
        ("785123456", "+255785123456"),
        ("255785123456", "+255785123456"),
        ("+255785123456", "+255785123456"),
        ("255123456", "+255255123456"),
    ],
)
def test_the_country_code_is_put_before_a_phone_that_lacks_it(airtel, sent, phone):
    assert airtel.read(call("process", CUSTOMERMSISDN=sent)).payer_phone == phone


def test_the_country_code_is_that_of_the_settings():
    incoming = airtel_with(country_code="256").read(callback_from(__file__, "process"))

    assert incoming.payer_phone == "+256785123456"


def test_without_a_country_code_the_phone_is_handed_on_as_it_came():
    incoming = airtel_with(country_code="").read(callback_from(__file__, "process"))

    assert incoming.payer_phone == "785123456"


@pytest.mark.parametrize("amount", ["5000", "5000.50", "0.5", "007"])
def test_an_amount_is_handed_on_as_it_was_written(airtel, amount):
    assert airtel.read(call("process", AMOUNT=amount)).amount == amount


@pytest.mark.parametrize("amount", ["5,000", "-1", "+1", "5e3", "NaN", ".5", "5.", "٥٠٠٠", "5 000"])
def test_an_amount_in_another_spelling_is_refused(airtel, amount):
    with pytest.raises(Rejected, match="Invalid Amount"):
        airtel.read(call("process", AMOUNT=amount))


@pytest.mark.parametrize(
    "field", ["TYPE", "CUSTOMERMSISDN", "MERCHANTMSISDN", "AMOUNT", "REFERENCE", "REFERENCE1"]
)
@pytest.mark.parametrize("action", ["validation", "process"])
def test_a_payment_without_a_needed_field_is_refused(action, field):
    with pytest.raises(Rejected, match=f"{field} is missing") as refused:
        behind_address().read(call(action, **{field: " "}))

    assert refused.value.code == "400"


def test_an_enquiry_without_a_reference_is_refused():
    with pytest.raises(Rejected, match="TXNID is missing"):
        behind_address().read(call("enquiry", TXNID=""))


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        ("TYPE", "B2C", "Unknown TYPE"),
        ("CUSTOMERMSISDN", "78512345x", "CUSTOMERMSISDN is not a number"),
        ("CUSTOMERMSISDN", "٧٨٥١٢٣٤٥٦", "CUSTOMERMSISDN is not a number"),
        ("MERCHANTMSISDN", "689000112", "Payment is for another merchant"),
        ("CUSTOMERMSISDN", "7" * 16, "CUSTOMERMSISDN is not a number"),
        ("REFERENCE", "4" * 65, "REFERENCE is too long"),
        ("REFERENCE2", "M" * 65, "REFERENCE2 is too long"),
    ],
)
def test_a_payment_that_is_not_ours_is_refused(airtel, field, text, reason):
    with pytest.raises(Rejected, match=reason):
        airtel.read(call("process", **{field: text}))


def test_any_merchant_is_taken_where_the_settings_name_none():
    adapter = airtel_with(merchant_msisdn="")

    assert adapter.read(call("process", MERCHANTMSISDN="689000112")).amount == "5000"


@pytest.mark.parametrize(("named", "is_taken"), [("TZS", True), ("", True), ("USD", False)])
def test_only_another_currency_than_ours_is_refused(airtel, named, is_taken):
    body = load_exchange(__file__, "process")["callback"]["body"]
    callback = call_with_body(body.replace("<PIN>", f"<CURRENCY>{named}</CURRENCY><PIN>"))

    assert ("<STATUS>200</STATUS>" in text_of(answered(airtel, callback))) is is_taken


def test_a_call_to_an_unknown_address_is_refused(airtel):
    with pytest.raises(Rejected, match="Unknown call"):
        airtel.read(callback_from(__file__, "process", action="billfetch"))


# --- documents that nobody should send -----------------------------------------------------------

BOMB = "<!DOCTYPE C [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"<COMMAND>",
        b"STATUS=200",
        f"{BOMB}<COMMAND><AMOUNT>&b;</AMOUNT></COMMAND>".encode(),
        b'<!DOCTYPE C SYSTEM "file:///etc/passwd"><COMMAND/>',
        b'<?xml version="1.0" encoding="x-nobody-knows"?><COMMAND/>',
        b'<?xml version="1.0" encoding="utf-32"?><COMMAND/>',
    ],
)
def test_what_is_not_plain_xml_is_refused(body):
    with pytest.raises(Rejected, match="not readable XML"):
        behind_address().read(call_with_body(body))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<Response><AMOUNT>1</AMOUNT></Response>", "not a COMMAND"),
        ("<COMMAND><AMOUNT>1</AMOUNT><AMOUNT>2</AMOUNT></COMMAND>", "AMOUNT is given twice"),
        ("<COMMAND><AMOUNT>1<B>2</B></AMOUNT></COMMAND>", "AMOUNT is not plain text"),
        (f"<COMMAND>{'<A>' * 9000}{'</A>' * 9000}</COMMAND>", "A is not plain text"),
    ],
)
def test_a_document_of_another_shape_is_refused(body, reason):
    with pytest.raises(Rejected, match=reason):
        behind_address().read(call_with_body(body))


def test_a_document_may_have_64_kib_and_not_one_byte_more():
    body = callback_from(__file__, "process").body
    largest = body + b" " * (64 * 1024 - len(body))

    assert behind_address().read(call_with_body(largest)).amount == "5000"
    with pytest.raises(Rejected, match="too long"):
        behind_address().read(call_with_body(largest + b" "))


# --- what we answer ------------------------------------------------------------------------------

RECORDED = {
    "validation": Outcome(Verdict.YES),
    "process": Outcome(Verdict.YES),
    "enquiry": Outcome(Verdict.DONE, our_id="MPM-7"),
    "token_of_another_transaction": None,
    "without_token": None,
    "malformed": None,
    "html": None,
    "entity": None,
    "amount_twice": None,
    "amount_not_a_number": None,
}


@pytest.mark.parametrize("name", RECORDED)
def test_the_answer_is_the_recorded_one_also_to_a_repeat(airtel, name):
    callback, recorded = callback_from(__file__, name), load_exchange(__file__, name)["answer"]

    for _ in range(2):
        answer = answered(airtel, callback, RECORDED[name])

        assert answer.status == recorded["status"]
        assert answer.content_type == recorded["content_type"]
        assert text_of(answer) == recorded["text"]


@pytest.mark.parametrize(
    ("outcome", "status", "message"),
    [
        (Outcome(Verdict.NO, "Device not found"), "400", "Device not found"),
        (Outcome(Verdict.NO, reason=Reason.BAD_AMOUNT), "400", "Invalid Amount"),
        (Outcome(Verdict.NO, reason=Reason.UNKNOWN_DEVICE), "400", "Invalid Reference"),
        (Outcome(Verdict.NO, reason=Reason.UNKNOWN_REFERENCE), "400", "Transaction not found"),
        (Outcome(Verdict.NO), "400", "Refused"),
        (Outcome(Verdict.CONFLICT), "400", "Duplicate Reference1"),
        (Outcome(Verdict.UNAVAILABLE), "400", "Service is not available"),
    ],
)
def test_a_no_is_status_400_and_names_the_payment_once_money_moved(
    airtel, outcome, status, message
):
    words = f"<STATUS>{status}</STATUS><MESSAGE>{message}</MESSAGE>"

    asked = answered(airtel, callback_from(__file__, "validation"), outcome)
    paid = answered(airtel, callback_from(__file__, "process"), outcome)

    assert text_of(asked).endswith(f"<COMMAND>{words}</COMMAND>")
    assert text_of(paid) == f"<COMMAND>{words}<TXNID>AT250701A</TXNID></COMMAND>"
    assert (asked.status, paid.status) == (200, 200)


@pytest.mark.parametrize(
    ("verdict", "status", "message"),
    [
        (Verdict.DONE, "200", "Success"),
        (Verdict.PENDING, "400", "Pending"),
        (Verdict.FAILED, "404", "Failed"),
    ],
)
def test_an_enquiry_is_answered_with_the_state_and_our_number(airtel, verdict, status, message):
    outcome = Outcome(verdict, our_id="MPM-7", amount=Decimal(5000))

    answer = text_of(answered(airtel, callback_from(__file__, "enquiry"), outcome))

    assert answer == (
        f"<COMMAND><STATUS>{status}</STATUS><MESSAGE>{message}</MESSAGE><REF>MPM-7</REF></COMMAND>"
    )


def test_an_enquiry_about_an_unknown_payment_is_answered_with_404(airtel):
    answer = answered(airtel, callback_from(__file__, "enquiry"), Outcome(Verdict.NOT_FOUND))

    assert text_of(answer) == (
        "<COMMAND><STATUS>404</STATUS><MESSAGE>Transaction not found</MESSAGE></COMMAND>"
    )


def test_what_is_echoed_is_escaped():
    callback = call("process", REFERENCE1="A&lt;/TXNID&gt;&amp;&quot;")
    outcome = Outcome(Verdict.NO, "Device <1> & 'co' not found")

    answer = text_of(answered(behind_address(), callback, outcome))

    assert "<MESSAGE>Device &lt;1&gt; &amp; 'co' not found</MESSAGE>" in answer
    assert '<TXNID>A&lt;/TXNID&gt;&amp;"</TXNID>' in answer


def test_airtel_gives_refused_money_back(airtel):
    assert airtel.refusal_returns_money
    assert not airtel.keeps_validation


def test_check_says_that_airtel_calls_us():
    assert "Airtel calls us" in airtel_with(client_id="").check()
