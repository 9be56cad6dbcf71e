"""connect_plugin: settings from words, variables and files, checked by the plug-in's own form."""

import pytest

from accounts.models import AuditEntry
from plugins import registry
from plugins.models import Connection
from tenants.selectors import address_of

CALIN = ("api_url=https://calin.example", "user_id=jua", "api_key=@env:CALIN_KEY")
KEY = "a-key-of-calin-0123456789"


@pytest.fixture
def connect(jua, command, monkeypatch):
    monkeypatch.setenv("CALIN_KEY", KEY)

    def run(*words: str):
        return command("connect_plugin", "--company=jua", *words)

    return run


def test_a_manufacturer_is_connected_and_its_secret_is_stored_encrypted(connect):
    made = connect("calin_meter", *CALIN, "--json")

    connection = Connection.objects.get(plugin="calin_meter")
    assert made.json == {"company": "jua", "plugin": "calin_meter", "is_on": True, "webhooks": {}}
    assert connection.settings["user_id"] == "jua"
    assert "api_key" not in connection.settings
    assert connection.secrets == {"api_key": KEY}
    assert AuditEntry.objects.filter(action="connection.saved", target="calin_meter").exists()


def test_a_secret_is_never_printed(connect):
    made = connect("calin_meter", *CALIN)

    assert KEY not in made.out + made.err


def test_the_addresses_to_hand_to_an_operator_are_printed_by_action(connect, jua):
    made = connect("airtel", "check_password=on", "username=jua", "password=secret", "--json")

    connection = Connection.objects.get(plugin="airtel")
    assert set(made.json["webhooks"]) == {"validation", "process", "enquiry"}
    for action, address in made.json["webhooks"].items():
        assert address.startswith(f"{address_of(jua)}/webhooks/airtel/{connection.webhook_key}/")
        assert address.rstrip("/").endswith(f"/{action}")


def test_yes_no_and_lists_are_read_from_words(connect):
    connect(
        "airtel",
        "check_ip=yes",
        "check_jwt=OFF",
        "check_password=no",
        "allowed_ips=192.0.2.1, 192.0.2.0/24",
    )

    settings = Connection.objects.get(plugin="airtel").settings
    assert (settings["check_ip"], settings["check_jwt"]) == (True, False)
    assert settings["allowed_ips"] == ["192.0.2.1", "192.0.2.0/24"]


def test_what_is_not_given_at_first_takes_the_form_s_usual_value(connect):
    connect("calin_meter", "user_id=jua", "api_key=x")

    usual = registry.get("calin_meter").settings_form.base_fields["api_url"].initial
    assert Connection.objects.get(plugin="calin_meter").settings["api_url"] == usual.rstrip("/")


def test_what_is_not_given_keeps_its_value(connect):
    connect("airtel", "check_ip=on", "allowed_ips=192.0.2.1,192.0.2.2", "country_code=256")
    connect("calin_meter", *CALIN)

    connect("airtel", "currency=TZS")
    connect("calin_meter", "user_id=other")

    airtel = Connection.objects.get(plugin="airtel").settings
    calin = Connection.objects.get(plugin="calin_meter")
    assert airtel["allowed_ips"] == ["192.0.2.1", "192.0.2.2"]
    assert (airtel["country_code"], airtel["currency"], airtel["check_ip"]) == ("256", "TZS", True)
    assert (calin.settings["user_id"], calin.secrets) == ("other", {"api_key": KEY})


def test_a_value_is_read_from_a_file(connect, tmp_path):
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n", encoding="utf-8")

    connect("calin_meter", *CALIN[:2], f"api_key=@file:{file}")

    assert Connection.objects.get(plugin="calin_meter").secrets == {"api_key": KEY}


def test_two_at_signs_stand_for_one(connect):
    connect("calin_meter", "api_url=https://calin.example", "user_id=@@env:jua", "api_key=x")

    assert Connection.objects.get(plugin="calin_meter").settings["user_id"] == "@env:jua"


def test_a_connection_is_switched_off_and_on_again(connect):
    assert "is off" in connect("calin_meter", *CALIN, "--off").out
    assert not Connection.objects.get(plugin="calin_meter").is_on

    assert "is on" in connect("calin_meter").out
    assert Connection.objects.get(plugin="calin_meter").is_on


def test_a_connection_is_checked_when_asked(connect):
    made = connect("demo_meter", "seed=words", "--check", "--json")

    assert made.json["check"]["state"] == "ok"
    assert Connection.objects.get(plugin="demo_meter").check_state == "ok"


def test_a_check_that_fails_fails_the_command_and_keeps_the_settings(connect, monkeypatch):
    from plugins.demo_meter.adapter import DemoMeter
    from plugins.errors import Misconfigured

    def fail(_adapter):
        raise Misconfigured("The key is refused.")

    monkeypatch.setattr(DemoMeter, "check", fail)

    refused = connect("demo_meter", "seed=words", "--check", "--json")

    assert refused.json["error"] == "Demo meter is saved, but does not work: The key is refused."
    assert Connection.objects.filter(plugin="demo_meter").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nobody",), "There is no plug-in “nobody”. Installed are: "),
        (
            ("calin_meter", "colour=red"),
            "calin_meter has no setting “colour”. Its settings are: user_id",
        ),
        (("calin_meter", "api_url"), "“api_url” is not name=value"),
        (("calin_meter", "user_id=1", "user_id=2"), "“user_id” is given twice"),
        (("calin_meter", "api_key=@env:NOT_SET"), "the environment variable NOT_SET is not set"),
        (("calin_meter", "api_key=@file:/nowhere/key"), "/nowhere/key cannot be read"),
        (("calin_meter", "user_id=jua"), "api_key: This field is required."),
        (("airtel", "check_ip=perhaps"), "“perhaps” is neither on nor off"),
        (("airtel", "check_ip=on", "allowed_ips=here"), "“here” is not a network address"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_saved(connect, words, says):
    refused = connect(*words)

    assert says in refused.error
    assert not Connection.objects.exists()


def test_programs_get_the_problems_by_field(connect):
    refused = connect("calin_meter", "user_id=jua", "--json")

    assert "api_key" in refused.json["problems"]
