"""SunKing: a Keycloak that hands out bearers, and the codes of solar home systems."""

from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import charges, credentials, strict
from sandbox.answering import Sale
from sandbox.bearers import Bearers
from sandbox.charges import Charge, Order
from sandbox.world import World, world

VENDOR = "sunking"
CODE_DIGITS = 15
DEVICE_DIGITS = 9

bp = Blueprint(VENDOR, __name__, url_prefix="/sunking")


class Refused(Exception):
    """The vendor's no: an HTTP status and a message."""


@bp.record_once
def _give_bearers(state: Any) -> None:
    state.app.extensions["sunking_bearers"] = Bearers()


def bearers() -> Bearers:
    """Return the access tokens of the running application."""
    from flask import current_app

    found: Bearers = current_app.extensions["sunking_bearers"]
    return found


@bp.errorhandler(Refused)
def _refused(refusal: Refused) -> tuple[Response, int]:
    status, message = refusal.args
    return jsonify({"message": message}), status


@bp.errorhandler(strict.Unacceptable)
def _unacceptable(error: strict.Unacceptable) -> tuple[Response, int]:
    status = 415 if isinstance(error, strict.WrongMediaType) else 400
    return jsonify({"message": str(error)}), status


@bp.post("/auth/realms/<realm>/protocol/openid-connect/token")
def access_token(realm: str) -> AnyResponse:
    """Hand out a bearer for client credentials."""
    here = world()
    form = strict.form_fields(request)
    strict.only(form, ("grant_type", "client_id", "client_secret", "scope"))
    if form["grant_type"] != "client_credentials":
        return _oauth_error(400, "unsupported_grant_type", "Unsupported grant_type")
    if form["scope"] != "roles":
        return _oauth_error(400, "invalid_scope", "Invalid scopes: " + form["scope"])
    account = (form["client_id"], form["client_secret"])
    if account != (credentials.SUNKING_CLIENT_ID, credentials.SUNKING_CLIENT_SECRET):
        return _wrong_client()
    lifetime = here.options.bearer_seconds
    sale: Sale[str] = Sale(
        charge=lambda *_: bearers().issue(lifetime),
        answer=lambda bearer: _bearer_answer(bearer, lifetime),
        refuse=lambda _: _wrong_client(),
    )
    return here.answering.serve(f"{VENDOR}.auth", realm, sale)


@bp.post("/v2/token")
def issue_code() -> AnyResponse:
    """Sell days, or unlock the kit for good."""
    here = world()
    _check_bearer()
    order = _order(here, strict.json_object(request))
    sale = Sale(
        charge=lambda fault, answered: charges.charge(
            here.store, order, fault=fault, answered=answered
        ),
        answer=lambda charge: jsonify({"token": charge.token}),
        refuse=_refuse,
        distort=_distort,
    )
    return here.answering.serve(VENDOR, order.device, sale)


@bp.get("/v2/device_details/<path:serial>")
def device_details(serial: str) -> AnyResponse:
    """Say what a serial is, when it is mapped to the account."""
    here = world()
    _check_bearer()
    _require_mapped(here, serial)
    device = {
        "code": "207",
        "name": "SK-207 Home EasyBuy",
        "keypad_type": 2,
        "is_paygo": True,
        "is_gsm": False,
        "version": "2",
    }
    sale: Sale[None] = Sale(
        charge=lambda *_: None,
        answer=lambda _: jsonify({"device": device}),
        refuse=_refuse,
    )
    return here.answering.serve(f"{VENDOR}.lookup", serial, sale)


def _check_bearer() -> None:
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not bearer:
        raise Refused(401, "Unauthorized")
    if not bearers().is_good(bearer):
        raise Refused(401, "The incoming token has expired")


def _order(here: World, body: dict[str, Any]) -> Order:
    strict.texts(body, "device", "command", "time_unit")
    if body.get("command") == "unlock":
        strict.only(body, ("device", "command"))
        _require_mapped(here, body["device"])
        return Order(VENDOR, body["device"], "unlock", Decimal(0), "", CODE_DIGITS)
    strict.only(body, ("device", "command", "payload", "time_unit"))
    if (body["command"], body["time_unit"]) != ("add_credit", "day"):
        raise strict.Unacceptable("unknown command or time_unit")
    days = strict.decimals(strict.number(body, "payload"), 0, "payload")
    if days < 1:
        raise strict.Unacceptable("payload is below 1")
    _require_mapped(here, body["device"])
    return Order(VENDOR, body["device"], "credit", days.quantize(Decimal(1)), "day", CODE_DIGITS)


def _require_mapped(here: World, device: str) -> None:
    if not charges.is_known(here.store, VENDOR, device, digits=DEVICE_DIGITS):
        raise Refused(404, "Device not found")


def _refuse(kind: str) -> Response:
    if kind == "expired_bearer":
        bearers().forget()
        raise Refused(401, "The incoming token has expired")
    if kind == "wrong_key":
        raise Refused(401, "Unauthorized")
    raise Refused(422, "Device is not PAYG")


def _distort(kind: str, charge: Charge) -> Response:
    code = charge.token
    if kind == "code0_without_token":
        return jsonify({"token": None})
    groups = " ".join(code[i : i + 3] for i in range(0, len(code), 3))
    return jsonify({"token": f"*{groups}#"})


def _bearer_answer(bearer: str, seconds: int) -> Response:
    return jsonify(
        {
            "access_token": bearer,
            "expires_in": seconds,
            "refresh_expires_in": 0,
            "token_type": "Bearer",
            "not-before-policy": 0,
            "scope": "roles",
        }
    )


def _wrong_client() -> Response:
    return _oauth_error(401, "unauthorized_client", "Invalid client or Invalid client credentials")


def _oauth_error(status: int, error: str, description: str) -> Response:
    answer = jsonify({"error": error, "error_description": description})
    answer.status_code = status
    return answer
