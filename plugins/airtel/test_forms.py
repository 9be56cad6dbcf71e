"""What a company enters for Airtel: which checks are on, and what each needs."""

import pytest

from plugins.airtel.forms import AirtelSettings
from plugins.testing import load_exchange

SETTINGS = load_exchange(__file__, "settings")
SECRET = SETTINGS["jwt_secret"]
CHECKS = ("check_jwt", "check_ip", "check_password")


def form(**data) -> AirtelSettings:
    return AirtelSettings(data)


def test_the_example_settings_are_valid():
    settings = AirtelSettings(SETTINGS)

    assert settings.is_valid(), settings.errors
    assert settings.cleaned_data == SETTINGS


@pytest.mark.parametrize("switches", [{}, dict.fromkeys(CHECKS, "false")])
def test_at_least_one_check_is_required(switches):
    settings = form(**switches)

    assert settings.has_error("__all__", "no_check")
    assert "access token, sender's address, or user name and" in settings.non_field_errors()[0]


@pytest.mark.parametrize(
    ("switch", "missing"),
    [
        ("check_jwt", ["jwt_secret"]),
        ("check_ip", ["allowed_ips"]),
        ("check_password", ["username", "password"]),
    ],
)
def test_a_check_that_is_on_needs_its_values(switch, missing):
    settings = form(**{switch: "on"})

    assert list(settings.errors) == missing
    for name in missing:
        assert settings.has_error(name, "needed")


@pytest.mark.parametrize(
    ("values", "switched_on"),
    [
        ({"jwt_secret": SECRET}, {"check_jwt"}),
        ({"allowed_ips": "192.0.2.1, 192.0.2.0/24"}, {"check_ip"}),
        ({"username": "u", "password": "p"}, {"check_password"}),
        ({"jwt_secret": SECRET, "allowed_ips": "192.0.2.1"}, {"check_jwt", "check_ip"}),
        ({"jwt_secret": SECRET, "allowed_ips": "192.0.2.1", "check_ip": "on"}, {"check_ip"}),
    ],
)
def test_without_a_switch_whatever_is_filled_in_is_checked(values, switched_on):
    settings = form(**values)

    assert settings.is_valid(), settings.errors
    assert {name for name in CHECKS if settings.cleaned_data[name]} == switched_on


def test_half_a_log_in_is_not_taken_for_a_check():
    assert form(username="u").has_error("password", "needed")


def test_a_stored_secret_counts_as_filled_in():
    settings = AirtelSettings({"check_jwt": "on"}, stored_secrets=frozenset({"jwt_secret"}))

    assert settings.is_valid(), settings.errors


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("jwt_secret", "too-short"),
        ("allowed_ips", "192.0.2.300"),
        ("merchant_msisdn", "+689"),
        ("country_code", "+255"),
        ("currency", "tsh"),
    ],
)
def test_a_value_of_the_wrong_shape_is_named(name, text):
    assert name in form(**{"jwt_secret": SECRET, name: text}).errors
