"""What an admin may enter, and what is refused at which field."""

from typing import Any

import pytest

from plugins.testing import load_exchange
from plugins.vodacom_tz.forms import VodacomTanzaniaSettings
from plugins.vodacom_tz.test_mutual_tls import AUTHORITY, BROKER, COMPANY


def form(**changes: Any) -> VodacomTanzaniaSettings:
    settings = load_exchange(__file__, "settings")
    return VodacomTanzaniaSettings(settings | changes)


def test_the_example_settings_are_complete():
    assert form().is_valid(), form().errors


def test_what_is_left_open_takes_the_usual_choice():
    bare = VodacomTanzaniaSettings(
        {"sp_id": "300300", "sp_password": "sp-secret", "request_url": "http://127.0.0.1:9/result"}
    )

    assert bare.is_valid(), bare.errors
    assert bare.cleaned_data["password_scheme"] == "hex-upper"
    assert bare.cleaned_data["initiator_scheme"] == "empty"  # there is no key to encrypt for
    assert bare.cleaned_data["id_element"] == "originatorConversationID"


def test_a_certificate_with_its_key_is_accepted():
    assert form(
        ssl_cert=COMPANY.pem, ssl_key=COMPANY.key_pem, certificate_authority=AUTHORITY.pem
    ).is_valid()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ssl_cert": "nonsense", "ssl_key": COMPANY.key_pem}, "ssl_cert"),
        ({"ssl_cert": COMPANY.pem}, "ssl_key"),
        ({"ssl_key": COMPANY.key_pem}, "ssl_cert"),
        ({"ssl_cert": COMPANY.pem, "ssl_key": BROKER.key_pem}, "ssl_key"),
        ({"ssl_cert": COMPANY.pem, "ssl_key": COMPANY.locked_key_pem}, "ssl_key"),
        ({"certificate_authority": "nonsense"}, "certificate_authority"),
        ({"broker_cert": COMPANY.pem}, "broker_cert"),  # not RSA
        ({"broker_cert": ""}, "broker_cert"),
        ({"initiator_scheme": "fixed"}, "initiator_password"),
        ({"password_scheme": "md5"}, "password_scheme"),
        ({"allowed_ips": "somewhere"}, "allowed_ips"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_their_field(changes, field):
    refused = form(**changes)

    assert not refused.is_valid()
    assert field in refused.errors


def test_a_kept_key_needs_no_second_typing():
    kept = VodacomTanzaniaSettings(
        load_exchange(__file__, "settings") | {"sp_password": "", "ssl_cert": COMPANY.pem},
        stored_secrets=frozenset({"sp_password", "ssl_key"}),
    )

    assert kept.is_valid(), kept.errors


def test_mutual_tls_can_be_given_up_though_its_key_is_kept():
    settings = load_exchange(__file__, "settings")

    without = VodacomTanzaniaSettings(settings, stored_secrets=frozenset({"ssl_key"}))

    assert without.is_valid(), without.errors
