"""SunKing's assetcontrol, from recorded exchanges."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine

from plugins.contracts import Unit
from plugins.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable, Unsupported
from plugins.sunking.adapter import SunKing
from plugins.sunking.forms import SunKingSettings
from plugins.testing import adapter_for, load_exchange, order_from, replay

SETTINGS = load_exchange(__file__, "settings")
UNCLEAR = load_exchange(__file__, "unclear_answers")
UNCLEAR_LOG_INS = load_exchange(__file__, "log_in_unclear_answers")
NOON = dt.datetime(2025, 7, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def sunking() -> SunKing:
    return adapter_for(SunKing, **SETTINGS)


def remember(sunking: SunKing, bearer: str) -> None:
    in_an_hour = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    sunking.memory.put("access_token", bearer, expires_at=in_an_hour)


def test_issue_token_logs_in_and_adds_days(sunking: SunKing) -> None:
    with replay(__file__, "issue_token_ok"):
        issued = sunking.issue_token(order_from(__file__, "issue_token_ok"))

    assert issued.token == "453975974639500"
    assert (issued.quantity, issued.unit) == (Decimal(14), Unit.DAY)


def test_a_code_is_kept_and_shown_verbatim(sunking: SunKing) -> None:
    remember(sunking, "eyJmYWtl.one")

    with replay(__file__, "issue_token_with_bearer"):
        issued = sunking.issue_token(order_from(__file__, "issue_token_with_bearer"))

    assert issued.token == "*453 975 974 639 500#"
    assert SunKing.display_token(issued.token) == "*453 975 974 639 500#"
    assert SunKing.check_token(issued.token) == "*453 975 974 639 500#"


def test_unlock_sends_no_days(sunking: SunKing) -> None:
    remember(sunking, "eyJmYWtl.one")

    with replay(__file__, "unlock_ok"):
        issued = sunking.unlock(order_from(__file__, "unlock_ok"))

    assert issued.token == "806730641630254"
    assert (issued.quantity, issued.unit) == (None, None)


@pytest.mark.parametrize("quantity", ["0", "-1", "0.5", "13.33"])
def test_a_part_of_a_day_is_never_sent(sunking: SunKing, quantity: str) -> None:
    with pytest.raises(Unsupported):
        sunking.issue_token(order_from(__file__, "issue_token_ok", quantity=quantity))


# --- the bearer ----------------------------------------------------------------------------------


@pytest.mark.parametrize("log_in", ["log_in_ok", "log_in_seconds_as_text"])
def test_a_bearer_is_kept_until_thirty_seconds_before_its_end(
    sunking: SunKing, log_in: str
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        with replay(__file__, log_in):
            sunking.check()
        clock.shift(269)
        with replay(__file__, "issue_token_with_bearer"):
            sunking.issue_token(order_from(__file__, "issue_token_ok"))
        clock.shift(2)
        with replay(__file__, "issue_token_ok"):
            sunking.issue_token(order_from(__file__, "issue_token_ok"))


@pytest.mark.parametrize("lifetime", [None, "soon", -5, 10])
def test_a_bearer_whose_end_is_unclear_or_near_is_used_once(
    sunking: SunKing, lifetime: object
) -> None:
    log_in = {"json": {"access_token": "eyJmYWtl.one", "expires_in": lifetime}}

    with replay(__file__, "log_in_ok", "issue_token_with_bearer") as mock:
        mock.replace("POST", SETTINGS["auth_url"], **log_in)
        sunking.issue_token(order_from(__file__, "issue_token_ok"))

    assert sunking.memory.get("access_token") is None


def test_a_refused_bearer_is_renewed_once_and_the_order_repeated_once(sunking: SunKing) -> None:
    remember(sunking, "eyJmYWtl.old")

    with replay(__file__, "issue_token_renewed"):
        issued = sunking.issue_token(order_from(__file__, "issue_token_renewed"))

    assert issued.token == "453975974639500"
    assert sunking.memory.get("access_token") == "eyJmYWtl.new"


def test_a_bearer_refused_twice_is_for_the_admin_to_mend(sunking: SunKing) -> None:
    remember(sunking, "eyJmYWtl.old")
    refused = replay(__file__, "issue_token_refused_twice")

    with refused, pytest.raises(Misconfigured):
        sunking.issue_token(order_from(__file__, "issue_token_refused_twice"))

    assert sunking.memory.get("access_token") is None


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refused_log_in_is_for_the_admin_to_mend(sunking: SunKing, status: int) -> None:
    refusal = {"status": status, "json": {"error": "unauthorized_client"}}

    with (
        replay(__file__, "log_in_ok", last=refusal),
        pytest.raises(Misconfigured, match="unauthorized_client"),
    ):
        sunking.issue_token(order_from(__file__, "issue_token_ok"))


@pytest.mark.parametrize("answer", UNCLEAR_LOG_INS.values(), ids=UNCLEAR_LOG_INS.keys())
def test_a_log_in_without_an_answer_means_that_nothing_was_ordered(
    sunking: SunKing, answer: dict[str, object]
) -> None:
    with replay(__file__, "log_in_ok", last=answer), pytest.raises(Unavailable):
        sunking.issue_token(order_from(__file__, "issue_token_ok"))


def test_a_failed_call_forgets_the_bearer(sunking: SunKing) -> None:
    remember(sunking, "eyJmYWtl.one")
    silent = replay(__file__, "issue_token_with_bearer", last={"silence": True})

    with silent, pytest.raises(OutcomeUnknown):
        sunking.issue_token(order_from(__file__, "issue_token_ok"))

    assert sunking.memory.get("access_token") is None


# --- no, and no clear answer ---------------------------------------------------------------------


def test_a_device_of_somebody_else_is_refused(sunking: SunKing) -> None:
    remember(sunking, "eyJmYWtl.one")

    with replay(__file__, "refused_device"), pytest.raises(Rejected, match="Device not found"):
        sunking.issue_token(order_from(__file__, "refused_device"))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 400, "json": {"message": "not PAYG"}}, Rejected),
        ({"status": 422, "text": ""}, Rejected),
        ({"status": 403, "json": {"message": "role missing"}}, Misconfigured),
        ({"status": 404, "text": "<html>no such page</html>"}, Misconfigured),
        ({"status": 429, "text": ""}, Unavailable),
        ({"no_connection": True}, Unavailable),
    ],
)
def test_an_order_turned_away_at_the_door_made_no_code(
    sunking: SunKing, answer: dict[str, object], error: type[Exception]
) -> None:
    with replay(__file__, "issue_token_ok", last=answer), pytest.raises(error):
        sunking.issue_token(order_from(__file__, "issue_token_ok"))


@pytest.mark.parametrize("answer", UNCLEAR.values(), ids=UNCLEAR.keys())
@pytest.mark.parametrize("name", ["issue_token_ok", "unlock_ok"])
def test_an_unclear_answer_leaves_the_outcome_unknown(
    sunking: SunKing, name: str, answer: dict[str, object]
) -> None:
    order, call = order_from(__file__, name), sunking.issue_token
    if name == "unlock_ok":
        remember(sunking, "eyJmYWtl.one")
        call = sunking.unlock

    with replay(__file__, name, last=answer), pytest.raises(OutcomeUnknown):
        call(order)


# --- looking up and checking ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["device_known", "device_known_unwrapped"])
def test_a_known_device_is_told_with_its_name(sunking: SunKing, name: str) -> None:
    remember(sunking, "eyJmYWtl.one")

    with replay(__file__, name):
        facts = sunking.look_up_device("996990001")

    assert facts.is_known
    assert facts.description == "SK-207 Home EasyBuy"


@pytest.mark.parametrize(
    ("name", "serial"), [("device_unknown", "123"), ("device_odd_serial", "99/? x")]
)
def test_a_device_that_is_not_mapped_is_a_normal_answer(
    sunking: SunKing, name: str, serial: str
) -> None:
    remember(sunking, "eyJmYWtl.one")

    with replay(__file__, name):
        assert not sunking.look_up_device(serial).is_known

    assert sunking.memory.get("access_token") == "eyJmYWtl.one"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"silence": True}, Unavailable),
        ({"status": 500}, Unavailable),
        ({"text": "<html/>"}, Unavailable),
        ({"status": 302}, Unavailable),
        ({"status": 400, "json": {"message": "bad serial"}}, Rejected),
    ],
)
def test_a_look_up_without_an_answer_may_be_tried_again(
    sunking: SunKing, answer: dict[str, object], error: type[Exception]
) -> None:
    remember(sunking, "eyJmYWtl.one")

    with replay(__file__, "device_known", last=answer), pytest.raises(error):
        sunking.look_up_device("996990001")


def test_checking_logs_in_anew_whatever_is_remembered(sunking: SunKing) -> None:
    remember(sunking, "eyJmYWtl.old")

    with replay(__file__, "log_in_ok"):
        assert "accepts the client ID" in sunking.check()
    with replay(__file__, "log_in_refused"), pytest.raises(Misconfigured, match="Invalid client"):
        sunking.check()


def test_the_form_fills_in_sunkings_own_addresses() -> None:
    form = SunKingSettings({"client_id": "c", "client_secret": "s"})

    assert form.is_valid()
    assert form.cleaned_data["api_url"] == "https://assetcontrol.central.glpapps.com/v2"
    assert form.cleaned_data["auth_url"].endswith("/realms/glp/protocol/openid-connect/token")
