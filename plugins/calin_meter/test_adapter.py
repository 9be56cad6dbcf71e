"""Calin's vending server, from recorded exchanges."""

from decimal import Decimal

import pytest

from plugins.calin_meter.adapter import CalinMeter, signature
from plugins.calin_meter.forms import CalinMeterSettings
from plugins.contracts import Unit
from plugins.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable, Unsupported
from plugins.testing import adapter_for, load_exchange, order_from, replay

SETTINGS = load_exchange(__file__, "settings")
UNCLEAR = load_exchange(__file__, "unclear_answers")


@pytest.fixture
def calin() -> CalinMeter:
    return adapter_for(CalinMeter, **SETTINGS)


def test_issue_token_returns_the_token_as_text(calin: CalinMeter) -> None:
    with replay(__file__, "issue_token_ok"):
        issued = calin.issue_token(order_from(__file__, "issue_token_ok"))

    assert issued.token == "22768092005421093510"
    assert (issued.quantity, issued.unit) == (Decimal("12.5"), Unit.KWH)


def test_whole_kwh_are_sent_without_a_fraction_and_a_leading_zero_survives(
    calin: CalinMeter,
) -> None:
    with replay(__file__, "issue_token_whole_kwh"):
        issued = calin.issue_token(order_from(__file__, "issue_token_whole_kwh"))

    assert issued.token == "00768092005421093510"


def test_a_quantity_from_the_database_is_sent_in_its_shortest_form(calin: CalinMeter) -> None:
    with replay(__file__, "issue_token_whole_kwh"):
        calin.issue_token(order_from(__file__, "issue_token_whole_kwh", quantity="10.000"))


def test_the_same_order_twice_buys_twice(calin: CalinMeter) -> None:
    order = order_from(__file__, "issue_token_twice")

    with replay(__file__, "issue_token_twice"):
        first, second = calin.issue_token(order), calin.issue_token(order)

    assert [first.token, second.token] == ["22768092005421093510", "32570898040069943592"]


@pytest.mark.parametrize("code", [0, "0", "00", " 0 "])
def test_success_is_zero_however_it_is_written(calin: CalinMeter, code: object) -> None:
    success = {"json": {"result_code": code, "reason": "OK", "result": "2276 8092 0054 2109 3510"}}

    with replay(__file__, "issue_token_ok", last=success):
        issued = calin.issue_token(order_from(__file__, "issue_token_ok"))

    assert issued.token == "22768092005421093510"


@pytest.mark.parametrize("quantity", ["0", "-1", "0.05", "12.55"])
def test_a_quantity_off_the_grid_is_never_sent(calin: CalinMeter, quantity: str) -> None:
    with pytest.raises(Unsupported):
        calin.issue_token(order_from(__file__, "issue_token_ok", quantity=quantity))


# --- the older, signed form ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(12.5, "d9d9d427e5ffda413b6d1f6c72e39f3a"), (10, "54d565c9b2518db7a793088cd284e4ad")],
)
def test_the_signature_is_the_documented_one(amount: float, expected: str) -> None:
    order = {
        "serial_id": 77,
        "user_id": "pos-user-01",
        "meter_id": "47000100011",
        "token_type": "CreditToken",
        "amount": amount,
        "timestamp": 1751364000,
    }

    assert signature(order, "calin-key-7f3a") == expected


@pytest.mark.parametrize("name", ["issue_token_signed_ok", "issue_token_signed_whole_kwh"])
def test_a_signed_order_goes_without_the_key(name: str) -> None:
    calin = adapter_for(
        CalinMeter, **SETTINGS | {"signed_form": True, "serial_id_source": "reference"}
    )

    with replay(__file__, name) as sent:
        issued = calin.issue_token(order_from(__file__, name))
        body = sent.calls[0].request.body

    assert issued.token == "22768092005421093510"
    assert b"calin-key" not in body


def test_a_signed_order_names_the_meter_by_its_serial_unless_told_otherwise() -> None:
    calin = adapter_for(CalinMeter, **SETTINGS | {"signed_form": True})

    with replay(__file__, "issue_token_signed_by_serial"):
        calin.issue_token(order_from(__file__, "issue_token_signed_by_serial"))


# --- no, and no clear answer ---------------------------------------------------------------------


