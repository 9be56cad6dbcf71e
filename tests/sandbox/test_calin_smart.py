"""The worked exchanges of CalinSmartMeter."""

import pytest

API = "/calin-smart/api"
LOGIN = {"company_name": "SunnyVillage", "user_name": "clerk", "password": "pw-login"}
METER = {"meter_number": "47000100022"}
GOOD = LOGIN | METER | {"password_vend": "pw-vend", "is_vend_by_unit": True, "amount": 10}


@pytest.mark.parametrize("path", [f"{API}/POS_Purchase", f"{API}/POS_Purchase/"])
def test_a_purchase_gives_the_token_inside_the_result(sandbox, path):
    answer = sandbox.ask(path, GOOD)

    result = answer["result"]
    assert (answer["result_code"], answer["reason"]) == (0, "OK")
    assert len(result["token"]) == 20
    assert (result["total_paid"], result["total_unit"], result["unit"]) == (2.5, 10, "kWh")
    assert result["meter_number"] == "47000100022"


def test_money_buys_kwh_at_the_price_of_calin(sandbox):
    answer = sandbox.ask(f"{API}/POS_Purchase", GOOD | {"is_vend_by_unit": False, "amount": 2.55})

    assert answer["result"]["total_unit"] == 10.2


@pytest.mark.parametrize(
    "change",
    [
        {"password": "wrong"},
        {"password_vend": "pw-login"},
        {"company_name": "Other"},
        {"is_vend_by_unit": "true"},
        {"amount": "10"},
        {"amount": 10.25},
        {"amount": 0},
        {"amount": 1_000_000},
        {"meter_number": 47000100022},
        {"serial": "x"},
    ],
)
def test_a_wrong_purchase_is_refused_with_code_one(sandbox, change):
    answer = sandbox.ask(f"{API}/POS_Purchase/", GOOD | change)

    assert (answer["result_code"], answer["result"]) == (1, None)
    assert sandbox.truth()["charges"] == []


def test_an_unknown_meter_is_a_yes_without_a_result(sandbox):
    answer = sandbox.ask(f"{API}/POS_Purchase/", GOOD | {"meter_number": "11111111111"})

    assert (answer["result_code"], answer["result"]) == (0, None)


def test_clear_credit_gives_the_token_itself(sandbox):
    answer = sandbox.ask(f"{API}/Maintenance_ClearCredit/", LOGIN | METER)

    assert answer["result_code"] == 0
    assert len(answer["result"]) == 20


def test_clear_credit_wants_the_log_in_and_not_the_vend_password(sandbox):
    answer = sandbox.ask(
        f"{API}/Maintenance_ClearCredit/", LOGIN | METER | {"password_vend": "pw-vend"}
    )

    assert answer["result_code"] == 1


def test_a_preview_sells_nothing_and_takes_zero(sandbox):
    body = LOGIN | METER | {"is_vend_by_unit": True, "amount": 0}

    answer = sandbox.ask(f"{API}/POS_Preview", body)

    assert answer["result"]["customer_name"] == "Customer 00022"
    assert sandbox.truth()["charges"] == []


def test_the_history_has_the_token_that_nobody_was_told(sandbox):
    sandbox.fault("calin_smart_meter", "silent_after", count=1)
    sandbox.post(f"{API}/POS_Purchase/", GOOD)

    listed = sandbox.ask(f"{API}/POS_PurchaseHistory", LOGIN | METER)["result"]

    [charge] = sandbox.truth()["charges"]
    assert charge["answered"] is False
    assert [one["token"] for one in listed] == [charge["token"]]
    assert listed[0]["total_unit"] == 10


def test_the_account_is_charged_for_each_purchase(sandbox):
    before = sandbox.truth()["balance_cents"]["calin_smart_meter"]

    sandbox.ask(f"{API}/POS_Purchase/", GOOD)
    sandbox.ask(f"{API}/POS_Purchase/", GOOD)

    assert before - sandbox.truth()["balance_cents"]["calin_smart_meter"] == 500
