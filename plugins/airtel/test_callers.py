"""Who may call as Airtel: the signed token, the address, the password."""

import datetime as dt
import re

import pytest

from plugins.airtel.adapter import Airtel
from plugins.airtel.test_adapter import (
    CLAIMS,
    NO_CHECK,
    airtel_with,
    behind_address,
    call,
    call_with_body,
    with_token,
)
from plugins.errors import Rejected
from plugins.testing import callback_from, load_exchange


@pytest.fixture
def airtel() -> Airtel:
    return airtel_with()


def test_the_first_spelling_of_the_transaction_claim_is_accepted(airtel):
    claims = CLAIMS | {"Payload": CLAIMS["payload"]}
    del claims["payload"]

    assert airtel.read(with_token("process", claims)).reference == "AT250701A"


def test_a_company_claim_may_be_a_number(airtel):
    assert airtel.read(with_token("process", CLAIMS | {"sub": 7})).reference == "AT250701A"


def test_any_company_claim_is_taken_where_the_settings_name_none():
    adapter = airtel_with(jwt_sub="")

    assert adapter.read(with_token("process", CLAIMS | {"sub": "8"})).reference == "AT250701A"


@pytest.mark.parametrize("action", ["validation", "process", "enquiry"])
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"exp": 1751364060}, "Token has expired"),
        ({"exp": "tomorrow"}, "Token has expired"),
        ({"exp": None}, "Token has expired"),
        ({"exp": True}, "Token has expired"),
        ({"sub": "8"}, "Access token is for another company"),
        ({"sub": None}, "Access token is for another company"),
        ({"payload": {"txnId": "AT250701B"}}, "Access token is for another transaction"),
        ({"payload": {}}, "Access token is for another transaction"),
        ({"payload": "AT250701A"}, "Access token is for another transaction"),
        ({"payload": None}, "Access token is for another transaction"),
    ],
)
def test_a_signed_token_with_wrong_claims_is_refused(airtel, action, changed, reason):
    with pytest.raises(Rejected, match=reason) as refused:
        airtel.read(with_token(action, CLAIMS | changed))

    assert refused.value.code == "401"


def test_a_token_expires_by_the_clock_of_the_call(airtel):
    late = callback_from(
        __file__, "process", received_at=dt.datetime(2025, 7, 1, 10, 5, tzinfo=dt.UTC)
    )

    with pytest.raises(Rejected, match="Token has expired"):
        airtel.read(late)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384"])
def test_a_token_of_another_algorithm_is_refused(airtel, algorithm):
    with pytest.raises(Rejected, match="Invalid Token"):
        airtel.read(with_token("process", CLAIMS, algorithm=algorithm))


def test_an_unsigned_token_is_refused(airtel):
    with pytest.raises(Rejected, match="Invalid Token"):
        airtel.read(with_token("process", CLAIMS, secret="", algorithm="none"))


def test_a_token_with_another_secret_is_refused(airtel):
    with pytest.raises(Rejected, match="Invalid Token"):
        airtel.read(with_token("process", CLAIMS, secret="x" * 64))


@pytest.mark.parametrize("scheme", ["", "Basic "])
def test_a_token_is_a_bearer_token(airtel, scheme):
    token = load_exchange(__file__, "process")["callback"]["headers"]["Authorization"].split()[1]

    assert airtel.read(
        callback_from(__file__, "process", headers={"authorization": f"bearer {token}"})
    )
    with pytest.raises(Rejected, match="Invalid Token"):
        airtel.read(callback_from(__file__, "process", headers={"Authorization": scheme + token}))


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer a.b.c", "Bearer é"])
def test_a_header_without_a_token_is_refused(airtel, header):
    with pytest.raises(Rejected, match="Invalid Token"):
        airtel.read(callback_from(__file__, "process", headers={"Authorization": header}))


def test_a_token_is_not_asked_for_when_that_check_is_off():
    assert behind_address().read(callback_from(__file__, "without_token")).amount == "5000"


@pytest.mark.parametrize("remote_ip", ["192.0.3.1", "", "unknown"])
def test_another_address_than_airtels_is_refused(remote_ip):
    with pytest.raises(Rejected, match="Sender is not allowed") as refused:
        behind_address().read(callback_from(__file__, "process", remote_ip=remote_ip))

    assert refused.value.code == "401"


def behind_password() -> Airtel:
    return airtel_with(**NO_CHECK | {"check_password": True, "username": "u", "password": "pä55"})


def test_the_password_in_the_body_is_enough_where_it_is_the_check():
    callback = call("process", USERNAME="u", PASSWORD="pä55")

    assert behind_password().read(callback).amount == "5000"


@pytest.mark.parametrize(
    "fields",
    [{}, {"USERNAME": "u"}, {"PASSWORD": "pä55"}, {"USERNAME": "u", "PASSWORD": "pä5"}],
)
def test_a_wrong_password_in_the_body_is_refused(fields):
    with pytest.raises(Rejected, match="Invalid user name or password") as refused:
        behind_password().read(call("process", **fields))

    assert refused.value.code == "401"


@pytest.mark.parametrize("action", ["validation", "process"])
def test_a_payment_without_a_place_for_the_password_is_refused(action):
    body = load_exchange(__file__, "process")["callback"]["body"]
    without = re.sub("<(USERNAME|PASSWORD)></(USERNAME|PASSWORD)>", "", body)

    with pytest.raises(Rejected, match="Invalid user name or password"):
        behind_password().read(call_with_body(without, action))


def test_an_enquiry_needs_no_password_because_it_has_no_place_for_one():
    assert behind_password().read(callback_from(__file__, "enquiry")).reference == "AT250701A"


def test_an_enquiry_with_a_wrong_password_is_refused():
    body = "<COMMAND><TXNID>AT250701A</TXNID><USERNAME>u</USERNAME><PASSWORD>x</PASSWORD></COMMAND>"

    with pytest.raises(Rejected, match="Invalid user name or password"):
        behind_password().read(call_with_body(body, "enquiry"))


def test_checks_that_are_on_must_all_hold():
    adapter = airtel_with(check_ip=True, allowed_ips=["192.0.2.10"])

    assert adapter.read(callback_from(__file__, "process")).amount == "5000"
    with pytest.raises(Rejected, match="Sender is not allowed"):
        adapter.read(callback_from(__file__, "process", remote_ip="192.0.2.11"))
    with pytest.raises(Rejected, match="Invalid Token"):
        adapter.read(callback_from(__file__, "without_token"))


def test_nobody_is_believed_while_every_check_is_off():
    with pytest.raises(Rejected, match="No check of the sender"):
        airtel_with(**NO_CHECK).read(callback_from(__file__, "process"))
