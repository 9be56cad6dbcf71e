"""Finding a purchase whose answer was lost, in a history whose shape is not written down."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from plugins.calin_smart_meter.adapter import CalinSmartMeter
from plugins.errors import Misconfigured, Unavailable
from plugins.testing import adapter_for, load_exchange, order_from, replay

SETTINGS = load_exchange(__file__, "settings")
TOKEN = "54016783091927571586"


def found(rows: Any, **settings: str) -> list[str]:
    """Return the tokens found for the order of 10 kWh at 10:00 UTC, given this history."""
    calin = adapter_for(CalinSmartMeter, **SETTINGS | settings)
    answer = {"json": {"result_code": 0, "reason": "OK", "result": rows}}
    with replay(__file__, "history", last=answer):
        return [it.token for it in calin.find_tokens(order_from(__file__, "history"))]


def row(**changes: Any) -> dict[str, Any]:
    return {
        "meter_number": "47000100022",
        "token": TOKEN,
        "total_unit": 10,
        "gen_datetime": "2025-07-01 13:00:02",
    } | changes


def test_the_lost_purchase_is_found_among_others() -> None:
    calin = adapter_for(CalinSmartMeter, **SETTINGS | {"time_zone": "Africa/Dar_es_Salaam"})

    with replay(__file__, "history"):
        (purchase,) = calin.find_tokens(order_from(__file__, "history"))

    assert (purchase.token, purchase.quantity) == (TOKEN, Decimal(10))
    assert purchase.issued_at == dt.datetime(2025, 7, 1, 10, 0, 2, tzinfo=dt.UTC)


def test_an_empty_history_finds_nothing() -> None:
    calin = adapter_for(CalinSmartMeter, **SETTINGS)

    with replay(__file__, "history_empty"):
        assert list(calin.find_tokens(order_from(__file__, "history_empty"))) == []


@pytest.mark.parametrize("nothing", [None, [], {"list": []}])
def test_nothing_may_be_written_in_several_ways(nothing: Any) -> None:
    assert found(nothing) == []


@pytest.mark.parametrize(
    "rows",
    [
        [row()],
        {"list": [row()]},
        {"Rows": [row()]},
        row(),
        [{"Meter_Number": "47000100022", "Token": TOKEN, "Total_Unit": "10.0"}],
        [row(token="5401 6783 0919 2757 1586")],
        [row(total_unit=10.0)],
    ],
)
def test_a_purchase_is_found_in_any_likely_shape(rows: Any) -> None:
    assert found(rows) == [TOKEN]


@pytest.mark.parametrize(
    "other",
    [
        {"meter_number": "47000100099"},
        {"total_unit": 9.9},
        {"gen_datetime": "2025-06-30 09:00:00"},
    ],
)
def test_another_meter_quantity_or_day_is_another_purchase(other: dict[str, Any]) -> None:
    assert found([row(**other)]) == []


@pytest.mark.parametrize(
    "unsaid",
    [
        {"meter_number": None},
        {"total_unit": None},
        {"gen_datetime": None},
        {"gen_datetime": "0001-01-01 00:00:00"},
        {"gen_datetime": "yesterday"},
    ],
)
def test_what_is_not_said_does_not_rule_a_purchase_out(unsaid: dict[str, Any]) -> None:
    assert found([row(**unsaid)]) == [TOKEN]


def test_several_candidates_are_all_told() -> None:
    other = "22222222222222222222"

    assert found([row(), row(token=other)]) == [TOKEN, other]


def test_without_a_time_zone_only_what_is_surely_too_old_is_ruled_out() -> None:
    # 10:00 UTC is 22:00 of the day before in the zone farthest west.
    assert found([row(gen_datetime="2025-06-30 22:00:00")]) == [TOKEN]
    assert found([row(gen_datetime="2025-06-30 21:49:00")]) == []


def test_with_a_time_zone_a_purchase_before_the_order_is_ruled_out() -> None:
    zone = {"time_zone": "Africa/Dar_es_Salaam"}

    assert found([row(gen_datetime="2025-07-01 12:51:00")], **zone) == [TOKEN]
    assert found([row(gen_datetime="2025-07-01 12:49:00")], **zone) == []


def test_a_time_without_a_zone_is_not_told() -> None:
    calin = adapter_for(CalinSmartMeter, **SETTINGS)

    with replay(__file__, "history", last={"json": {"result_code": 0, "result": [row()]}}):
        (purchase,) = calin.find_tokens(order_from(__file__, "history"))

    assert purchase.issued_at is None


@pytest.mark.parametrize(
    "rows", ["", 5, ["row"], [row(token="")], [row(token=1)], [{}], {"rows": None}]
)
def test_a_history_that_cannot_be_read_is_not_an_empty_one(rows: Any) -> None:
    with pytest.raises(Unavailable):
        found(rows)


def test_an_unreadable_token_of_another_purchase_does_no_harm() -> None:
    assert found([row(token="", total_unit=3), row()]) == [TOKEN]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"silence": True}, Unavailable),
        ({"status": 500}, Unavailable),
        ({"text": "<html/>"}, Unavailable),
        ({"json": {"result": []}}, Unavailable),
        ({"json": {"result_code": 0}}, Unavailable),
        ({"json": {"result_code": 1, "reason": "User name is wrong"}}, Misconfigured),
    ],
)
def test_a_history_that_does_not_come_tells_nothing(
    answer: dict[str, Any], error: type[Exception]
) -> None:
    calin = adapter_for(CalinSmartMeter, **SETTINGS)

    with replay(__file__, "history", last=answer), pytest.raises(error):
        calin.find_tokens(order_from(__file__, "history"))
