"""Vodacom Mozambique, inbound: validate, process and query in JSON with a bearer key."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.addresses import Account
from sandbox.paying import Operator, Payment, Verdict, capitals, no_answer
from sandbox.wire import Message, Said

UNKNOWN_TRANSACTION = "VOD-TXN-000000"


class VodacomMozambique(Operator):
    """Asks first with the amount; the process call carries ids only."""

    slug = "vodacom_mz"
    label = "Vodacom M-Pesa Mozambique"
    sender = "M-PESA"
    check_step = "validate"
    money_step = "process"
    enquiry_step = "query"

    def new_reference(self, now: datetime) -> str:
        return f"ORD-{now:%y%m%d}-{capitals(6)}"

    def message(self, step: str, payment: Payment, account: Account, *, spoil: str = "") -> Message:
        key = account.fields["inbound_key"] + ("-wrong" if spoil else "")
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        body = json.dumps(_body(step, payment), separators=(",", ":"))
        return Message(account.urls[step], headers, body)

    def verdict(self, said: Said) -> Verdict:
        if silence := no_answer(said):
            return silence
        data = _data(said.answer)
        told = {"transactionId": str(data["transactionId"])} if "transactionId" in data else {}
        reason = str(data.get("message") or data.get("status") or f"HTTP {said.status}")
        if said.status == 200:
            return Verdict(data.get("success") is True, reason, told)
        return Verdict(False, reason)


def _body(step: str, payment: Payment) -> dict[str, Any]:
    if step == "validate":
        return {
            "serialNumber": payment.device,
            "amount": _json_number(payment.amount),
            "payerPhoneNumber": payment.phone.removeprefix("+"),
            "referenceId": payment.reference,
        }
    if step == "process":
        transaction_id = payment.told.get("transactionId", UNKNOWN_TRANSACTION)
        return {"referenceId": payment.reference, "transactionId": transaction_id}
    return {"referenceId": payment.reference}


def _data(text: str) -> dict[str, Any]:
    try:
        whole = json.loads(text)
    except ValueError:
        return {}
    data = whole.get("data", whole) if isinstance(whole, dict) else {}
    return data if isinstance(data, dict) else {}


def _json_number(amount: str) -> int | float:
    value = Decimal(amount)
    return int(value) if value == value.to_integral_value() else float(value)
