"""Airtel Money, the COMMAND protocol: Airtel asks, reports a payment, and asks again.

Sending a payment back goes the other way, over Airtel's Open API.
"""

import re
from collections.abc import Callable, Mapping
from typing import ClassVar

from common.words import _
from plugins.airtel import openapi, proof, wire
from plugins.airtel.forms import AirtelSettings
from plugins.contracts import (
    Action,
    Answer,
    Callback,
    Capability,
    Enquiry,
    Incoming,
    Notice,
    Outcome,
    PaymentProvider,
    Reason,
    RefundAnswer,
    RefundRequest,
    Validation,
    Verdict,
)
from plugins.errors import Rejected, Unsupported
from plugins.registry import register

Fields = Mapping[str, str]
CONTENT_TYPE = "application/xml; charset=utf-8"
AMOUNT = re.compile(r"[0-9]+(\.[0-9]+)?")
DIGITS = re.compile(r"[0-9]{1,15}")
NATIONAL_DIGITS = 9
MAX_TEXT_LENGTH = 64
MAX_NAME_LENGTH = 100

# Which element of a call carries Airtel's id of the payment.
REFERENCE_IN = {"validation": "REFERENCE1", "process": "REFERENCE1", "enquiry": "TXNID"}

WORDS: dict[Verdict, tuple[str, str]] = {
    Verdict.YES: ("200", "Success"),
    Verdict.CONFLICT: ("400", "Duplicate Reference1"),
    Verdict.UNAVAILABLE: ("400", "Service is not available"),
    Verdict.DONE: ("200", "Success"),
    Verdict.PENDING: ("400", "Pending"),
    Verdict.FAILED: ("404", "Failed"),
    Verdict.NOT_FOUND: ("404", "Transaction not found"),
}
REASONS: dict[Reason, str] = {
    Reason.UNKNOWN_DEVICE: "Invalid Reference",
    Reason.NO_CUSTOMER: "Invalid Reference",
    Reason.ARCHIVED_CUSTOMER: "Invalid Reference",
    Reason.BAD_AMOUNT: "Invalid Amount",
    Reason.BELOW_MINIMUM: "Invalid Amount",
    Reason.UNKNOWN_REFERENCE: "Transaction not found",
}


