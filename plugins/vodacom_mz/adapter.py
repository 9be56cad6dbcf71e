"""Vodacom Mozambique's M-Pesa: incoming calls in JSON, and pushes over the OpenAPI."""

import hmac
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from common.words import _
from plugins.contracts import (
    Action,
    Answer,
    Callback,
    Capability,
    Enquiry,
    Idempotency,
    Incoming,
    Notice,
    Outcome,
    PaymentProvider,
    PaymentState,
    PaymentStatus,
    PushRequest,
    Validation,
    Verdict,
)
from plugins.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable, Unsupported
from plugins.forms import is_allowed
from plugins.registry import register
from plugins.vodacom_mz import inbound, openapi
from plugins.vodacom_mz.forms import PUSH_FIELDS, VodacomMozambiqueSettings

NOT_AUTHENTIC = "401"
REFUSALS = {
    Verdict.NO: 400,
    Verdict.NOT_FOUND: 400,
    Verdict.CONFLICT: 409,
    Verdict.UNAVAILABLE: 503,
}
STATES = {Verdict.DONE: "completed", Verdict.FAILED: "failed"}
STATUSES = {
    "completed": PaymentState.PAID,
    "cancelled": PaymentState.FAILED,
    "expired": PaymentState.FAILED,
    "failed": PaymentState.FAILED,
}
PAYER = re.compile(r"258(84|85)[0-9]{7}")
REFERENCE = re.compile(r"[A-Za-z0-9]{1,20}")


@register
class VodacomMozambique(PaymentProvider):
    slug = "vodacom_mz"
    label = "Vodacom M-Pesa Mozambique"
    description = _(
        "Customers pay from the M-Pesa menu of their phone, or are asked on their phone to pay."
    )
    needs = _("a key of your own, which you hand to Vodacom.")
    settings_form = VodacomMozambiqueSettings
    capabilities = frozenset({Capability.PUSH_PAYMENT, Capability.FETCH_STATUS})
    idempotency = Idempotency.KEY
    read_seconds = 120  # a push waits until the payer has typed the PIN
    total_seconds = 150
    settle_seconds = 300
    actions = (
        Action("validate", _("Before the payment")),
        Action("process", _("After the payment")),
        Action("query", _("Questions about a payment")),
    )
    refusal_returns_money = False
    keeps_validation = True

    def can(self, capability: Capability) -> bool:
        """Return whether pushes are possible: only with an account for the OpenAPI."""
        return super().can(capability) and all(self.settings.get(name) for name in PUSH_FIELDS)

    def check(self) -> str:
        """Ask for a payment that does not exist: the question proves the key and buys nothing."""
        if not self.can(Capability.FETCH_STATUS):
            return str(_("There is nothing to try: without an API key, only Vodacom calls us."))
        self.fetch_status("CONNECTIONCHECK")
        return str(_("Vodacom accepts our key."))

    # --- incoming ---

    def read(self, callback: Callback) -> Incoming:
        self._require_authentic(callback)
        readers: dict[str, Callable[[inbound.Fields], Incoming]] = {
            "validate": _validation,
            "process": _notice,
            "query": _enquiry,
        }
        fields = inbound.Fields(callback.body)
        incoming = readers[callback.action](fields)
        fields.require_sound()
        return incoming

    def answer(self, incoming: Incoming, outcome: Outcome) -> Answer:
        if outcome.verdict in REFUSALS:
            return inbound.refusal(outcome.message or "Refused", REFUSALS[outcome.verdict])
        transaction_id = inbound.transaction_id(outcome.our_id)
        if isinstance(incoming, Enquiry):
            return _state_of(incoming, outcome, transaction_id)
        status = "validated" if isinstance(incoming, Validation) else "processing"
        return inbound.reply({"transactionId": transaction_id, "status": status, "success": True})

    def refuse(self, callback: Callback, refusal: Rejected) -> Answer:
        if isinstance(refusal, inbound.WrongFields):
            return inbound.wrong_fields(refusal)
        return inbound.refusal(refusal.reason, 401 if refusal.code == NOT_AUTHENTIC else 400)

    def _require_authentic(self, callback: Callback) -> None:
        allowed, ours = self.settings.get("allowed_ips"), self.settings.get("inbound_key")
        if allowed and not is_allowed(callback.remote_ip, allowed):
            raise Rejected("The sender's address is not on the list.", code=NOT_AUTHENTIC)
        scheme, __, key = callback.headers.get("authorization", "").partition(" ")
        is_ours = hmac.compare_digest(key.strip().encode(), (ours or "").encode())
        if not (ours and is_ours and scheme.lower() == "bearer"):
            raise Rejected("The key is missing or wrong.", code=NOT_AUTHENTIC)

    # --- outgoing ---

    def push_payment(self, request: PushRequest) -> PaymentStatus:
        """Ask the payer's phone for money and wait for the PIN; repeating a reference is safe.

        :raises Rejected: not taken, the payer was not asked
        :raises Misconfigured: our account was refused
        :raises Unavailable: nothing was sent
        :raises OutcomeUnknown: anything else; ``fetch_status`` tells
        """
        answer = openapi.read_answer(
            self.http.post(
                self._address(openapi.PUSH_PORT, openapi.PUSH_PATH),
                json=self._push_body(request),
                headers=self._headers(),
            ),
            reference=request.reference,
            in_doubt=OutcomeUnknown,
        )
        return _pushed(answer)

    def fetch_status(self, reference: str) -> PaymentStatus:
        """Ask what became of a push. What Vodacom does not know (yet) is pending.

        :raises Misconfigured: our account was refused
        :raises Unavailable: no usable answer, ask again
        """
        answer = openapi.read_answer(
            self.http.get(
                self._address(openapi.QUERY_PORT, openapi.QUERY_PATH),
                params={
                    "input_QueryReference": reference,
                    "input_ThirdPartyReference": reference,
                    "input_ServiceProviderCode": self.settings["service_provider_code"],
                },
                headers=self._headers(),
            ),
            reference=reference,
            in_doubt=Unavailable,
        )
        return _fetched(answer)

    def _push_body(self, request: PushRequest) -> dict[str, str]:
        phone = request.phone.removeprefix("+")
        if not REFERENCE.fullmatch(request.reference):
            raise Unsupported(f"{request.reference!r} is no reference of letters and digits")
        if not PAYER.fullmatch(phone):
            raise Rejected("Only numbers that start with +258 84 or +258 85 have M-Pesa.")
        shown = "".join(filter(str.isalnum, request.account.encode("ascii", "ignore").decode()))
        return {
            "input_TransactionReference": shown[:20] or request.reference,
            "input_CustomerMSISDN": phone,
            "input_Amount": _shortest(request.amount),
            "input_ThirdPartyReference": request.reference,
            "input_ServiceProviderCode": self.settings["service_provider_code"],
        }

    def _address(self, port: int, path: str) -> str:
        return openapi.address(
            self.settings.get("api_url") or "",
            is_live=bool(self.settings.get("live")),
            port=port,
            path=path,
        )

    def _headers(self) -> dict[str, str]:
        bearer = openapi.bearer(self.settings["api_key"], self.settings["public_key"])
        return {
            "Authorization": f"Bearer {bearer}",
            "Origin": self.settings.get("origin") or "*",
            "Accept": "application/json",
        }


