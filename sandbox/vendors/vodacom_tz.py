"""Vodacom Tanzania's broker: reports payments in XML and waits for our result."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox import addresses, keys, strict
from sandbox.addresses import Account
from sandbox.answering import Sale
from sandbox.paying import Operator, Payment, Verdict, capitals, no_answer, read_xml
from sandbox.wire import Message, Said
from sandbox.world import World, world

VENDOR = "vodacom_tz"
NAMESPACE = "http://infowise.co.tz/broker/"

bp = Blueprint(VENDOR, __name__, url_prefix="/vodacom-tz")


def _upper_bytes(digest: bytes) -> bytes:
    return bytes(byte - 0x20 if 0x61 <= byte <= 0x7A else byte for byte in digest)


SCHEMES: dict[str, Callable[[bytes], bytes]] = {
    "hex-upper": lambda digest: digest.hex().upper().encode(),
    "raw": lambda digest: digest,
    "hex-lower": lambda digest: digest.hex().encode(),
    "raw-upper": _upper_bytes,
}


def sp_password(scheme: str, sp_id: str, secret: str, timestamp: str) -> str:
    """Return the spPassword field in one of the four spellings."""
    digest = hashlib.sha256(f"{sp_id}{secret}{timestamp}".encode()).digest()
    return base64.b64encode(SCHEMES[scheme](digest)).decode()


class VodacomTanzania(Operator):
    """Reports at once; the product says yes or no later, by a call of its own."""

    slug = VENDOR
    label = "Vodacom M-Pesa"
    sender = "M-PESA"
    check_step = ""
    money_step = "request"
    enquiry_step = ""

    def new_reference(self, now: datetime) -> str:
        return capitals(10)

    def message(self, step: str, payment: Payment, account: Account, *, spoil: str = "") -> Message:
        fields = dict(account.fields)
        if spoil:
            fields["sp_password"] += "-wrong"
        body = _request_document(payment, fields)
        return Message(account.urls[step], {"Content-Type": "text/xml"}, body)

    def heartbeat(self, account: Account) -> Message:
        """Write the broker's sign of life; it goes where requests go, unless told otherwise."""
        url = account.urls.get("heartbeat") or account.urls["request"]
        body = f"<FailSafe>{escape(account.fields['name'])}</FailSafe>"
        return Message(url, {"Content-Type": "text/xml"}, body)

    def verdict(self, said: Said) -> Verdict:
        if silence := no_answer(said):
            return silence
        root = read_xml(said.answer)
        response = None if root is None else root.find("response")
        if said.status != 200 or response is None:
            return Verdict(False if said.status == 401 else None, f"HTTP {said.status}")
        description = response.findtext("responseDesc", "")
        return Verdict(response.findtext("responseCode", "").strip() == "0", description)


def conversation(reference: str) -> dict[str, str]:
    """Return the three ids of a payment that every answer and result must repeat."""
    return {
        "conversationID": f"c-{reference}",
        "originatorConversationID": f"o-{reference}",
        "transactionID": f"T{reference}",
    }


def _request_document(payment: Payment, fields: dict[str, str]) -> str:
    timestamp = f"{payment.paid_at:%Y%m%d%H%M%S}"
    ids = conversation(payment.reference)
    transaction = {
        "amount": payment.amount,
        "commandID": "Pay Bill",
        "initiator": payment.phone.removeprefix("+"),
        "conversationID": ids["conversationID"],
        "originatorConversationID": ids["originatorConversationID"],
        "recipient": fields["sp_id"],
        "mpesaReceipt": payment.reference,
        "transactionDate": f"{payment.paid_at:%Y-%m-%d %H:%M:%S}",
        "accountReference": payment.device,
        "transactionID": ids["transactionID"],
    }
    provider = {
        "spId": fields["sp_id"],
        "spPassword": sp_password(
            fields["password_scheme"], fields["sp_id"], fields["sp_password"], timestamp
        ),
        "timestamp": timestamp,
    }
    return _broker(
        f"<request><serviceProvider>{_elements(provider)}</serviceProvider>"
        f"<transaction>{_elements(transaction)}</transaction></request>"
    )


@dataclass(frozen=True, slots=True)
class Result:
    """The product's last word on one payment."""

    reference: str
    code: str
    description: str
    ids: dict[str, str]
    document: str


class Unauthorized(Exception):
    """The result does not carry our service provider's password."""


@bp.errorhandler(strict.Unacceptable)
def _unacceptable(error: strict.Unacceptable) -> tuple[Response, int]:
    status = 415 if isinstance(error, strict.WrongMediaType) else 400
    return _answer({}, "1", str(error), "Failed"), status


@bp.errorhandler(Unauthorized)
def _unauthorized(_: Unauthorized) -> tuple[Response, int]:
    return _answer({}, "1", "Wrong spId or spPassword", "Failed"), 401


