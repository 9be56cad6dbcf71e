"""The pretend meter: balance, tokens once, tokens of others."""

import pytest

BUY = {
    "user_id": "pos-user-01",
    "password": "calin-key-7f3a",
    "meter_id": "47000100011",
    "token_type": "CreditToken",
    "amount": 3.6,
}
AUTH = {
    "grant_type": "client_credentials",
    "client_id": "mpm-client",
    "client_secret": "s3cr3t-value",
    "scope": "roles",
}


@pytest.fixture
def token(people):
    return people.ask("/calin/api/tokennew", BUY)["result"]


def type_in(sandbox, device, token):
    return sandbox.ask(f"/meters/{device}", {"token": token})


def test_a_token_raises_the_balance_also_with_blanks_between(people, token):
    groups = " ".join(token[i : i + 4] for i in range(0, 20, 4))

    said = type_in(people, "47000100011", groups)

    assert said == {"accepted": True, "message": "12.8 kWh became 16.4 kWh."}
    assert people.get("/meters/47000100011").get_json()["balance"] == "16.4"


def test_a_token_is_taken_once(people, token):
    type_in(people, "47000100011", token)

    said = type_in(people, "47000100011", token)

    assert said == {"accepted": False, "message": "This token was used before."}
    assert people.get("/meters/47000100011").get_json()["balance"] == "16.4"


def test_a_token_of_another_meter_is_refused_and_still_good_for_its_own(people, token):
    said = type_in(people, "47000100012", token)

    assert said == {"accepted": False, "message": "This token is for another device."}
    assert type_in(people, "47000100011", token)["accepted"] is True


@pytest.mark.parametrize("typed", ["12345678901234567890", "", "abc"])
def test_an_invented_token_is_refused(people, typed):
    assert type_in(people, "47000100011", typed)["accepted"] is False


def test_a_token_nobody_was_told_of_works_too(people):
    people.fault("calin_meter", "silent_after", count=1)
    people.post("/calin/api/tokennew", BUY)
    [charge] = people.truth()["charges"]

    assert type_in(people, "47000100011", charge["token"])["accepted"] is True


def test_a_kit_counts_days_and_can_be_unlocked(people):
    bearer = people.client.post(
        "/sunking/auth/realms/glp/protocol/openid-connect/token", data=AUTH
    ).get_json()["access_token"]
    headers = {"Authorization": f"Bearer {bearer}"}
    days = {"device": "996990001", "command": "add_credit", "payload": 14, "time_unit": "day"}
    code = people.post("/sunking/v2/token", days, headers=headers).get_json()["token"]
    unlock = {"device": "996990001", "command": "unlock"}
    last = people.post("/sunking/v2/token", unlock, headers=headers).get_json()["token"]

    first = type_in(people, "996990001", f"*{code}#")
    second = type_in(people, "996990001", last)

    assert first["message"] == "0 days became 14 days."
    assert second["message"] == "Unlocked for good."
    shown = people.get("/meters/996990001").get_json()
    assert (shown["balance"], shown["unit"], shown["is_unlocked"]) == ("14", "days", True)


def test_a_clear_token_empties_the_meter(people):
    body = {
        "company_name": "SunnyVillage",
        "user_name": "clerk",
        "password": "pw-login",
        "meter_number": "47000100011",
    }
    code = people.ask("/calin-smart/api/Maintenance_ClearCredit/", body)["result"]

    type_in(people, "47000100011", code)

    assert people.get("/meters/47000100011").get_json()["balance"] == "0"
