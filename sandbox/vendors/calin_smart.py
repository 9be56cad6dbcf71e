"""CalinSmartMeter: purchase, clear credit, preview and history of Calin's head-end."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import charges, credentials, strict
from sandbox.answering import Sale
from sandbox.charges import Charge, Order
from sandbox.store import Row
from sandbox.vendors.calin import METER_DIGITS, TOKEN_DIGITS, UNKNOWN_METER
from sandbox.world import World, world

VENDOR = "calin_smart_meter"
PRICE = Decimal("0.25")
MOST = Decimal("999999.99")

LOGIN = ("company_name", "user_name", "password")
CUSTOMER = ("customer_number", "customer_name")

bp = Blueprint(VENDOR, __name__, url_prefix="/calin-smart/api")

_REFUSALS = {
    "refuse": "The meter is locked by the company",
    "empty_balance": "The prepaid balance of the company is not sufficient",
    "wrong_key": "Incorrect company, user or password",
}


class Refused(Exception):
    """The vendor's no, with its reason."""


class UnknownMeter(Exception):
    """Calin says yes and gives nothing."""


@bp.errorhandler(Refused)
def _refused(refusal: Refused) -> Response:
    return _refusal(str(refusal))


@bp.errorhandler(strict.Unacceptable)
def _unacceptable(error: strict.Unacceptable) -> tuple[Response, int] | Response:
    if isinstance(error, strict.WrongMediaType):
        return jsonify({"Message": str(error)}), 415
    return _refusal(str(error))


@bp.errorhandler(UnknownMeter)
def _unknown_meter(_: UnknownMeter) -> Response:
    return _success(None)


@bp.post("/POS_Purchase", strict_slashes=False)
def purchase() -> AnyResponse:
    """Sell a token for kWh, or for money at Calin's own price."""
    here = world()
    body = _body((*LOGIN, "password_vend", "meter_number", "is_vend_by_unit", "amount"), CUSTOMER)
    _check_login(body)
    if body["password_vend"] != credentials.SMART_PASSWORD_VEND:
        raise Refused(_REFUSALS["wrong_key"])
    units = _units(body)
    meter = _meter(here, body)
    cents = int(units * PRICE * 100)
    if charges.balance_cents(here.store, VENDOR) < cents:
        raise Refused(_REFUSALS["empty_balance"])
    order = Order(VENDOR, meter, "credit", units, "kWh", TOKEN_DIGITS, cents)
    return here.answering.serve(VENDOR, meter, _sale(here, order, _sold))


@bp.post("/Maintenance_ClearCredit", strict_slashes=False)
def clear_credit() -> AnyResponse:
    """Make the token that empties a meter."""
    here = world()
    body = _body((*LOGIN, "meter_number"))
    _check_login(body)
    meter = _meter(here, body)
    order = Order(VENDOR, meter, "clear", Decimal(0), "", TOKEN_DIGITS)
    return here.answering.serve(VENDOR, meter, _sale(here, order, lambda charge: charge.token))


@bp.post("/POS_Preview", strict_slashes=False)
def preview() -> AnyResponse:
    """Say what a purchase would be; nothing is sold."""
    here = world()
    body = _body((*LOGIN, "meter_number", "is_vend_by_unit", "amount"), CUSTOMER)
    _check_login(body)
    units = _units(body, least=Decimal(0))
    meter = _meter(here, body)
    result = _purchase_fields(meter, units, "", datetime.now(UTC))
    return here.answering.serve(f"{VENDOR}.preview", meter, _reading(result))


@bp.post("/POS_PurchaseHistory", strict_slashes=False)
def history() -> AnyResponse:
    """List the purchases of one meter, oldest first, also those nobody was told of."""
    here = world()
    body = _body((*LOGIN, "meter_number"), CUSTOMER)
    _check_login(body)
    meter = _meter(here, body)
    rows = here.store.rows(
        "SELECT * FROM charges WHERE vendor = ? AND device = ? AND kind = 'credit' ORDER BY id",
        VENDOR, meter,
    )  # fmt: skip
    return here.answering.serve(f"{VENDOR}.history", meter, _reading([_past(r) for r in rows]))


