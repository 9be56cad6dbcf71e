"""Vodacom Mozambique's OpenAPI: the product asks a phone to pay, and asks what became of it."""

import re
import secrets
import time
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import credentials, keys, strict
from sandbox.answering import Sale
from sandbox.paying import capitals
from sandbox.store import Row
from sandbox.world import World, world

VENDOR = "vodacom_mz"

bp = Blueprint("vodacom_mz_push", __name__, url_prefix="/vodacom-mz/ipg/v1x")

_FIELDS = {
    "input_TransactionReference": (r"[A-Za-z0-9]{1,20}", "INS-17", "Invalid Transaction Reference"),
    "input_CustomerMSISDN": (r"258(84|85)[0-9]{7}", "INS-2051", "MSISDN invalid"),
    "input_ThirdPartyReference": (r"[A-Za-z0-9]+", "INS-19", "Invalid Third Party Reference"),
    "input_ServiceProviderCode": (r"[0-9]+", "INS-13", "Invalid Shortcode Used"),
}
_FAILURES = {
    "refuse": (401, "INS-6", "Transaction Failed", "Failed"),
    "cancelled": (401, "INS-5", "Transaction cancelled by customer", "Cancelled"),
    "too_little_money": (422, "INS-2006", "Insufficient balance", "Failed"),
    "pending": (408, "INS-9", "Request timeout", "Pending"),
}


class Problem(Exception):
    """Vodacom's no: HTTP status, INS code, description."""


@dataclass(frozen=True, slots=True)
class Push:
    """One request to a phone, and Vodacom's numbers for it."""

    third_party_reference: str
    conversation_id: str
    transaction_id: str


@bp.errorhandler(Problem)
def _problem(problem: Problem) -> Response:
    return _outcome(*problem.args)


@bp.errorhandler(strict.Unacceptable)
def _unacceptable(error: strict.Unacceptable) -> Response:
    return _outcome(400, "INS-21", f"Parameter validations failed: {error}")


@bp.before_request
def _check_bearer() -> AnyResponse | None:
    """Refuse whoever does not hold the API key; Vodacom gives no code for that."""
    here = world()
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or keys.decrypt(here.store, bearer) != credentials.MOZAMBIQUE_API_KEY:
        return _wrong_key()
    if not request.headers.get("Origin"):
        return _error(400, "Origin header is missing")
    return None


@bp.post("/c2bPayment/singleStage/")
def push() -> AnyResponse:
    """Ask a phone to pay; the pretend payer enters the PIN at once."""
    here = world()
    body = strict.json_object(request)
    if missing := {*_FIELDS, "input_Amount"} - body.keys():
        raise Problem(400, "INS-20", f"Not All Parameters Provided: {', '.join(sorted(missing))}")
    _check_fields(body)
    amount = _amount(body["input_Amount"])
    if _pushed(here, body["input_ThirdPartyReference"]) is not None:
        raise Problem(409, "INS-10", "Duplicate Transaction")
    sale = Sale(
        charge=lambda fault, answered: _take(here, body, amount, fault, answered),
        answer=_paid,
        refuse=_refuse,
        distort=lambda kind, push: _outcome(*_FAILURES[kind][:3], push),
    )
    return here.answering.serve(VENDOR, body["input_CustomerMSISDN"], sale)


@bp.get("/queryTransactionStatus/")
def query() -> AnyResponse:
    """Say what became of a push, found by any of its three numbers."""
    here = world()
    names = ("input_QueryReference", "input_ThirdPartyReference", "input_ServiceProviderCode")
    if missing := set(names) - request.args.keys():
        raise Problem(400, "INS-20", f"Not All Parameters Provided: {', '.join(sorted(missing))}")
    _check_provider(request.args["input_ServiceProviderCode"])
    row = _pushed(here, request.args["input_QueryReference"])
    if row is None:
        raise Problem(400, "INS-6140", "Transaction not found")
    sale: Sale[Row] = Sale(
        charge=lambda *_: row,
        answer=lambda found: _state(found, found["state"]),
        refuse=_refuse,
        distort=lambda _, found: _state(found, "Pending"),
    )
    return here.answering.serve(f"{VENDOR}.query", row["third_party_reference"], sale)


def _check_fields(body: dict[str, Any]) -> None:
    strict.only(body, {*_FIELDS, "input_Amount"})
    for name, (pattern, code, description) in _FIELDS.items():
        value = body[name]
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise Problem(400, code, description)
    _check_provider(body["input_ServiceProviderCode"])


def _check_provider(code: str) -> None:
    if code != credentials.MOZAMBIQUE_SERVICE_PROVIDER:
        raise Problem(400, "INS-13", "Invalid Shortcode Used")


def _amount(value: object) -> Decimal:
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise InvalidOperation
        amount = Decimal(value)
    except InvalidOperation as error:
        raise Problem(400, "INS-15", "Invalid Amount Used") from error
    if not amount.is_finite() or amount <= 0 or amount != round(amount, 2):
        raise Problem(400, "INS-15", "Invalid Amount Used")
    return amount


def _pushed(here: World, reference: str) -> Row | None:
    return here.store.row(
        "SELECT * FROM pushes WHERE ? IN (third_party_reference, transaction_id, conversation_id)",
        reference,
    )


def _take(here: World, body: dict[str, Any], amount: Decimal, fault: str, answered: bool) -> Push:
    state = _FAILURES[fault][3] if fault in _FAILURES else "Completed"
    push = Push(
        body["input_ThirdPartyReference"], f"AG_{secrets.token_hex(12)}", capitals(11)
    )  # fmt: skip
    here.store.run(
        "INSERT OR IGNORE INTO pushes (third_party_reference, reference, phone, amount,"
        " conversation_id, transaction_id, state, at, answered, fault)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        push.third_party_reference, body["input_TransactionReference"],
        body["input_CustomerMSISDN"], strict.shortest(amount), push.conversation_id,
        push.transaction_id, state, time.time(), answered, fault,
    )  # fmt: skip
    return push


def _paid(push: Push) -> Response:
    return _outcome(201, "INS-0", "Request processed successfully", push)


def _refuse(kind: str) -> Response:
    return _wrong_key() if kind == "wrong_key" else _outcome(*_FAILURES[kind][:3])


def _wrong_key() -> Response:
    return _error(401, "Bad API Key")


def _error(status: int, reason: str) -> Response:
    answer = jsonify({"output_error": reason})
    answer.status_code = status
    return answer


def _outcome(status: int, code: str, description: str, push: Push | None = None) -> Response:
    body = request.get_json(silent=True) or {}
    third_party = push.third_party_reference if push else body.get("input_ThirdPartyReference", "")
    answer = jsonify(
        {
            "output_ConversationID": push.conversation_id if push else secrets.token_hex(12),
            "output_TransactionID": push.transaction_id if push else "N/A",
            "output_ResponseDesc": description,
            "output_ResponseCode": code,
            "output_ThirdPartyReference": third_party,
        }
    )
    answer.status_code = status
    return answer


def _state(row: Row, state: str) -> Response:
    return jsonify(
        {
            "output_ConversationID": row["conversation_id"],
            "output_ResponseDesc": "Request processed successfully",
            "output_ResponseCode": "INS-0",
            "output_ResponseTransactionStatus": state,
            "output_ThirdPartyReference": row["third_party_reference"],
        }
    )