@register
class Airtel(PaymentProvider):
    """Every answer is HTTP 200 with the verdict in the XML; a refusal returns the payer's money."""

    slug = "airtel"
    label = "Airtel Money"
    description = _(
        "Customers pay from Airtel's phone menu. Airtel asks before it takes the money and reports"
        " the payment afterwards."
    )
    needs = _(
        "the secret you share with Airtel, or Airtel's addresses, or a user name and password."
    )
    settings_form = AirtelSettings
    actions = (
        Action("validation", _("Validation: may this payment be made?")),
        Action("process", _("Process: the payment was made")),
        Action("enquiry", _("Enquiry: what became of the payment?")),
    )
    capabilities = frozenset({Capability.REFUND})
    refusal_returns_money = True
    settle_seconds = 300
    redacted: ClassVar = frozenset(
        {"authorization", "PIN", "PASSWORD", "access_token", "client_secret"}
    )

    def can(self, capability: Capability) -> bool:
        """Return whether payments can be sent back: only with an account for the Open API."""
        return super().can(capability) and all(self.settings.get(name) for name in openapi.FIELDS)

    def check(self) -> str:
        if not self.can(Capability.REFUND):
            words = _("The settings are complete. Airtel calls us, so nothing else can be tried.")
            return str(words)
        self._openapi().log_in()
        return str(_("Airtel's Open API accepts the client ID and secret."))

    def refund(self, request: RefundRequest) -> RefundAnswer:
        """Send a payment back, whole: Airtel's call has no place for an amount.

        :raises Rejected: refused, or a payment of which Airtel gave us no receipt; nothing went back
        """
        if request.amount != request.paid:
            raise Unsupported("Airtel sends back whole payments only")
        if not request.receipt:
            raise Rejected("Airtel gave no receipt for this payment, so it cannot be named.")
        return self._openapi().refund(request.receipt)

    def _openapi(self) -> openapi.OpenApi:
        return openapi.OpenApi(self.settings, http=self.http, memory=self.memory)

    def read(self, callback: Callback) -> Incoming:
        """Verify and read one call.

        :raises Rejected: code 401 when it is not Airtel's, 400 when it cannot be read
        """
        proof.require_sender(self.settings, callback)
        granted = proof.require_token(self.settings, callback)
        fields = wire.parse(callback.body)
        proof.require_password(self.settings, fields, callback.action)
        proof.require_transaction(granted, _reference(callback.action, fields))
        return self._readers()[callback.action](fields)

    def answer(self, incoming: Incoming, outcome: Outcome) -> Answer:
        status, message = _word(outcome)
        if isinstance(incoming, Notice):
            return _reply(status, message, TXNID=incoming.reference)
        if isinstance(incoming, Enquiry):
            return _reply(status, message, REF=outcome.our_id)
        # Airtel's samples open only the answer to a validation with an XML declaration.
        return _reply(status, message, is_declared=True)

    def refuse(self, callback: Callback, refusal: Rejected) -> Answer:
        status = refusal.code or wire.UNREADABLE
        is_named = callback.action == "process" and status != proof.NOT_AUTHENTIC
        return _reply(
            status, refusal.reason, TXNID=_readable_reference(callback) if is_named else ""
        )

    def _readers(self) -> dict[str, Callable[[Fields], Incoming]]:
        return {"validation": self._validation, "process": self._notice, "enquiry": self._enquiry}

    def _validation(self, fields: Fields) -> Validation:
        self._require_payment(fields)
        return Validation(
            reference=_needed(fields, "REFERENCE1"),
            amount=fields["AMOUNT"],
            account=_needed(fields, "REFERENCE"),
            payer_phone=self._payer_phone(fields),
            payer_name=_name(fields),
        )

    def _notice(self, fields: Fields) -> Notice:
        self._require_payment(fields)
        return Notice(
            reference=_needed(fields, "REFERENCE1"),
            amount=fields["AMOUNT"],
            account=_needed(fields, "REFERENCE"),
            payer_phone=self._payer_phone(fields),
            payer_name=_name(fields),
            receipt=_text(fields, "REFERENCE2"),
        )

    def _enquiry(self, fields: Fields) -> Enquiry:
        return Enquiry(reference=_needed(fields, "TXNID"))

    def _require_payment(self, fields: Fields) -> None:
        """:raises Rejected: not a payment of a customer, in our currency, to our merchant number"""
        if _needed(fields, "TYPE") != "C2B":
            raise Rejected("Unknown TYPE", code=wire.UNREADABLE)
        if not AMOUNT.fullmatch(_needed(fields, "AMOUNT")):
            raise Rejected("Invalid Amount", code=wire.UNREADABLE)
        merchant, ours = _digits(fields, "MERCHANTMSISDN"), self.settings.get("merchant_msisdn")
        if ours and merchant != ours:
            raise Rejected("Payment is for another merchant", code=wire.UNREADABLE)
        currency, expected = fields.get("CURRENCY"), self.settings.get("currency")
        if currency and expected and currency != expected:
            raise Rejected("Invalid Currency", code=wire.UNREADABLE)

    def _payer_phone(self, fields: Fields) -> str:
        number, country_code = _digits(fields, "CUSTOMERMSISDN"), self.settings.get("country_code")
        if not country_code:
            return number  # the caller knows the company's country
        has_country = len(number) > NATIONAL_DIGITS and number.startswith(country_code)
        return f"+{number}" if has_country else f"+{country_code}{number}"


def _reference(action: str, fields: Fields) -> str:
    if action not in REFERENCE_IN:
        raise Rejected("Unknown call", code=wire.UNREADABLE)
    return fields.get(REFERENCE_IN[action], "")


def _readable_reference(callback: Callback) -> str:
    """Return Airtel's id for a refusal, which is written also for what cannot be read."""
    try:
        return _reference(callback.action, wire.parse(callback.body))
    except Rejected:
        return ""


def _text(fields: Fields, name: str) -> str:
    text = fields.get(name, "")
    if len(text) > MAX_TEXT_LENGTH:
        raise Rejected(f"{name} is too long", code=wire.UNREADABLE)
    return text


def _needed(fields: Fields, name: str) -> str:
    text = _text(fields, name)
    if not text:
        raise Rejected(f"{name} is missing", code=wire.UNREADABLE)
    return text


def _digits(fields: Fields, name: str) -> str:
    digits = _needed(fields, name).removeprefix("+")
    if not DIGITS.fullmatch(digits):
        raise Rejected(f"{name} is not a number", code=wire.UNREADABLE)
    return digits


def _name(fields: Fields) -> str:
    """Return the payer's name, shortened: nobody's payment is refused for a long name."""
    return fields.get("CUSTOMERNAME", "")[:MAX_NAME_LENGTH]


def _word(outcome: Outcome) -> tuple[str, str]:
    if outcome.verdict in WORDS:
        return WORDS[outcome.verdict]
    return "400", outcome.message or REASONS.get(outcome.reason, "Refused")


def _reply(status: str, message: str, *, is_declared: bool = False, **named: str) -> Answer:
    present = {name: text for name, text in named.items() if text}
    body = wire.write(STATUS=status, MESSAGE=message, **present, is_declared=is_declared)
    return Answer(body=body, content_type=CONTENT_TYPE)
