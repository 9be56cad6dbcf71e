"""Calin's head-end, from recorded exchanges: buying, clearing, checking."""

from decimal import Decimal

import pytest

from plugins.calin_smart_meter.adapter import CalinSmartMeter
from plugins.calin_smart_meter.forms import CalinSmartMeterSettings
from plugins.contracts import Unit
from plugins.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable, Unsupported
from plugins.testing import adapter_for, load_exchange, order_from, replay

SETTINGS = load_exchange(__file__, "settings")
UNCLEAR = load_exchange(__file__, "unclear_answers")
SERIAL = "47000100022"


@pytest.fixture
def calin() -> CalinSmartMeter:
    return adapter_for(CalinSmartMeter, **SETTINGS)


def test_issue_token_buys_by_kwh_and_returns_the_token_alone(calin: CalinSmartMeter) -> None:
    with replay(__file__, "issue_token_ok"):
        issued = calin.issue_token(order_from(__file__, "issue_token_ok"))

    assert issued.token == "54016783091927571586"
    assert (issued.quantity, issued.unit) == (Decimal(10), Unit.KWH)


def test_tenths_are_sent_as_they_are_and_a_leading_zero_survives(calin: CalinSmartMeter) -> None:
    with replay(__file__, "issue_token_tenths"):
        issued = calin.issue_token(order_from(__file__, "issue_token_tenths"))

    assert issued.token == "04016783091927571586"


def test_a_bare_token_in_place_of_the_receipt_is_taken(calin: CalinSmartMeter) -> None:
    with replay(__file__, "issue_token_bare"):
        issued = calin.issue_token(order_from(__file__, "issue_token_bare"))

    assert issued.token == "54016783091927571586"


@pytest.mark.parametrize("total_unit", ["10.0", 10.0, None, "", "ten"])
def test_a_quantity_that_agrees_or_says_nothing_is_no_alarm(
    calin: CalinSmartMeter, total_unit: object
) -> None:
    sold = {
        "result_code": "0",
        "result": {"token": "54016783091927571586", "total_unit": total_unit},
    }

    with replay(__file__, "issue_token_ok", last={"json": sold}):
        issued = calin.issue_token(order_from(__file__, "issue_token_ok"))

    assert issued.quantity == Decimal(10)


def test_another_quantity_than_ordered_is_told_with_its_token(calin: CalinSmartMeter) -> None:
    other = replay(__file__, "issue_token_ok", last=UNCLEAR["another quantity"])

    with other, pytest.raises(OutcomeUnknown, match=r"5 kWh instead of 10 kWh.*5401678"):
        calin.issue_token(order_from(__file__, "issue_token_ok"))


@pytest.mark.parametrize("quantity", ["0", "-1", "0.05"])
def test_a_quantity_off_the_grid_is_never_sent(calin: CalinSmartMeter, quantity: str) -> None:
    with pytest.raises(Unsupported):
        calin.issue_token(order_from(__file__, "issue_token_ok", quantity=quantity))


# --- no, and no clear answer ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("refused_meter", "not registered to this company"),
        ("refused_meter_unknown", "does not know this meter"),
    ],
)
def test_a_refused_meter_bought_nothing_and_stops_nobody_else(
    calin: CalinSmartMeter, name: str, words: str
) -> None:
    with replay(__file__, name), pytest.raises(Rejected, match=words):
        calin.issue_token(order_from(__file__, name))


@pytest.mark.parametrize(
    ("name", "words"), [("refused_balance", "used up"), ("refused_login", "is wrong")]
)
def test_an_empty_balance_or_a_wrong_log_in_is_for_the_admin_to_mend(
    calin: CalinSmartMeter, name: str, words: str
) -> None:
    with replay(__file__, name), pytest.raises(Misconfigured, match=words):
        calin.issue_token(order_from(__file__, name))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Rejected),
        (401, Misconfigured),
        (403, Misconfigured),
        (404, Misconfigured),
        (429, Unavailable),
    ],
)
def test_an_order_turned_away_at_the_door_bought_nothing(
    calin: CalinSmartMeter, status: int, error: type[Exception]
) -> None:
    refusal = {"status": status, "json": {"Message": "Not like this."}}

    with (
        replay(__file__, "issue_token_ok", last=refusal),
        pytest.raises(error, match="Not like this"),
    ):
        calin.issue_token(order_from(__file__, "issue_token_ok"))


def test_a_refusal_without_words_is_a_refusal_all_the_same(calin: CalinSmartMeter) -> None:
    refusal = {"status": 400, "text": "<html>Bad Request</html>"}

    with replay(__file__, "issue_token_ok", last=refusal), pytest.raises(Rejected, match="400"):
        calin.issue_token(order_from(__file__, "issue_token_ok"))


@pytest.mark.parametrize("answer", UNCLEAR.values(), ids=UNCLEAR.keys())
def test_an_unclear_answer_leaves_the_outcome_unknown(
    calin: CalinSmartMeter, answer: dict[str, object]
) -> None:
    unclear = replay(__file__, "issue_token_ok", last=answer)

    with unclear, pytest.raises(OutcomeUnknown):
        calin.issue_token(order_from(__file__, "issue_token_ok"))


