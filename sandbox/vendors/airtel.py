"""Airtel money, COMMAND XML: validation, process and enquiry, signed with a JWT."""

import base64
import hashlib
import hmac
import json
import time
import zlib
from collections.abc import Mapping
from datetime import datetime
from xml.sax.saxutils import escape

from sandbox.addresses import Account
from sandbox.paying import Operator, Payment, Verdict, capitals, no_answer, read_xml
from sandbox.wire import Message, Said

BEARER_SECONDS = 300


class Airtel(Operator):
    """Asks first, then reports; may ask again what became of a payment."""

    slug = "airtel"
    label = "Airtel Money"
    sender = "Airtel Money"
    check_step = "validation"
    money_step = "process"
    enquiry_step = "enquiry"

    def new_reference(self, now: datetime) -> str:
        return f"AT{now:%y%m%d}{capitals(6)}"

    def message(self, step: str, payment: Payment, account: Account, *, spoil: str = "") -> Message:
        issued_at = int(time.time()) - (2 * BEARER_SECONDS if spoil == "expired" else 0)
        secret = "0" * 64 if spoil == "wrong_key" else account.fields["jwt_secret"]
        bearer = token(secret, account.fields["sub"], payment.reference, issued_at)
        headers = {"Content-Type": "application/xml", "Authorization": f"Bearer {bearer}"}
        return Message(account.urls[step], headers, document(step, payment, account.fields))

    def verdict(self, said: Said) -> Verdict:
        if silence := no_answer(said):
            return silence
        root = read_xml(said.answer)
        if root is None or said.status != 200 or root.tag != "COMMAND":
            return Verdict(None, f"HTTP {said.status}, not the XML that Airtel reads")
        status = root.findtext("STATUS", "").strip()
        reason = root.findtext("MESSAGE", "").strip()
        return Verdict(status == "200", reason or f"STATUS {status}")


def document(step: str, payment: Payment, fields: Mapping[str, str]) -> str:
    """Return the XML of one step, in the order of the protocol."""
    msisdn = payment.phone.removeprefix("+").removeprefix(fields["country_code"])
    if step == "enquiry":
        return _command({"TXNID": payment.reference, "MSISDN": msisdn})
    body = {"TYPE": "C2B", "CUSTOMERMSISDN": msisdn}
    if step == "process":
        body["CUSTOMERNAME"] = payment.name
    body |= {
        "MERCHANTMSISDN": fields["merchant_msisdn"],
        "AMOUNT": payment.amount,
        "PIN": "",
        "REFERENCE": payment.device,
        "USERNAME": fields["username"],
        "PASSWORD": fields["password"],
        "REFERENCE1": payment.reference,
    }
    if step == "process":
        body["REFERENCE2"] = final_id(payment)
    return _command(body)


def final_id(payment: Payment) -> str:
    """Return Airtel's final transaction id; the same payment always has the same."""
    return final_id_of(payment.reference, payment.paid_at)


def final_id_of(reference: str, paid_at: datetime) -> str:
    """Return the final id of the payment with this reference, made at this local time."""
    number = zlib.crc32(reference.encode()) % 100_000
    return f"MP{paid_at:%y%m%d.%H%M}.A{number:05d}"


def token(secret: str, subject: str, transaction_id: str, issued_at: int) -> str:
    """Return the JWT of one request, HS512, compact, in the order of the protocol page."""
    header = {"typ": "JWT", "alg": "HS512"}
    claims = {
        "sub": subject,
        "iat": issued_at,
        "exp": issued_at + BEARER_SECONDS,
        "payload": {"txnId": transaction_id},
    }
    signed = f"{_part(_compact(header))}.{_part(_compact(claims))}"
    signature = hmac.new(secret.encode(), signed.encode(), hashlib.sha512).digest()
    return f"{signed}.{_part(signature)}"


def _command(elements: Mapping[str, str]) -> str:
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in elements.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><COMMAND>{inner}</COMMAND>'


def _compact(values: Mapping[str, object]) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode()


def _part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
