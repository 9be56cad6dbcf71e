"""The JSON interface: log-ins, addresses, phone book, what is kept."""

import pytest

from sandbox.app import create_app
from sandbox.options import VARIABLE, Options


def test_every_plug_in_finds_what_its_admin_enters(sandbox):
    listed = sandbox.get("/credentials.json", headers={"Host": "127.0.0.1:8010"}).get_json()

    assert listed["calin_meter"]["api_url"] == "http://127.0.0.1:8010/calin/api"
    assert set(listed["calin_smart_meter"]) == {
        "api_url",
        "company_name",
        "user_name",
        "password",
        "password_vend",
        "time_zone",
    }
    assert set(listed["sunking"]) == {"client_id", "client_secret", "auth_url", "api_url"}
    assert set(listed["africastalking"]) == {"username", "api_key", "sender_id", "api_url"}
    assert listed["vodacom_tz"]["request_url"] == "http://127.0.0.1:8010/vodacom-tz/result"


def test_the_addresses_and_log_ins_really_work(sandbox):
    listed = sandbox.get("/credentials.json").get_json()["sunking"]

    answer = sandbox.client.post(
        listed["auth_url"],
        data={
            "grant_type": "client_credentials",
            "client_id": listed["client_id"],
            "client_secret": listed["client_secret"],
            "scope": "roles",
        },
    )

    assert answer.status_code == 200


def test_an_address_may_come_under_the_name_of_the_products_page(sandbox):
    sandbox.ask("/operators", {"airtel": {"validate": "http://jua.localhost:8000/a/"}})

    assert sandbox.get("/operators").get_json()["airtel"]["validation"].endswith("/a/")


@pytest.mark.parametrize(
    "body",
    [
        {"nobody": {}},
        {"airtel": {"walk": "http://x/"}},
        {"airtel": {"validation": "ftp://x/"}},
        {"airtel": {"validation": 5}},
        {"airtel": "http://x/"},
    ],
)
def test_a_wrong_address_changes_nothing(sandbox, body):
    before = sandbox.get("/operators").get_json()

    assert sandbox.post("/operators", body).status_code == 400
    assert sandbox.get("/operators").get_json() == before


@pytest.mark.parametrize(
    "body",
    [
        {"customers": [{"name": "Asha"}]},
        {"customers": [{"name": "Asha", "phone": "12"}]},
        {"customers": [{"name": "A", "phone": "0754123456", "devices": [{"serial": "1", "x": 1}]}]},
        {
            "customers": [
                {"name": "A", "phone": "0754123456", "devices": [{"serial": "1", "unit": "m"}]}
            ]
        },
        {"colour": "red"},
    ],
)
def test_a_wrong_phone_book_is_refused(sandbox, body):
    assert sandbox.post("/phonebook", body).status_code == 400


@pytest.mark.parametrize(
    "change", [{"amount": "x"}, {"amount": 0}, {"phone": "1"}, {"fault": "nonsense"}, {"count": 0}]
)
def test_a_wrong_payment_is_not_started(sandbox, product, change):
    sandbox.ask("/operators", {"vodacom_tz": {"request": f"{product.url}/r"}})
    order = {"operator": "vodacom_tz", "phone": "0754123456", "device": "1", "amount": 5}

    assert sandbox.post("/pay", order | change).status_code == 400
    assert product.heard == []


def test_reset_forgets_what_happened_and_keeps_the_addresses(sandbox):
    sandbox.ask("/operators", {"airtel": {"process": "http://jua.localhost:8000/p/"}})
    sandbox.fault("sunking", "refuse")
    sandbox.ask("/meters/47000100011", {"token": "1"})

    sandbox.ask("/reset", {})

    assert sandbox.get("/faults").get_json()["on"] == []
    assert sandbox.get("/operators").get_json()["airtel"]["process"]


def test_charges_and_keys_are_kept_over_a_restart(tmp_path):
    options = Options(state_dir=str(tmp_path))
    first, second = create_app(options), None
    buy = {
        "user_id": "pos-user-01",
        "password": "calin-key-7f3a",
        "meter_id": "47000100011",
        "token_type": "CreditToken",
        "amount": 1,
    }
    first.test_client().post("/calin/api/tokennew", json=buy)
    before = first.test_client().get("/credentials.json").get_json()
    first.extensions["sandbox"].store.close()

    second = create_app(options)

    assert len(second.test_client().get("/truth").get_json()["charges"]) == 1
    assert second.test_client().get("/credentials.json").get_json() == before


def test_the_choices_of_the_command_line_reach_the_serving_process():
    options = Options(state_dir="/x", memory=True, app_url="http://a.localhost", bearer_seconds=5)

    assert Options.from_environment({VARIABLE: options.to_text()}) == options
    assert Options.from_environment({"MPM_LOCAL_DIR": "/y"}).state_dir == "/y/sandbox"