def _body(required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    body = strict.json_object(request)
    strict.only(body, required, optional)
    strict.texts(body, *LOGIN, "password_vend", "meter_number", *CUSTOMER)
    return body


def _check_login(body: dict[str, Any]) -> None:
    right = (credentials.SMART_COMPANY, credentials.SMART_USER, credentials.SMART_PASSWORD)
    if tuple(body[name] for name in LOGIN) != right:
        raise Refused(_REFUSALS["wrong_key"])


def _units(body: dict[str, Any], least: Decimal = Decimal("0.01")) -> Decimal:
    by_unit = body["is_vend_by_unit"]
    if not isinstance(by_unit, bool):
        raise strict.Unacceptable("is_vend_by_unit is neither true nor false")
    amount = strict.number(body, "amount")
    if not least <= amount <= MOST:
        raise strict.Unacceptable(f"amount is not between {least} and {MOST}")
    if by_unit:
        return strict.decimals(amount, 1, "amount")
    money = strict.decimals(amount, 2, "amount")
    return (money / PRICE).quantize(Decimal("0.1"), ROUND_DOWN)


def _meter(here: World, body: dict[str, Any]) -> str:
    meter: str = body["meter_number"]
    known = charges.is_known(here.store, VENDOR, meter, digits=METER_DIGITS)
    if meter == UNKNOWN_METER or not known:
        raise UnknownMeter(meter)
    return meter


def _sale(here: World, order: Order, result: Callable[[Charge], Any]) -> Sale[Charge]:
    def distort(kind: str, charge: Charge) -> Response:
        return _success(_distorted(kind, charge, result(charge)))

    return Sale(
        charge=lambda fault, answered: charges.charge(
            here.store, order, fault=fault, answered=answered
        ),
        answer=lambda charge: _success(result(charge)),
        refuse=lambda kind: _refusal(_REFUSALS[kind]),
        distort=distort,
    )


def _distorted(kind: str, charge: Charge, result: Any) -> Any:
    if kind == "odd_format":
        return charge.token
    token = {"wrong_token_length": charge.token[:-1], "code0_without_token": None}
    if not isinstance(result, dict):
        return token.get(kind, charge.token)
    if kind == "wrong_quantity":
        return {**result, "total_unit": _json_number(charge.order.quantity + 1)}
    return {**result, "token": token[kind]}


def _reading(result: Any) -> Sale[None]:
    return Sale(
        charge=lambda *_: None,
        answer=lambda _: _success(result),
        refuse=lambda kind: _refusal(_REFUSALS[kind]),
    )


def _sold(charge: Charge) -> dict[str, Any]:
    at = datetime.fromtimestamp(charge.at, UTC)
    return _purchase_fields(charge.order.device, charge.order.quantity, charge.token, at)


def _past(row: Row) -> dict[str, Any]:
    at = datetime.fromtimestamp(row["at"], UTC)
    return _purchase_fields(row["device"], Decimal(row["quantity"]), row["token"], at)


def _purchase_fields(meter: str, units: Decimal, token: str, at: datetime) -> dict[str, Any]:
    moment = f"{at:%Y-%m-%d %H:%M:%S}"
    return {
        "total_paid": _json_number(units * PRICE),
        "total_unit": _json_number(units),
        "token": token,
        "customer_number": f"C{meter[-5:]}",
        "customer_name": f"Customer {meter[-5:]}",
        "customer_addr": "Plot 1",
        "meter_number": meter,
        "gen_datetime": moment,
        "gen_user": credentials.SMART_USER,
        "company": credentials.SMART_COMPANY,
        "price": float(PRICE),
        "vat": 0,
        "tid_datetime": moment,
        "currency": "USD",
        "unit": "kWh",
        "TaskNo": f"T{token[-6:] or '000000'}",
    }


def _json_number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _success(result: Any) -> Response:
    return jsonify({"result_code": 0, "reason": "OK", "result": result})


def _refusal(reason: str) -> Response:
    return jsonify({"result_code": 1, "reason": reason, "result": None})