@bp.post("/result")
def receive_result() -> AnyResponse:
    """Take the verdict on a payment: 0 keeps the money, 999 gives it back."""
    here = world()
    strict.require_media_type(request, "text/xml", "application/xml")
    result = _read_result(here, request.get_data(as_text=True))
    sale = Sale(
        charge=lambda fault, answered: _record(here, result, fault, answered),
        answer=lambda code: _answer(result.ids, code, "Confirming", "Confirming"),
        refuse=lambda _: _answer(result.ids, "1", "Try again later", "Failed"),
    )
    return here.answering.serve(VENDOR, result.reference, sale)


def _read_result(here: World, text: str) -> Result:
    root = read_xml(text)
    if root is None or root.tag != "mpesaBroker" or root.get("version") != "2.0":
        raise strict.Unacceptable("the body is not an mpesaBroker document of version 2.0")
    provider, transaction = root.find("result/serviceProvider"), root.find("result/transaction")
    if provider is None or transaction is None:
        raise strict.Unacceptable("result/serviceProvider or result/transaction is missing")
    _check_password(addresses.account(here.store, VENDOR), provider)
    code, kind = _text(transaction, "resultCode"), _text(transaction, "resultType")
    if (code, kind) not in {("0", "Completed"), ("999", "Completed"), ("999", "Failed")}:
        raise strict.Unacceptable(f"resultType {kind} with resultCode {code}")
    for name in ("serviceReceipt", "serviceID"):
        _text(transaction, name)
    _check_date(_text(transaction, "serviceDate"))
    reference = _known_payment(here, transaction)
    _check_initiator_password(here, transaction)
    description = _text(transaction, "resultDesc")
    return Result(reference, code, description, conversation(reference), text)


def _check_password(account: Account, provider: Element) -> None:
    fields, timestamp = account.fields, _text(provider, "timestamp")
    try:
        datetime.strptime(timestamp, "%Y%m%d%H%M%S")  # noqa: DTZ007 - only its form counts
    except ValueError as error:
        raise strict.Unacceptable("timestamp is not yyyyMMddHHmmss") from error
    right = sp_password(
        fields["password_scheme"], fields["sp_id"], fields["sp_password"], timestamp
    )
    same = hmac.compare_digest(right.encode(), _text(provider, "spPassword").encode())
    if not same or _text(provider, "spId") != fields["sp_id"]:
        raise Unauthorized


def _known_payment(here: World, transaction: Element) -> str:
    reference = _text(transaction, "transactionID").removeprefix("T")
    row = here.store.row(
        "SELECT phone FROM payments WHERE operator = ? AND reference = ?", VENDOR, reference
    )
    if row is None:
        raise strict.Unacceptable("no transaction has this transactionID")
    expected = conversation(reference) | {"initiator": row["phone"].removeprefix("+")}
    if transaction.find("originalConversationID") is not None:
        # One of the two names in use for the same element.
        expected["originalConversationID"] = expected.pop("originatorConversationID")
    for name, value in expected.items():
        if _text(transaction, name) != value:
            raise strict.Unacceptable(f"{name} is not that of the request")
    return reference


def _check_initiator_password(here: World, transaction: Element) -> None:
    element = transaction.find("initiatorPassword")
    if element is None:
        raise strict.Unacceptable("initiatorPassword is missing (it may be empty)")
    secret = (element.text or "").strip()
    if secret and not keys.decrypt(here.store, secret):
        raise strict.Unacceptable("initiatorPassword is not encrypted for the broker")


def _check_date(text: str) -> None:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise strict.Unacceptable("serviceDate is not yyyy-MM-dd HH:mm:ss") from error


def _record(here: World, result: Result, fault: str, answered: bool) -> str:
    verdict = "confirmed" if result.code == "0" else "given_back"
    with here.store.transaction() as db:
        before = db.execute(
            "SELECT 1 FROM results WHERE operator = ? AND reference = ? AND code <> ?",
            (VENDOR, result.reference, result.code),
        ).fetchone()
        db.execute(
            "INSERT INTO results (operator, reference, code, description, at, answered,"
            " is_contradiction, fault, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                VENDOR, result.reference, result.code, result.description, time.time(), answered,
                before is not None, fault, result.document,
            ),
        )  # fmt: skip
        if before is None:
            db.execute(
                "UPDATE payments SET verdict = ?, reason = ? WHERE operator = ? AND reference = ?",
                (verdict, result.description, VENDOR, result.reference),
            )
    return result.code


def _text(parent: Element, name: str) -> str:
    text = (parent.findtext(name) or "").strip()
    if not text:
        raise strict.Unacceptable(f"{name} is missing or empty")
    return text


def _answer(ids: dict[str, str], code: str, description: str, state: str) -> Response:
    inner = {**ids, "responseCode": code, "responseDesc": description, "serviceStatus": state}
    return Response(_broker(f"<response>{_elements(inner)}</response>"), mimetype="text/xml")


def _elements(values: dict[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())


def _broker(inner: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<mpesaBroker xmlns="{NAMESPACE}" version="2.0">{inner}</mpesaBroker>'
    )
