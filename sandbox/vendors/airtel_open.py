"""Airtel's Open API: a log-in, and sending a payment back to its payer, whole."""

import time
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import credentials, phonebook, strict
from sandbox.answering import Sale
from sandbox.bearers import Bearers
from sandbox.paying import capitals
from sandbox.store import Row
from sandbox.vendors.airtel import final_id_of
from sandbox.world import World, world

VENDOR = "airtel"
COUNTRY, CURRENCY = "TZ", "TZS"

bp = Blueprint("airtel_open", __name__, url_prefix="/airtel")


class Problem(Exception):
    """Airtel's no: HTTP status, response code, message."""


@dataclass(frozen=True, slots=True)
class Refund:
    """One payment that went back, and Airtel's number for that."""

    airtel_money_id: str
    refund_id: str


@bp.record_once
def _give_bearers(state: Any) -> None:
    state.app.extensions["airtel_bearers"] = Bearers()


def bearers() -> Bearers:
    """Return the access tokens of the running application."""
    found: Bearers = current_app.extensions["airtel_bearers"]
    return found


@bp.errorhandler(Problem)
def _problem(problem: Problem) -> Response:
    return _no(*problem.args)


@bp.errorhandler(strict.Unacceptable)
def _unacceptable(error: strict.Unacceptable) -> Response:
    status = 415 if isinstance(error, strict.WrongMediaType) else 400
    return _no(status, "ESB000033", str(error))


@bp.post("/auth/oauth2/token")
def access_token() -> AnyResponse:
    """Hand out a bearer for client credentials."""
    here = world()
    body = strict.json_object(request)
    strict.only(body, ("client_id", "client_secret", "grant_type"))
    if body["grant_type"] != "client_credentials":
        return _no(400, "ESB000033", "Unsupported grant_type")
    account = (body["client_id"], body["client_secret"])
    if account != (credentials.AIRTEL_CLIENT_ID, credentials.AIRTEL_CLIENT_SECRET):
        return _wrong_client()
    lifetime = here.options.bearer_seconds
    sale: Sale[str] = Sale(
        charge=lambda *_: bearers().issue(lifetime),
        answer=lambda bearer: jsonify(
            {"access_token": bearer, "expires_in": str(lifetime), "token_type": "bearer"}
        ),
        refuse=lambda _: _wrong_client(),
    )
    return here.answering.serve(f"{VENDOR}.auth", body["client_id"], sale)


@bp.post("/standard/v1/payments/refund")
def refund() -> AnyResponse:
    """Send a payment back, once; a second time it is refused."""
    here = world()
    _check_caller()
    body = strict.json_object(request)
    strict.only(body, ("transaction",))
    if not isinstance(body["transaction"], dict):
        raise strict.Unacceptable("transaction is not an object")
    strict.only(body["transaction"], ("airtel_money_id",))
    strict.texts(body["transaction"], "airtel_money_id")
    airtel_money_id = body["transaction"]["airtel_money_id"]
    payment = _payment(here, airtel_money_id)
    if payment is None:
        raise Problem(200, "DP00800001025", "Transaction not found")
    if here.store.row("SELECT 1 FROM refunds WHERE airtel_money_id = ?", airtel_money_id):
        raise Problem(200, "DP00800001009", "The transaction was refunded before")
    sale = Sale(
        charge=lambda fault, answered: _give_back(here, payment, airtel_money_id, fault, answered),
        answer=_yes,
        refuse=_refuse,
        distort=lambda _, given: _state(given, "TIP", "DP00800001006", "In process"),
    )
    return here.answering.serve(VENDOR, airtel_money_id, sale)


def _check_caller() -> None:
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not bearers().is_good(bearer):
        raise Problem(401, "", "Unauthorized")
    if request.headers.get("X-Country") != COUNTRY:
        raise Problem(400, "ROUTER006", "Country is not allowed")
    if request.headers.get("X-Currency") != CURRENCY:
        raise Problem(400, "ROUTER112", "Currency is wrong")


def _payment(here: World, airtel_money_id: str) -> Row | None:
    book = phonebook.phonebook(here.store)
    rows = here.store.rows(
        "SELECT * FROM payments WHERE operator = ? AND verdict = 'accepted' ORDER BY id DESC",
        VENDOR,
    )
    named = (r for r in rows if final_id_of(r["reference"], book.local(r["at"])) == airtel_money_id)
    return next(named, None)


def _give_back(
    here: World, payment: Row, airtel_money_id: str, fault: str, answered: bool
) -> Refund:
    given = Refund(airtel_money_id, f"CI{capitals(10)}")
    here.store.run(
        "INSERT OR IGNORE INTO refunds (operator, airtel_money_id, refund_id, reference, phone,"
        " amount, at, answered, fault) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        VENDOR, airtel_money_id, given.refund_id, payment["reference"], payment["phone"],
        payment["amount"], time.time(), answered, fault,
    )  # fmt: skip
    return given


def _yes(given: Refund) -> Response:
    return jsonify(
        {
            "data": {"transaction": {"airtel_money_id": given.refund_id, "status": "SUCCESS"}},
            "status": {
                "code": "200",
                "message": "SUCCESS",
                "result_code": "ESB000010",
                "success": False,
            },
        }
    )


def _state(given: Refund, status: str, code: str, message: str) -> Response:
    transaction = {"airtel_money_id": given.refund_id, "status": status}
    return jsonify(
        {
            "data": {"transaction": transaction},
            "status": {
                "code": "200",
                "message": message,
                "response_code": code,
                "success": False,
            },
        }
    )


def _refuse(kind: str) -> Response:
    if kind == "expired_bearer":
        bearers().forget()
        return _no(401, "", "Unauthorized")
    if kind == "wrong_key":
        return _no(403, "ROUTER001", "Wallet is not set up")
    if kind == "empty_balance":
        return _no(200, "DP00800001007", "Not enough money in the merchant's wallet")
    return _no(200, "DP00800001008", "Refused")


def _wrong_client() -> Response:
    answer = jsonify({"error": "invalid_client", "error_description": "Invalid client"})
    answer.status_code = 401
    return answer


def _no(http_status: int, code: str, message: str) -> Response:
    answer = jsonify(
        {
            "status": {
                "code": str(http_status),
                "message": message,
                "response_code": code,
                "success": False,
            }
        }
    )
    answer.status_code = http_status
    return answer
