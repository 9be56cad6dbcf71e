"""CalinMeter: stand-alone keypad meters, a token per call, the account in every body."""

import hashlib
import hmac
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import charges, credentials, strict
from sandbox.answering import Sale
from sandbox.charges import Charge, Order
from sandbox.world import World, world

VENDOR = "calin_meter"
TOKEN_DIGITS = 20
METER_DIGITS = 11
UNKNOWN_METER = "11111111111"

bp = Blueprint(VENDOR, __name__, url_prefix="/calin/api")

_REFUSALS = {
    "refuse": ("09", "The meter is locked by the supplier"),
    "empty_balance": ("05", "The balance of the account is not sufficient"),
    "wrong_key": ("02", "Incorrect user or password"),
}


class Refused(Exception):
    """The vendor's no: a code and a reason."""


@bp.post("/tokennew")
def token_new() -> AnyResponse:
    """Sell a token; the account travels as user_id and password."""
    body = strict.json_object(request)
    return _sell(body, _check_password)


@bp.post("/token", strict_slashes=False)
def token_signed() -> AnyResponse:
    """Sell a token in the older way; the key is not sent, it signs."""
    body = strict.json_object(request)
    return _sell(body, _check_ciphertext)


def _sell(body: dict[str, Any], check_account: Callable[[dict[str, Any]], Decimal]) -> AnyResponse:
    here = world()
    try:
        quantity = check_account(body)
        order = _order(here, body, quantity)
    except strict.Unacceptable as error:
        return _refusal("01", str(error))
    except Refused as refusal:
        return _refusal(*refusal.args)
    return here.answering.serve(VENDOR, order.device, _sale(here, order))


def _order(here: World, body: dict[str, Any], quantity: Decimal) -> Order:
    meter = body["meter_id"]
    if meter == UNKNOWN_METER or not charges.is_known(
        here.store, VENDOR, meter, digits=METER_DIGITS
    ):
        raise Refused("03", "The meter does not exist")
    kind = body["token_type"]
    if kind != "CreditToken":
        raise strict.Unacceptable("token_type is not CreditToken")
    if quantity <= 0:
        raise strict.Unacceptable("amount is not above zero")
    strict.decimals(quantity, 1, "amount")
    return Order(VENDOR, meter, "credit", quantity, "kWh", TOKEN_DIGITS)


def _check_password(body: dict[str, Any]) -> Decimal:
    names = ("user_id", "password", "meter_id", "token_type")
    strict.only(body, (*names, "amount"))
    strict.texts(body, *names)
    account = (body["user_id"], body["password"])
    if account != (credentials.CALIN_USER_ID, credentials.CALIN_API_KEY):
        raise Refused(*_REFUSALS["wrong_key"])
    return strict.number(body, "amount")


def _check_ciphertext(body: dict[str, Any]) -> Decimal:
    names = ("user_id", "meter_id", "token_type", "ciphertext")
    strict.only(body, (*names, "serial_id", "amount", "timestamp"))
    strict.texts(body, *names)
    if isinstance(body["timestamp"], bool) or not isinstance(body["timestamp"], int):
        raise strict.Unacceptable("timestamp is not a whole number")
    if isinstance(body["serial_id"], bool) or not isinstance(body["serial_id"], int | str):
        raise strict.Unacceptable("serial_id is neither text nor a whole number")
    amount = strict.number(body, "amount")
    right = ciphertext(body, amount, credentials.CALIN_API_KEY)
    if body["user_id"] != credentials.CALIN_USER_ID or not hmac.compare_digest(
        right.encode(), body["ciphertext"].encode()
    ):
        raise Refused(*_REFUSALS["wrong_key"])
    return amount


def ciphertext(body: dict[str, Any], amount: Decimal, api_key: str) -> str:
    """Return the signature of the older form over the texts of its fields."""
    clear = (
        f"{body['serial_id']}{body['user_id']}{body['meter_id']}{body['token_type']}"
        f"{strict.shortest(amount)}{body['timestamp']}{api_key}"
    )
    return hashlib.md5(clear.encode(), usedforsecurity=False).hexdigest()


def _sale(here: World, order: Order) -> Sale[Charge]:
    return Sale(
        charge=lambda fault, answered: charges.charge(
            here.store, order, fault=fault, answered=answered
        ),
        answer=lambda charge: _success(charge.token),
        refuse=lambda kind: _refusal(*_REFUSALS[kind]),
        distort=_distort,
    )


def _distort(kind: str, charge: Charge) -> Response:
    if kind == "wrong_token_length":
        return _success(charge.token[:-1])
    if kind == "code0_without_token":
        return _success("")
    return jsonify({"result_code": "00", "reason": "OK", "result": charge.token})


def _success(token: str) -> Response:
    return jsonify({"result_code": 0, "reason": "OK", "result": token})


def _refusal(code: str, reason: str) -> Response:
    return jsonify({"result_code": code, "reason": reason, "result": ""})
