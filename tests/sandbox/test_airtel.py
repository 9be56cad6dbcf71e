"""Airtel's side: what reaches the product, and how its answers are understood."""

import base64
import json
import re

import pytest

from sandbox.vendors.airtel import token

SECRET = "jwt-secret-for-tests-only-0123456789abcdef0123456789abcdef0123456"
VECTOR = (
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.eyJzdWIiOiI3IiwiaWF0IjoxNzUxMzY0MDAwLCJleHAiOjE3NTEzNj"
    "QzMDAsInBheWxvYWQiOnsidHhuSWQiOiJBVDI1MDcwMUEifX0.ow6CB4-Vex2Dl7h1LWGoH6SkNI62oM7-EpepmmA9o"
    "xJyE3S67fZfGKy0ejYJuDJKo5lp_AZS4goA1oL8nNUQeQ"
)
YES = "<COMMAND><STATUS>200</STATUS><MESSAGE>Success</MESSAGE></COMMAND>"
NO = "<COMMAND><STATUS>400</STATUS><MESSAGE>Unknown device</MESSAGE></COMMAND>"
ORDER = {
    "operator": "airtel",
    "phone": "+255785123456",
    "device": "47000100011",
    "amount": 5000,
    "reference": "AT250701A",
    "name": "Asha Mrisho",
}


@pytest.fixture
def airtel(sandbox, product):
    actions = {name: f"{product.url}/{name}" for name in ("validation", "process", "enquiry")}
    sandbox.ask("/operators", {"airtel": actions})
    for path in ("/validation", "/process", "/enquiry"):
        product.answer(path, YES)
    return sandbox


def test_the_token_is_that_of_the_protocol():
    assert token(SECRET, "7", "AT250701A", 1751364000) == VECTOR


def test_a_payment_is_asked_about_and_then_reported(airtel, product):
    paid = airtel.ask("/pay", ORDER)

    assert (paid["verdict"], paid["reference"]) == ("accepted", "AT250701A")
    assert [one["step"] for one in paid["exchanges"]] == ["validation", "process"]
    [validation] = product.bodies("/validation")
    assert validation.endswith(
        "<COMMAND><TYPE>C2B</TYPE><CUSTOMERMSISDN>785123456</CUSTOMERMSISDN>"
        "<MERCHANTMSISDN>689000111</MERCHANTMSISDN><AMOUNT>5000</AMOUNT><PIN></PIN>"
        "<REFERENCE>47000100011</REFERENCE><USERNAME>airtel-sandbox</USERNAME>"
        "<PASSWORD>airtel-body-password</PASSWORD><REFERENCE1>AT250701A</REFERENCE1></COMMAND>"
    )
    [process] = product.bodies("/process")
    assert "<CUSTOMERNAME>Asha Mrisho</CUSTOMERNAME>" in process
    assert re.search(r"<REFERENCE2>MP\d{6}\.\d{4}\.A\d{5}</REFERENCE2>", process)


def test_the_host_of_the_company_and_a_bearer_for_this_payment_are_sent(airtel, product):
    airtel.ask("/pay", ORDER)

    _, headers, _ = product.heard[0]
    claims = headers["Authorization"].split(".")[1]
    read = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert headers["Host"] == product.host
    assert headers["Content-Type"] == "application/xml"
    assert read["payload"] == {"txnId": "AT250701A"}
    assert read["exp"] - read["iat"] == 300


def test_no_money_moves_when_the_product_says_no(airtel, product):
    product.answer("/validation", NO)

    paid = airtel.ask("/pay", ORDER)

    assert (paid["verdict"], paid["reason"]) == ("refused", "Unknown device")
    assert product.bodies("/process") == []


def test_a_no_after_the_money_moved_gives_it_back(airtel, product):
    product.answer("/process", NO)

    assert airtel.ask("/pay", ORDER)["verdict"] == "returned"


@pytest.mark.parametrize("answer", [(500, ""), (200, "<html>"), (302, YES), (200, "")])
def test_an_answer_that_airtel_cannot_read_leaves_the_payment_unknown(airtel, product, answer):
    status, text = answer
    product.answer("/process", text, status)

    assert airtel.ask("/pay", ORDER)["verdict"] == "unknown"


def test_a_silent_product_leaves_the_payment_refused_before_and_unknown_after(airtel):
    airtel.ask("/operators", {"airtel": {"process": "http://127.0.0.1:9/nobody"}})

    paid = airtel.ask("/pay", ORDER)

    assert paid["verdict"] == "unknown"
    assert paid["exchanges"][-1]["answer"]["status"] == 0
    assert paid["exchanges"][-1]["answer"]["error"]


@pytest.mark.parametrize(
    ("fault", "validations", "amounts"),
    [
        ("twice", 1, ["5000", "5000"]),
        ("again_other_amount", 1, ["5000", "10000"]),
        ("tampered_amount", 1, ["10000"]),
        ("unvalidated", 0, ["5000"]),
        ("out_of_order", 1, ["5000"]),
        ("validate_only", 1, []),
        ("dropped", 1, []),
    ],
)
def test_the_operator_misreports_as_told(airtel, product, fault, validations, amounts):
    airtel.ask("/pay", ORDER | {"fault": fault})

    sent = [re.search(r"<AMOUNT>(.*?)</AMOUNT>", body)[1] for body in product.bodies("/process")]
    assert sent == amounts
    assert len(product.bodies("/validation")) == validations


def test_out_of_order_reports_first(airtel, product):
    airtel.ask("/pay", ORDER | {"fault": "out_of_order"})

    assert [path for path, _, _ in product.heard] == ["/process", "/validation"]


def test_another_device_is_reported_under_the_same_reference(airtel, product):
    airtel.ask("/pay", ORDER | {"fault": "again_other_device"})

    devices = [re.search(r"<REFERENCE>(.*?)<", body)[1] for body in product.bodies("/process")]
    assert devices == ["47000100011", "47000100012"]


def test_fifty_reports_leave_at_the_same_moment(airtel, product):
    paid = airtel.ask("/pay", ORDER | {"fault": "at_once", "count": 50})

    assert len(set(product.bodies("/process"))) == 1
    assert len(product.bodies("/process")) == 50
    assert paid["verdict"] == "accepted"


@pytest.mark.parametrize("fault", ["wrong_key", "expired"])
def test_a_spoilt_signature_differs_from_a_good_one(airtel, product, fault):
    airtel.ask("/pay", ORDER | {"fault": fault})

    bearer = product.heard[0][1]["Authorization"].removeprefix("Bearer ")
    claims = bearer.split(".")[1]
    issued_at = json.loads(base64.urlsafe_b64decode(claims + "=="))["iat"]
    assert (bearer == token(SECRET, "7", "AT250701A", issued_at)) is (fault == "expired")


def test_an_enquiry_names_the_transaction(airtel, product):
    airtel.ask("/pay", ORDER)

    asked = airtel.ask("/enquire", {"reference": "AT250701A"})

    assert asked["yes"] is True
    [body] = product.bodies("/enquiry")
    assert "<TXNID>AT250701A</TXNID><MSISDN>785123456</MSISDN>" in body


def test_an_operator_without_addresses_cannot_pay(sandbox):
    answer = sandbox.post("/pay", ORDER)

    assert answer.status_code == 400
    assert "no address" in answer.get_json()["error"]
