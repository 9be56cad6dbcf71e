"""The Tanzanian broker: its requests, its passwords, and our result."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding

from sandbox.vendors.vodacom_tz import sp_password

ACK = (
    '<mpesaBroker xmlns="http://infowise.co.tz/broker/" version="2.0"><response>'
    "<responseCode>0</responseCode><responseDesc>Received</responseDesc>"
    "<serviceStatus>Success</serviceStatus></response></mpesaBroker>"
)
ORDER = {
    "operator": "vodacom_tz",
    "phone": "+255754123456",
    "device": "47000100011",
    "amount": "10000",
    "reference": "7G1A2B3C4D",
}


@pytest.fixture
def vodacom(sandbox, product):
    sandbox.ask("/operators", {"vodacom_tz": {"request": f"{product.url}/request"}})
    product.answer("/request", ACK)
    return sandbox


def result(code="0", kind="Completed", password="", receipt="7G1A2B3C4D", **change):
    secret = change.pop("sp_secret", "sp-secret")
    values = {
        "resultType": kind,
        "resultCode": code,
        "resultDesc": "Success",
        "serviceReceipt": "981",
        "serviceDate": "2025-07-01 10:15:04",
        "serviceID": "981",
        "originatorConversationID": f"o-{receipt}",
        "conversationID": f"c-{receipt}",
        "transactionID": f"T{receipt}",
        "initiator": "255754123456",
        "initiatorPassword": password,
    } | change
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    sp = sp_password("hex-upper", "300300", secret, "20250701101500")
    return (
        '<mpesaBroker xmlns="http://infowise.co.tz/broker/" version="2.0"><result>'
        f"<serviceProvider><spId>300300</spId><spPassword>{sp}</spPassword>"
        "<timestamp>20250701101500</timestamp></serviceProvider>"
        f"<transaction>{inner}</transaction></result></mpesaBroker>"
    )


def send(sandbox, text, content_type="text/xml"):
    return sandbox.client.post("/vodacom-tz/result", data=text, content_type=content_type)


@pytest.mark.parametrize(
    ("scheme", "text"),
    [
        (
            "hex-upper",
            "MzgwMkJBMzg5OEVBREVBOEE2MUE0NDQ2MjFGMjJEMjQxNDk5MUYxNEM5QjM5RjVDNTFGOTlCQjM2Rjg3MjAwQQ==",
        ),
        ("raw", "OAK6OJjq3qimGkRGIfItJBSZHxTJs59cUfmbs2+HIAo="),
        (
            "hex-lower",
            "MzgwMmJhMzg5OGVhZGVhOGE2MWE0NDQ2MjFmMjJkMjQxNDk5MWYxNGM5YjM5ZjVjNTFmOTliYjM2Zjg3MjAwYQ==",
        ),
        ("raw-upper", "OAK6OJjq3qimGkRGIfItJBSZHxTJs59cUfmbs0+HIAo="),
    ],
)
def test_the_four_spellings_of_the_password(scheme, text):
    assert sp_password(scheme, "300300", "sp-secret", "20250701101500") == text


def test_a_payment_is_reported_without_asking_first(vodacom, product):
    paid = vodacom.ask("/pay", ORDER)

    assert paid["verdict"] == "accepted"
    [(_, headers, body)] = product.heard
    assert headers["Content-Type"] == "text/xml"
    for part in (
        "<amount>10000</amount>",
        "<initiator>255754123456</initiator>",
        "<mpesaReceipt>7G1A2B3C4D</mpesaReceipt>",
        "<accountReference>47000100011</accountReference>",
        "<recipient>300300</recipient>",
    ):
        assert part in body


def test_the_result_is_confirmed_and_is_the_last_word(vodacom):
    vodacom.ask("/pay", ORDER)

    answer = send(vodacom, result())

    assert answer.status_code == 200
    assert "<responseCode>0</responseCode>" in answer.text
    assert "<serviceStatus>Confirming</serviceStatus>" in answer.text
    truth = vodacom.truth()
    assert truth["payments"][0]["verdict"] == "confirmed"
    assert [(one["code"], one["is_contradiction"]) for one in truth["results"]] == [("0", False)]


def test_the_originators_id_may_have_its_other_name(vodacom):
    vodacom.ask("/pay", ORDER)

    text = result().replace("originatorConversationID", "originalConversationID")

    assert send(vodacom, text).status_code == 200


def test_a_refusal_gives_the_money_back(vodacom):
    vodacom.ask("/pay", ORDER)

    answer = send(vodacom, result("999", "Failed", resultDesc="Unknown account"))

    assert "<responseCode>999</responseCode>" in answer.text
    payment = vodacom.truth()["payments"][0]
    assert (payment["verdict"], payment["reason"]) == ("given_back", "Unknown account")


def test_a_yes_that_becomes_a_no_is_remembered_as_a_contradiction(vodacom):
    vodacom.ask("/pay", ORDER)

    send(vodacom, result())
    send(vodacom, result("999", "Failed"))

    truth = vodacom.truth()
    assert [one["is_contradiction"] for one in truth["results"]] == [False, True]
    assert truth["payments"][0]["verdict"] == "confirmed"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (result(sp_secret="other"), 401),
        (result(receipt="UNKNOWN000"), 400),
        (result(initiator="255700000000"), 400),
        (result(conversationID="c-other"), 400),
        (result("999", "Odd"), 400),
        (result("0", "Failed"), 400),
        (result(serviceDate="yesterday"), 400),
        (result(serviceReceipt=""), 400),
        (result(password="bm90IGVuY3J5cHRlZA=="), 400),
        ("<mpesaBroker>", 400),
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + result(), 400),
    ],
)
def test_a_result_that_is_not_exact_is_not_taken(vodacom, text, status):
    vodacom.ask("/pay", ORDER)

    assert send(vodacom, text).status_code == status
    assert vodacom.truth()["results"] == []


def test_a_result_must_call_itself_xml(vodacom):
    vodacom.ask("/pay", ORDER)

    assert send(vodacom, result(), "application/json").status_code == 415


def test_the_initiator_password_is_encrypted_with_the_broker_certificate(vodacom):
    vodacom.ask("/pay", ORDER)
    pem = vodacom.get("/credentials.json").get_json()["vodacom_tz"]["broker_cert"]
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    secret = base64.b64encode(key.encrypt(b"255754123456", padding.PKCS1v15())).decode()

    assert send(vodacom, result(password=secret)).status_code == 200


def test_a_result_that_got_no_confirmation_is_remembered_as_unanswered(vodacom):
    vodacom.ask("/pay", ORDER)
    vodacom.fault("vodacom_tz", "http500_after_charge", count=1)

    assert send(vodacom, result()).status_code == 500
    assert send(vodacom, result()).status_code == 200
    assert [one["answered"] for one in vodacom.truth()["results"]] == [False, True]


def test_the_heartbeat_is_the_bare_word(vodacom, product):
    vodacom.ask("/heartbeat", {})

    assert product.bodies("/request") == ["<FailSafe>Vodacom</FailSafe>"]


def test_a_wrong_sender_is_answered_no(vodacom, product):
    product.answer("/request", '{"data":{"message":"no"}}', 401)

    assert vodacom.ask("/pay", ORDER | {"fault": "wrong_key"})["verdict"] == "returned"
