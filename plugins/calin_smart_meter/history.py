"""Reads Calin's history of purchases, whose exact shape nobody has written down.

A missed purchase would be bought a second time. So whatever cannot be read is no empty history, and
whatever might be the lost purchase is handed on for the caller to judge.
"""

import datetime as dt
import zoneinfo
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from plugins.contracts import FoundToken, TokenRequest
from plugins.errors import Unavailable
from plugins.sts import sts_token

LISTS = ("list", "rows", "data", "items", "records")  # where a list is wrapped into an object
TOKENS = ("token",)
METERS = ("meter_number", "meter_no", "meterno", "meternumber")
QUANTITIES = ("total_unit", "totalunit", "units", "amount_unit")
MOMENTS = ("gen_datetime", "tid_datetime", "gendatetime", "create_time")

EARLIEST_YEAR = 2000  # before that, a date is a place-holder such as 0001-01-01
CLOCK_SKEW = dt.timedelta(minutes=10)
FARTHEST_WEST = dt.timezone(dt.timedelta(hours=-12))

Row = Mapping[str, Any]


def purchases(result: Any, request: TokenRequest, zone_name: str) -> list[FoundToken]:
    """Return the purchases that can be this order, oldest first as Calin lists them.

    :param zone_name: time zone of Calin's clock, or nothing if it is not known
    :raises Unavailable: a row that can be this order has no readable token
    """
    zone = zoneinfo.ZoneInfo(zone_name) if zone_name else None
    return [_found(row, zone) for row in _rows(result) if _can_be_this_order(row, request, zone)]


def decimal_or_none(value: Any) -> Decimal | None:
    """Return a number that may come as number or text, or nothing if it is none."""
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _rows(result: Any) -> Iterator[Row]:
    if isinstance(result, dict):
        wrapped = next((result[name] for name in result if name.lower() in LISTS), None)
        result = [result] if wrapped is None else wrapped
    if result is None:
        return
    if not isinstance(result, list):
        raise Unavailable("Calin's history of purchases came in a shape that we cannot read.")
    for row in result:
        if not isinstance(row, dict):
            raise Unavailable("Calin's history of purchases came in a shape that we cannot read.")
        yield {name.lower(): value for name, value in row.items()}


def _can_be_this_order(row: Row, request: TokenRequest, zone: dt.tzinfo | None) -> bool:
    meter = _first(row, METERS)
    if meter is not None and str(meter).strip() != request.serial:
        return False
    quantity = decimal_or_none(_first(row, QUANTITIES))
    if quantity is not None and quantity != request.quantity:
        return False
    moment = _moment(_first(row, MOMENTS))
    if moment is None:
        return True
    # Without a known zone, only what is too old anywhere on earth is surely another purchase.
    latest = moment.replace(tzinfo=moment.tzinfo or zone or FARTHEST_WEST)
    return latest >= request.requested_at - CLOCK_SKEW


def _found(row: Row, zone: dt.tzinfo | None) -> FoundToken:
    token = sts_token(_first(row, TOKENS))
    if not token:
        raise Unavailable("Calin's history lists a purchase for this order without its token.")
    moment = _moment(_first(row, MOMENTS))
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone) if zone else None
    return FoundToken(
        token=token, quantity=decimal_or_none(_first(row, QUANTITIES)), issued_at=moment
    )


def _first(row: Row, names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)


def _moment(value: Any) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(str(value).strip().replace("/", "-"))
    except ValueError:
        return None
    return moment if moment.year >= EARLIEST_YEAR else None