def _validation(fields: inbound.Fields) -> Validation:
    return Validation(
        reference=_reference(fields),
        amount=fields.amount("amount"),
        account=fields.text("serialNumber", "reference", shape=inbound.SERIAL),
        payer_phone=fields.text("payerPhoneNumber", shape=inbound.PHONE, is_required=False),
    )


def _notice(fields: inbound.Fields) -> Notice:
    transaction_id = fields.text("transactionId", shape=inbound.TRANSACTION_ID)
    return Notice(
        reference=_reference(fields),
        amount=None,
        account="",
        our_id=inbound.our_id(transaction_id),
    )


def _enquiry(fields: inbound.Fields) -> Enquiry:
    return Enquiry(reference=_reference(fields))


def _reference(fields: inbound.Fields) -> str:
    return fields.text("referenceId", "request_id", shape=inbound.REFERENCE)


def _state_of(enquiry: Enquiry, outcome: Outcome, transaction_id: str) -> Answer:
    completed_at = outcome.completed_at
    return inbound.reply(
        {
            "referenceId": enquiry.reference,
            "transactionId": transaction_id,
            "status": STATES.get(outcome.verdict, "processing"),
            "mpesaReceipt": outcome.receipt or None,
            "completedAt": completed_at.isoformat() if completed_at else None,
            "success": True,
        }
    )


def _pushed(answer: dict[str, Any]) -> PaymentStatus:
    code, words = answer["output_ResponseCode"], openapi.described(answer)
    if code == openapi.DONE:
        return PaymentStatus(PaymentState.PAID, receipt=_receipt(answer), message=words)
    if code == openapi.DUPLICATE:  # says only that this push exists, not what became of it
        return PaymentStatus(PaymentState.PENDING, message=words)
    if code in openapi.NOT_PAID:
        return PaymentStatus(PaymentState.FAILED, message=words)
    if code in openapi.NOT_TAKEN:
        raise Rejected(words, code=code)
    if code in openapi.OUR_ACCOUNT:
        raise Misconfigured(words, code=code)
    raise OutcomeUnknown(words, code=code[:20])


def _fetched(answer: dict[str, Any]) -> PaymentStatus:
    code, words = answer["output_ResponseCode"], openapi.described(answer)
    if code == openapi.DONE:
        status = str(answer.get("output_ResponseTransactionStatus", ""))
        state = STATUSES.get(status.lower(), PaymentState.PENDING)
        return PaymentStatus(state, receipt=_receipt(answer), message=status[:200] or words)
    if code in openapi.NOT_YET_VISIBLE:
        return PaymentStatus(PaymentState.PENDING, message=words)
    if code in openapi.OUR_ACCOUNT:
        raise Misconfigured(words, code=code)
    # The code is about our question: it never says that the payment failed.
    raise Unavailable(words, code=code[:20])


def _receipt(answer: dict[str, Any]) -> str:
    receipt = answer.get("output_OriginalTransactionID") or answer.get("output_TransactionID")
    return str(receipt)[:64] if receipt not in (None, "", "N/A") else ""


def _shortest(amount: Decimal) -> str:
    """Return an amount without zeros that say nothing: 500.00 is "500", 12.50 is "12.5"."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
