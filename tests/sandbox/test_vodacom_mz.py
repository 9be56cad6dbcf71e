"""Vodacom Mozambique: inbound payments and pushes to a phone."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_public_key

PUSH = "/vodacom-mz/ipg/v1x/c2bPayment/singleStage/"
QUERY = "/vodacom-mz/ipg/v1x/queryTransactionStatus/"
GOOD = {
    "input_TransactionReference": "47000100011",
    "input_CustomerMSISDN": "258841234567",
    "input_Amount": "500",
    "input_ThirdPartyReference": "ORD000123",
    "input_ServiceProviderCode": "171717",
}
ORDER = {
    "operator": "vodacom_mz",
    "phone": "+258841234567",
    "device": "47000100011",
    "amount": 500,
    "reference": "ORD-77-A1",
}


@pytest.fixture
def headers(sandbox):
    account = sandbox.get("/credentials.json").get_json()["vodacom_mz"]
    key = load_der_public_key(base64.b64decode(account["public_key"]))
    bearer = base64.b64encode(key.encrypt(account["api_key"].encode(), padding.PKCS1v15()))
    return {"Authorization": f"Bearer {bearer.decode()}", "Origin": "*"}


def query(sandbox, headers, reference):
    return sandbox.get(
        QUERY,
        headers=headers,
        query_string={
            "input_QueryReference": reference,
            "input_ThirdPartyReference": "ASK0001",
            "input_ServiceProviderCode": "171717",
        },
    )


def test_a_push_is_paid(sandbox, headers):
    answer = sandbox.post(PUSH, GOOD, headers=headers)

    body = answer.get_json()
    assert answer.status_code == 201
    assert body["output_ResponseCode"] == "INS-0"
    assert body["output_ThirdPartyReference"] == "ORD000123"


def test_the_same_push_again_is_a_duplicate_and_the_query_knows_it(sandbox, headers):
    first = sandbox.post(PUSH, GOOD, headers=headers).get_json()

    second = sandbox.post(PUSH, GOOD, headers=headers)

    assert (second.status_code, second.get_json()["output_ResponseCode"]) == (409, "INS-10")
    for reference in ("ORD000123", first["output_TransactionID"], first["output_ConversationID"]):
        asked = query(sandbox, headers, reference).get_json()
        assert asked["output_ResponseTransactionStatus"] == "Completed"
    assert len(sandbox.truth()["pushes"]) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"input_CustomerMSISDN": "258821234567"}, "INS-2051"),
        ({"input_Amount": "0"}, "INS-15"),
        ({"input_Amount": "a"}, "INS-15"),
        ({"input_TransactionReference": "x" * 21}, "INS-17"),
        ({"input_ThirdPartyReference": "ORD-1"}, "INS-19"),
        ({"input_ServiceProviderCode": "1"}, "INS-13"),
        ({"input_Extra": "1"}, "INS-21"),
    ],
)
def test_a_wrong_push_is_refused_with_its_code(sandbox, headers, change, code):
    answer = sandbox.post(PUSH, GOOD | change, headers=headers)

    assert answer.status_code == 400
    assert answer.get_json()["output_ResponseCode"] == code
    assert sandbox.truth()["pushes"] == []


@pytest.mark.parametrize("bearer", ["", "Bearer bXotcHVzaA==", "Bearer nonsense"])
def test_a_push_without_the_encrypted_key_has_no_code(sandbox, bearer):
    answer = sandbox.post(PUSH, GOOD, headers={"Authorization": bearer, "Origin": "*"})

    assert answer.status_code == 401
    assert list(answer.get_json()) == ["output_error"]


@pytest.mark.parametrize(
    ("fault", "status", "code", "state"),
    [
        ("cancelled", 401, "INS-5", "Cancelled"),
        ("too_little_money", 422, "INS-2006", "Failed"),
        ("pending", 408, "INS-9", "Pending"),
    ],
)
def test_a_payer_who_does_not_pay(sandbox, headers, fault, status, code, state):
    sandbox.fault("vodacom_mz", fault, count=1)

    answer = sandbox.post(PUSH, GOOD, headers=headers)

    assert (answer.status_code, answer.get_json()["output_ResponseCode"]) == (status, code)
    found = query(sandbox, headers, "ORD000123").get_json()
    assert found["output_ResponseTransactionStatus"] == state


def test_a_query_for_an_unknown_push_says_so(sandbox, headers):
    answer = query(sandbox, headers, "ORD999")

    assert answer.get_json()["output_ResponseCode"] == "INS-6140"


def test_an_inbound_payment_carries_the_number_that_validation_gave(sandbox, product):
    actions = {name: f"{product.url}/{name}" for name in ("validate", "process", "query")}
    sandbox.ask("/operators", {"vodacom_mz": actions})
    data = {"transactionId": "VOD-TXN-000123", "status": "validated", "success": True}
    for path in ("/validate", "/process", "/query"):
        product.answer_json(path, {"data": data})

    paid = sandbox.ask("/pay", ORDER)

    assert paid["verdict"] == "accepted"
    assert json.loads(product.bodies("/validate")[0]) == {
        "serialNumber": "47000100011",
        "amount": 500,
        "payerPhoneNumber": "258841234567",
        "referenceId": "ORD-77-A1",
    }
    assert json.loads(product.bodies("/process")[0]) == {
        "referenceId": "ORD-77-A1",
        "transactionId": "VOD-TXN-000123",
    }
    assert product.heard[0][1]["Authorization"] == "Bearer test-api-key"
    assert sandbox.ask("/enquire", {"reference": "ORD-77-A1"})["yes"] is True


def test_an_inbound_refusal_gives_its_reason(sandbox, product):
    actions = {name: f"{product.url}/{name}" for name in ("validate", "process")}
    sandbox.ask("/operators", {"vodacom_mz": actions})
    product.answer_json("/validate", {"data": {"message": "Unknown", "success": False}}, 400)

    paid = sandbox.ask("/pay", ORDER)

    assert (paid["verdict"], paid["reason"]) == ("refused", "Unknown")
