"""Africa's Talking: sending, delivery reports, incoming SMS."""

import pytest

URL = "/africastalking/version1/messaging"
HEADERS = {"apiKey": "at-key-for-the-sandbox", "Accept": "application/json"}
FORM = {
    "username": "sandbox",
    "to": "+254700000001",
    "message": "Token 1234",
    "from": "PAYG",
    "bulkSMSMode": "1",
    "enqueue": "1",
}


def send(sandbox, headers=HEADERS, **change):
    return sandbox.client.post(URL, data=FORM | change, headers=headers)


@pytest.fixture
def reported(sandbox, product):
    sandbox.ask("/operators", {"africastalking": {"delivery": f"{product.url}/delivery"}})
    return sandbox


def test_an_sms_is_taken_and_stands_on_the_phone(sandbox):
    answer = send(sandbox)

    [recipient] = answer.get_json()["SMSMessageData"]["Recipients"]
    assert answer.status_code == 201
    assert (recipient["statusCode"], recipient["number"]) == (101, "+254700000001")
    assert recipient["messageId"].startswith("ATXid_")
    [sms] = sandbox.get("/sms?phone=%2B254700000001").get_json()
    assert (sms["text"], sms["gateway_id"]) == ("Token 1234", recipient["messageId"])


def test_a_report_follows(reported, product, until):
    gateway_id = send(reported).get_json()["SMSMessageData"]["Recipients"][0]["messageId"]

    [body] = until(lambda: product.bodies("/delivery"))

    assert body == (f"id={gateway_id}&status=Success&phoneNumber=%2B254700000001&networkCode=63902")
    until(lambda: reported.truth()["messages"][0]["report"] == "Success")


@pytest.mark.parametrize(("fault", "is_shown"), [("lost", False), ("rejected", False)])
def test_an_sms_that_never_arrives_is_reported_as_failed(reported, product, until, fault, is_shown):
    reported.fault("africastalking", fault, count=1)

    send(reported)

    [body] = until(lambda: product.bodies("/delivery"))
    assert "status=Failed" in body
    assert reported.get("/sms").get_json() == []
    assert reported.truth()["messages"][0]["is_shown"] is is_shown


def test_a_lost_report_never_comes(reported, product, until):
    reported.fault("africastalking", "lost_report", count=1)

    send(reported)
    send(reported, message="second")

    until(lambda: product.bodies("/delivery"))
    assert len(product.bodies("/delivery")) == 1
    assert len(reported.get("/sms").get_json()) == 2


def test_an_early_report_comes_before_the_answer(reported, product):
    reported.fault("africastalking", "early_report", count=1)

    send(reported)

    assert len(product.bodies("/delivery")) == 1


def test_a_report_can_come_twice(reported, product, until):
    reported.fault("africastalking", "report_twice", count=1)

    send(reported)

    until(lambda: len(product.bodies("/delivery")) == 2)
    assert len(set(product.bodies("/delivery"))) == 1


@pytest.mark.parametrize(
    ("fault", "code"), [("refuse_number", 403), ("empty_balance", 405), ("refuse", 406)]
)
def test_a_refused_number_has_no_message_id(sandbox, fault, code):
    sandbox.fault("africastalking", fault, count=1)

    answer = send(sandbox)

    [recipient] = answer.get_json()["SMSMessageData"]["Recipients"]
    assert answer.status_code == 201
    assert (recipient["statusCode"], recipient["messageId"]) == (code, "None")
    assert sandbox.truth()["messages"] == []


def test_a_number_without_plus_is_refused(sandbox):
    [recipient] = send(sandbox, to="0700000001").get_json()["SMSMessageData"]["Recipients"]

    assert recipient["statusCode"] == 403


def test_a_wrong_key_is_turned_away(sandbox):
    assert send(sandbox, HEADERS | {"apiKey": "wrong"}).status_code == 401
    assert send(sandbox, username="other").status_code == 401


def test_an_unknown_sender_reaches_nobody(sandbox):
    data = send(sandbox, **{"from": "OTHER"}).get_json()["SMSMessageData"]

    assert (data["Message"], data["Recipients"]) == ("InvalidSenderId", [])


def test_an_unknown_field_or_a_json_body_is_refused(sandbox):
    assert send(sandbox, extra="1").status_code == 400
    assert sandbox.post(URL, FORM, headers=HEADERS).status_code == 415


def test_several_phones_get_one_answer_each(sandbox):
    answer = send(sandbox, to="+254700000001,+254700000002")

    recipients = answer.get_json()["SMSMessageData"]["Recipients"]
    assert [one["number"] for one in recipients] == ["+254700000001", "+254700000002"]
    assert len({one["messageId"] for one in recipients}) == 2


def test_a_phone_can_write_to_the_product(sandbox, product):
    sandbox.ask("/operators", {"africastalking": {"incoming": f"{product.url}/incoming"}})

    sandbox.ask("/sms", {"from": "+254700000001", "text": "BAL"})

    [body] = product.bodies("/incoming")
    assert "from=%2B254700000001" in body
    assert "text=BAL" in body


def test_the_account_tells_its_balance_to_whoever_has_the_key(sandbox):
    url = "/africastalking/version1/user?username=sandbox"

    answer = sandbox.get(url, headers=HEADERS)

    assert answer.get_json()["UserData"]["balance"].startswith("TZS ")
    assert sandbox.get(url, headers=HEADERS | {"apiKey": "wrong"}).status_code == 401