def test_a_wrong_key_is_for_the_admin_to_mend(calin: CalinMeter) -> None:
    with replay(__file__, "refused_key"), pytest.raises(Misconfigured) as raised:
        calin.issue_token(order_from(__file__, "refused_key"))

    assert raised.value.code == "02"
    assert "Incorrect user or password" in raised.value.reason


def test_an_empty_balance_is_for_the_admin_to_mend(calin: CalinMeter) -> None:
    with replay(__file__, "refused_balance"), pytest.raises(Misconfigured, match="balance"):
        calin.issue_token(order_from(__file__, "refused_balance"))


@pytest.mark.parametrize(
    ("name", "words"), [("refused_meter", "does not exist"), ("refused_other", "Amount error")]
)
def test_a_refusal_bought_nothing_and_gives_calins_reason(
    calin: CalinMeter, name: str, words: str
) -> None:
    with replay(__file__, name), pytest.raises(Rejected, match=words):
        calin.issue_token(order_from(__file__, name))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Rejected),
        (401, Misconfigured),
        (403, Misconfigured),
        (404, Misconfigured),
        (422, Rejected),
        (429, Unavailable),
    ],
)
def test_an_order_turned_away_at_the_door_bought_nothing(
    calin: CalinMeter, status: int, error: type[Exception]
) -> None:
    refused = replay(__file__, "issue_token_ok", last={"status": status, "text": "<html/>"})

    with refused, pytest.raises(error):
        calin.issue_token(order_from(__file__, "issue_token_ok"))


@pytest.mark.parametrize("answer", UNCLEAR.values(), ids=UNCLEAR.keys())
def test_an_unclear_answer_leaves_the_outcome_unknown(
    calin: CalinMeter, answer: dict[str, object]
) -> None:
    unclear = replay(__file__, "issue_token_ok", last=answer)

    with unclear, pytest.raises(OutcomeUnknown):
        calin.issue_token(order_from(__file__, "issue_token_ok"))


def test_a_refused_connection_means_that_nothing_was_bought(calin: CalinMeter) -> None:
    refused = replay(__file__, "issue_token_ok", last={"no_connection": True})

    with refused, pytest.raises(Unavailable):
        calin.issue_token(order_from(__file__, "issue_token_ok"))


# --- checking, settings, tokens ------------------------------------------------------------------


def test_checking_knocks_at_the_door_and_says_that_the_key_is_not_proven(
    calin: CalinMeter,
) -> None:
    with replay(__file__, "check_ok"):
        assert "Only the first token" in calin.check()


def test_checking_a_server_that_is_not_there_says_so(calin: CalinMeter) -> None:
    gone = replay(__file__, "check_ok", last={"no_connection": True})

    with gone, pytest.raises(Unavailable, match=r"calin\.test"):
        calin.check()


def test_the_form_fills_in_calins_own_server_and_drops_the_last_slash() -> None:
    usual = CalinMeterSettings({"user_id": "u", "api_key": "k"})
    own = CalinMeterSettings({"user_id": "u", "api_key": "k", "api_url": "http://10.0.0.7/api/"})

    assert usual.is_valid()
    assert usual.cleaned_data == {
        "user_id": "u",
        "api_key": "k",
        "api_url": "http://api.calinhost.com/api",
        "signed_form": False,
        "serial_id_source": "serial",
    }
    assert own.is_valid()
    assert own.cleaned_data["api_url"] == "http://10.0.0.7/api"


def test_the_form_refuses_an_address_that_is_not_of_the_web() -> None:
    form = CalinMeterSettings({"user_id": "u", "api_key": "k", "api_url": "ftp://calin.test"})

    assert list(form.errors) == ["api_url"]


def test_a_token_is_shown_in_groups_of_four() -> None:
    assert CalinMeter.display_token("22768092005421093510") == "2276 8092 0054 2109 3510"


@pytest.mark.parametrize(
    "typed", ["22768092005421093510", " 2276 8092 0054 2109 3510 ", "2276-8092-0054-2109-3510"]
)
def test_a_typed_token_is_kept_as_twenty_digits(typed: str) -> None:
    assert CalinMeter.check_token(typed) == "22768092005421093510"


@pytest.mark.parametrize("typed", ["", "2276 8092 0054 2109 351", "2276809200542109351x"])
def test_a_typed_text_that_is_no_token_is_refused_with_a_reason(typed: str) -> None:
    with pytest.raises(Rejected, match="20 digits"):
        CalinMeter.check_token(typed)
