"""Africa's Talking: bulk SMS by form, delivery reports and incoming SMS as callbacks."""

import hmac
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import addresses, credentials, strict
from sandbox.answering import Sale
from sandbox.wire import Message, Said, post
from sandbox.world import World, world

VENDOR = "africastalking"
NETWORK = "63902"
NUMBER = re.compile(r"\+[1-9][0-9]{7,14}")

bp = Blueprint(VENDOR, __name__, url_prefix="/africastalking")

_REFUSALS = {
    "refuse": (406, "UserInBlacklist"),
    "refuse_number": (403, "InvalidPhoneNumber"),
    "empty_balance": (405, "InsufficientBalance"),
}
_HIDDEN = {"lost", "rejected"}


@dataclass(frozen=True, slots=True)
class Sms:
    """One accepted SMS to one phone."""

    gateway_id: str
    phone: str
    fault: str


@bp.errorhandler(strict.Unacceptable)
def _unacceptable(error: strict.Unacceptable) -> tuple[str, int]:
    return str(error), 415 if isinstance(error, strict.WrongMediaType) else 400


@bp.post("/version1/messaging")
def send() -> AnyResponse:
    """Take an SMS for one or several phones."""
    here = world()
    form = strict.form_fields(request)
    strict.only(form, ("username", "to", "message"), ("from", "bulkSMSMode", "enqueue"))
    if not _is_known_account(form["username"], request.headers.get("apiKey", "")):
        return _unauthenticated()
    if "application/json" not in request.headers.get("Accept", ""):
        raise strict.Unacceptable("Accept is not application/json")
    if not form["message"]:
        raise strict.Unacceptable("message is empty")
    if form.get("from", credentials.AFRICASTALKING_SENDER_ID) not in _senders():
        return _sent([], "InvalidSenderId")
    phones = [phone.strip() for phone in form["to"].split(",")]
    if len(phones) > 1:
        return _sent([_recipient(phone, _take(here, phone, form, "", True)) for phone in phones])
    return _to_one(here, phones[0], form)


@bp.get("/version1/user")
def account() -> AnyResponse:
    """Tell an account its balance: what a connection check asks for."""
    if not _is_known_account(request.args.get("username", ""), request.headers.get("apiKey", "")):
        return _unauthenticated()
    return jsonify({"UserData": {"balance": "TZS 250000.0000"}})


def _senders() -> set[str]:
    return {credentials.AFRICASTALKING_SENDER_ID, ""}


def _to_one(here: World, phone: str, form: dict[str, str]) -> AnyResponse:
    if not NUMBER.fullmatch(phone):
        return _sent([_refused(phone, "refuse_number")])

    def refuse(kind: str) -> Response:
        return _unauthenticated() if kind == "wrong_key" else _sent([_refused(phone, kind)])

    def answer(sms: Sms | None) -> Response:
        return _sent([_recipient(phone, sms)])

    sale: Sale[Sms | None] = Sale(
        charge=lambda fault, answered: _take(here, phone, form, fault, answered),
        answer=answer,
        refuse=refuse,
        distort=lambda _, sms: answer(sms),
    )
    return here.answering.serve(VENDOR, phone, sale)


def _take(here: World, phone: str, form: dict[str, str], fault: str, answered: bool) -> Sms | None:
    if not NUMBER.fullmatch(phone):
        return None
    sms = Sms(f"ATXid_{secrets.token_hex(16)}", phone, fault)
    here.store.run(
        "INSERT INTO messages (gateway_id, phone, sender, text, at, is_shown, answered, report,"
        " fault) VALUES (?, ?, ?, ?, ?, ?, ?, '', ?)",
        sms.gateway_id, phone, form.get("from", ""), form["message"], time.time(),
        fault not in _HIDDEN, answered, fault,
    )  # fmt: skip
    if addresses.urls(here.store, VENDOR).get("delivery"):
        _plan_report(here, sms)
    return sms


def _plan_report(here: World, sms: Sms) -> None:
    if sms.fault == "lost_report":
        return
    if sms.fault == "early_report":
        report(here, sms)
        return
    for _ in range(2 if sms.fault == "report_twice" else 1):
        here.later.after(here.options.report_seconds, lambda: report(here, sms))


def report(here: World, sms: Sms) -> Said | None:
    """Tell the product what became of an SMS; None when it gave no address."""
    url = addresses.urls(here.store, VENDOR).get("delivery")
    if not url:
        return None
    state = "Failed" if sms.fault in _HIDDEN else "Success"
    fields = {"id": sms.gateway_id, "status": state, "phoneNumber": sms.phone}
    fields["networkCode"] = NETWORK
    if state == "Failed":
        fields["failureReason"] = "RejectedByGateway" if sms.fault == "rejected" else "Expired"
    said = post("delivery", _form(url, fields))
    told = state if said.status == 200 else f"{state}, not taken: {said.status or said.error}"
    here.store.run("UPDATE messages SET report = ? WHERE gateway_id = ?", told, sms.gateway_id)
    return said


def incoming(here: World, phone: str, text: str) -> Said | None:
    """Send a customer's SMS to the product; None when it gave no address."""
    url = addresses.urls(here.store, VENDOR).get("incoming")
    if not url:
        return None
    fields = {
        "from": phone,
        "to": credentials.AFRICASTALKING_SENDER_ID,
        "text": text,
        "date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "id": secrets.token_hex(16),
        "linkId": "",
        "networkCode": NETWORK,
    }
    return post("incoming", _form(url, fields))


def _form(url: str, fields: dict[str, str]) -> Message:
    return Message(url, {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(fields))


def _is_known_account(username: str, api_key: str) -> bool:
    right = credentials.AFRICASTALKING_API_KEY
    same_key = hmac.compare_digest(api_key.encode(), right.encode())
    return same_key and username == credentials.AFRICASTALKING_USERNAME


def _recipient(phone: str, sms: Sms | None) -> dict[str, object]:
    if sms is None:
        return _refused(phone, "refuse_number")
    return {
        "statusCode": 101,
        "number": phone,
        "status": "Success",
        "cost": "TZS 22.0000",
        "messageId": sms.gateway_id,
    }


def _refused(phone: str, kind: str) -> dict[str, object]:
    code, word = _REFUSALS[kind]
    return {
        "statusCode": code, "number": phone, "status": word, "cost": "0", "messageId": "None"
    }  # fmt: skip


def _sent(recipients: list[dict[str, object]], message: str = "") -> Response:
    good = sum(1 for recipient in recipients if recipient["statusCode"] == 101)
    summary = message or f"Sent to {good}/{len(recipients)} Total Cost: TZS {good * 22}"
    answer = jsonify({"SMSMessageData": {"Message": summary, "Recipients": recipients}})
    answer.status_code = 201
    return answer


def _unauthenticated() -> Response:
    return Response("The supplied authentication is invalid", status=401, mimetype="text/plain")
