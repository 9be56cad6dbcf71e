"""The worked exchanges of SunKing."""

import pytest

from sandbox.app import create_app
from sandbox.options import Options

AUTH = "/sunking/auth/realms/glp/protocol/openid-connect/token"
ACCOUNT = {
    "grant_type": "client_credentials",
    "client_id": "mpm-client",
    "client_secret": "s3cr3t-value",
    "scope": "roles",
}
DAYS = {"device": "996990001", "command": "add_credit", "payload": 14, "time_unit": "day"}


@pytest.fixture
def bearer(sandbox):
    token = sandbox.client.post(AUTH, data=ACCOUNT).get_json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def test_the_log_in_answers_like_a_keycloak(sandbox):
    answer = sandbox.client.post(AUTH, data=ACCOUNT)

    body = answer.get_json()
    assert answer.status_code == 200
    assert (body["expires_in"], body["token_type"], body["scope"]) == (300, "Bearer", "roles")


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "unauthorized_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "all"}, 400, "invalid_scope"),
    ],
)
def test_a_wrong_log_in_is_refused(sandbox, change, status, error):
    answer = sandbox.client.post(AUTH, data=ACCOUNT | change)

    assert (answer.status_code, answer.get_json()["error"]) == (status, error)


def test_the_log_in_must_be_a_form(sandbox):
    assert sandbox.post(AUTH, ACCOUNT).status_code == 415


def test_days_give_a_code_as_text(sandbox, bearer):
    answer = sandbox.post("/sunking/v2/token", DAYS, headers=bearer)

    [charge] = sandbox.truth()["charges"]
    assert answer.get_json() == {"token": charge["token"]}
    assert (charge["quantity"], charge["unit"], charge["kind"]) == ("14", "day", "credit")


def test_unlock_carries_nothing_but_device_and_command(sandbox, bearer):
    good = {"device": "996990001", "command": "unlock"}

    refused = sandbox.post("/sunking/v2/token", good | {"payload": 1}, headers=bearer)
    taken = sandbox.post("/sunking/v2/token", good, headers=bearer)

    assert (refused.status_code, taken.status_code) == (400, 200)
    assert [one["kind"] for one in sandbox.truth()["charges"]] == ["unlock"]


@pytest.mark.parametrize(
    "change",
    [{"payload": 0}, {"payload": 1.5}, {"payload": "14"}, {"time_unit": "week"}, {"command": "x"}],
)
def test_wrong_days_are_refused(sandbox, bearer, change):
    answer = sandbox.post("/sunking/v2/token", DAYS | change, headers=bearer)

    assert answer.status_code == 400
    assert sandbox.truth()["charges"] == []


def test_an_unmapped_device_is_not_found(sandbox, bearer):
    order = sandbox.post("/sunking/v2/token", DAYS | {"device": "123"}, headers=bearer)
    looked_up = sandbox.get("/sunking/v2/device_details/123", headers=bearer)

    assert order.get_json() == {"message": "Device not found"}
    assert (order.status_code, looked_up.status_code) == (404, 404)


def test_a_mapped_device_has_details(sandbox, bearer):
    answer = sandbox.get("/sunking/v2/device_details/996990001", headers=bearer)

    assert answer.get_json()["device"]["is_paygo"] is True


def test_without_a_good_bearer_nothing_is_sold(sandbox):
    missing = sandbox.post("/sunking/v2/token", DAYS)
    wrong = sandbox.post("/sunking/v2/token", DAYS, headers={"Authorization": "Bearer old"})

    assert (missing.status_code, wrong.status_code) == (401, 401)
    assert wrong.get_json() == {"message": "The incoming token has expired"}


def test_a_bearer_ends(sandbox):
    client = create_app(Options(memory=True, bearer_seconds=0)).test_client()
    token = client.post(AUTH, data=ACCOUNT).get_json()["access_token"]

    answer = client.post(
        "/sunking/v2/token", json=DAYS, headers={"Authorization": f"Bearer {token}"}
    )

    assert answer.status_code == 401


def test_a_code_can_come_with_stars_and_groups(sandbox, bearer):
    sandbox.fault("sunking", "odd_format", count=1)

    code = sandbox.post("/sunking/v2/token", DAYS, headers=bearer).get_json()["token"]

    assert code.startswith("*")
    assert code.endswith("#")
    assert code.count(" ") == 4


def test_a_forgotten_bearer_is_refused_once_and_nothing_is_sold(sandbox, bearer):
    sandbox.fault("sunking", "expired_bearer", count=1)

    first = sandbox.post("/sunking/v2/token", DAYS, headers=bearer)
    fresh = sandbox.client.post(AUTH, data=ACCOUNT).get_json()["access_token"]
    second = sandbox.post("/sunking/v2/token", DAYS, headers={"Authorization": f"Bearer {fresh}"})

    assert (first.status_code, second.status_code) == (401, 200)
    assert len(sandbox.truth()["charges"]) == 1
