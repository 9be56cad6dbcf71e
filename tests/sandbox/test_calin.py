"""The worked exchanges of CalinMeter and what the pretend server refuses."""

import pytest

URL = "/calin/api/tokennew"
GOOD = {
    "user_id": "pos-user-01",
    "password": "calin-key-7f3a",
    "meter_id": "47000100011",
    "token_type": "CreditToken",
    "amount": 12.5,
}
SIGNED = {
    "serial_id": 77,
    "user_id": "pos-user-01",
    "meter_id": "47000100011",
    "token_type": "CreditToken",
    "amount": 12.5,
    "timestamp": 1751364000,
    "ciphertext": "d9d9d427e5ffda413b6d1f6c72e39f3a",
}


def test_a_purchase_gives_twenty_digits_as_text(sandbox):
    answer = sandbox.ask(URL, GOOD)

    assert answer["result_code"] == 0
    assert isinstance(answer["result"], str)
    assert len(answer["result"]) == 20
    assert answer["result"].isdigit()


def test_the_same_request_again_buys_a_second_token(sandbox):
    first, second = sandbox.ask(URL, GOOD), sandbox.ask(URL, GOOD)

    assert first["result"] != second["result"]
    sold = sandbox.truth()["charges"]
    assert [one["token"] for one in sold] == [first["result"], second["result"]]
    assert {one["device"] for one in sold} == {"47000100011"}
    assert {(one["quantity"], one["unit"], one["answered"]) for one in sold} == {
        ("12.5", "kWh", True)
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"password": "wrong"}, "02"),
        ({"user_id": "wrong"}, "02"),
        ({"meter_id": "11111111111"}, "03"),
        ({"meter_id": "4700010001"}, "03"),
        ({"amount": "12.5"}, "01"),
        ({"amount": 12.50000000001}, "01"),
        ({"amount": 0}, "01"),
        ({"amount": -1}, "01"),
        ({"amount": True}, "01"),
        ({"meter_id": 47000100011}, "01"),
        ({"token_type": "ClearToken"}, "01"),
        ({"reference": "x"}, "01"),
    ],
)
def test_what_the_protocol_does_not_allow_is_refused_and_not_charged(sandbox, change, code):
    answer = sandbox.ask(URL, GOOD | change)

    assert answer["result_code"] == code
    assert answer["result"] == ""
    assert sandbox.truth()["charges"] == []


def test_a_missing_field_is_refused(sandbox):
    answer = sandbox.ask(URL, {k: v for k, v in GOOD.items() if k != "amount"})

    assert answer["result_code"] == "01"


@pytest.mark.parametrize("text", ["10", "10.0"])
def test_whole_amounts_may_have_a_zero_behind_the_point(sandbox, text):
    body = (
        '{"user_id":"pos-user-01","password":"calin-key-7f3a","meter_id":"47000100011",'
        '"token_type":"CreditToken","amount":' + text + "}"
    )

    answer = sandbox.client.post(
        URL, data=body, headers={"Content-Type": "application/json;charset=utf-8"}
    )

    assert answer.get_json()["result_code"] == 0


def test_a_body_that_does_not_call_itself_json_is_turned_away(sandbox):
    answer = sandbox.client.post(URL, data="{}", content_type="text/plain")

    assert answer.status_code == 415


@pytest.mark.parametrize("path", ["/calin/api/token", "/calin/api/token/"])
def test_the_older_form_is_known_by_its_signature(sandbox, path):
    assert sandbox.ask(path, SIGNED)["result_code"] == 0


def test_the_older_form_signs_ten_without_a_fraction(sandbox):
    signed = SIGNED | {"amount": 10, "ciphertext": "54d565c9b2518db7a793088cd284e4ad"}

    assert sandbox.ask("/calin/api/token", signed)["result_code"] == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount": 12.6}, "02"),
        ({"ciphertext": "d" * 32}, "02"),
        ({"timestamp": "1751364000"}, "01"),
        ({"password": "calin-key-7f3a"}, "01"),
    ],
)
def test_the_older_form_refuses_what_was_not_signed(sandbox, change, code):
    answer = sandbox.ask("/calin/api/token", SIGNED | change)

    assert answer["result_code"] == code
    assert sandbox.truth()["charges"] == []


def test_only_listed_meters_are_known_when_any_serial_is_switched_off(sandbox):
    sandbox.ask(
        "/devices", {"vendor": "calin_meter", "serials": ["47000100012"], "accept_any": False}
    )

    unknown, known = sandbox.ask(URL, GOOD), sandbox.ask(URL, GOOD | {"meter_id": "47000100012"})

    assert (unknown["result_code"], known["result_code"]) == ("03", 0)