def test_a_refused_connection_means_that_nothing_was_bought(calin: CalinSmartMeter) -> None:
    refused = replay(__file__, "issue_token_ok", last={"no_connection": True})

    with refused, pytest.raises(Unavailable):
        calin.issue_token(order_from(__file__, "issue_token_ok"))


# --- clearing ------------------------------------------------------------------------------------


def test_clearing_uses_the_log_in_and_not_the_vending_password(calin: CalinSmartMeter) -> None:
    with replay(__file__, "clear_credit_ok"):
        issued = calin.clear_credit(order_from(__file__, "clear_credit_ok"))

    assert issued.token == "30146998300901864431"
    assert (issued.quantity, issued.unit) == (None, None)


def test_clearing_uses_the_maintenance_log_in_where_there_is_one() -> None:
    mechanic = {"maintenance_user_name": "mechanic", "maintenance_password": "pw-mechanic"}
    calin = adapter_for(CalinSmartMeter, **SETTINGS | mechanic)

    with replay(__file__, "clear_credit_maintenance"):
        issued = calin.clear_credit(order_from(__file__, "clear_credit_maintenance"))

    assert issued.token == "30146998300901864431"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"silence": True}, OutcomeUnknown),
        ({"json": {"result_code": 0, "result": "OK"}}, OutcomeUnknown),
        ({"json": {"result_code": 0, "result": None}}, Rejected),
        ({"json": {"result_code": 1, "reason": "Meter does not exist"}}, Rejected),
    ],
)
def test_clearing_that_does_not_succeed_is_sorted_like_a_purchase(
    calin: CalinSmartMeter, answer: dict[str, object], error: type[Exception]
) -> None:
    with replay(__file__, "clear_credit_ok", last=answer), pytest.raises(error):
        calin.clear_credit(order_from(__file__, "clear_credit_ok"))


# --- looking up and checking ---------------------------------------------------------------------


def test_a_known_meter_is_told_with_its_customer(calin: CalinSmartMeter) -> None:
    with replay(__file__, "preview_known"):
        facts = calin.look_up_device(SERIAL)

    assert facts.is_known
    assert facts.description == "C00022, Customer 00022, Plot 1"


@pytest.mark.parametrize("name", ["preview_unknown", "preview_nameless"])
def test_a_meter_without_any_customer_is_not_known(calin: CalinSmartMeter, name: str) -> None:
    with replay(__file__, name):
        assert not calin.look_up_device(SERIAL).is_known


@pytest.mark.parametrize(
    "answer", [{"silence": True}, {"status": 500}, {"text": "<html/>"}, {"status": 302}]
)
def test_a_look_up_without_an_answer_may_be_tried_again(
    calin: CalinSmartMeter, answer: dict[str, object]
) -> None:
    with replay(__file__, "preview_known", last=answer), pytest.raises(Unavailable):
        calin.look_up_device(SERIAL)


def test_checking_asks_for_a_meter_of_zeros(calin: CalinSmartMeter) -> None:
    with replay(__file__, "preview_of_zeros"):
        assert "accepts the log-in" in calin.check()


def test_checking_with_a_meter_of_ours_says_whether_calin_knows_it() -> None:
    calin = adapter_for(CalinSmartMeter, **SETTINGS | {"check_serial": SERIAL})

    with replay(__file__, "preview_known"):
        assert "knows the meter" in calin.check()
    with replay(__file__, "preview_unknown"), pytest.raises(Misconfigured, match=SERIAL):
        calin.check()
    with replay(__file__, "preview_refused"), pytest.raises(Misconfigured, match="wrong"):
        calin.check()


# --- settings ------------------------------------------------------------------------------------


def filled_in(**changes: str) -> CalinSmartMeterSettings:
    entered = {"company_name": "c", "user_name": "u", "password": "p", "password_vend": "v"}
    return CalinSmartMeterSettings(entered | changes)


def test_the_form_fills_in_calins_own_server() -> None:
    form = filled_in()

    assert form.is_valid()
    assert form.cleaned_data["api_url"] == "https://ami.calinhost.com/api"


@pytest.mark.parametrize(
    ("entered", "wrong"),
    [
        ({"maintenance_user_name": "mechanic"}, "maintenance_password"),
        ({"maintenance_password": "pw"}, "maintenance_user_name"),
        ({"time_zone": "Dar es Salaam"}, "time_zone"),
    ],
)
def test_the_form_names_what_is_missing_or_wrong(entered: dict[str, str], wrong: str) -> None:
    assert list(filled_in(**entered).errors) == [wrong]


@pytest.mark.parametrize("name", ["mechanic", ""])
def test_a_stored_maintenance_password_is_kept_and_needs_no_name(name: str) -> None:
    form = CalinSmartMeterSettings(
        {"company_name": "c", "user_name": "u", "maintenance_user_name": name},
        stored_secrets=frozenset({"password", "password_vend", "maintenance_password"}),
    )

    assert form.is_valid(), form.errors
