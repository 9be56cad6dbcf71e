"""Africa's Talking: SMS by form post, delivery reports and incoming SMS as form posts to us."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import requests

from common.words import _
from plugins.africastalking.forms import AfricasTalkingSettings
from plugins.contracts import (
    Action,
    Callback,
    Capability,
    DeliveryReport,
    DeliveryState,
    IncomingSms,
    OutgoingSms,
    SentSms,
    SmsGateway,
    Trust,
)
from plugins.errors import Misconfigured, OutcomeUnknown, PluginError, Rejected, Unavailable
from plugins.registry import register
from plugins.wire import json_object

MAX_FORM_BYTES = 64 * 1024
MAX_FORM_FIELDS = 50
MAX_TEXT_LENGTH = 100
MAX_PHONE_LENGTH = 19
SHORTEST_PHONE = 8

TAKEN = frozenset({100, 101, 102})  # processed, sent, queued

# The vendor's code per recipient: what it means for us, and the sentence for staff.
REFUSALS: dict[int, tuple[type[PluginError], str]] = {
    401: (Misconfigured, "Africa's Talking holds the account's messages as a risk."),
    402: (Misconfigured, "Africa's Talking does not know the sender ID."),
    403: (Rejected, "Africa's Talking says that this is not a phone number."),
    404: (Rejected, "Africa's Talking cannot send to this kind of number."),
    405: (Misconfigured, "The balance at Africa's Talking is too low."),
    406: (Rejected, "The owner of this phone has blocked messages from the sender."),
    407: (Rejected, "Africa's Talking has no route to this number."),
    409: (Rejected, "The owner of this phone does not want such messages."),
    500: (Unavailable, "Africa's Talking had an internal error and did not send."),
    501: (Unavailable, "Africa's Talking could not reach the network."),
    502: (Rejected, "The phone's network refused the message."),
}

# The same for the HTTP status, where the whole request was turned away.
HTTP_REFUSALS: dict[int, tuple[type[PluginError], str]] = {
    400: (Rejected, "Africa's Talking did not accept the request."),
    401: (Misconfigured, "Africa's Talking does not accept the user name and API key."),
    403: (Misconfigured, "Africa's Talking does not allow this account to send."),
    404: (Misconfigured, "There is no Africa's Talking at the API address."),
    429: (Unavailable, "Africa's Talking asks us to slow down."),
}

DELIVERY_STATES = {
    "success": DeliveryState.DELIVERED,
    "rejected": DeliveryState.FAILED,
    "failed": DeliveryState.FAILED,
    "absentsubscriber": DeliveryState.FAILED,
    "expired": DeliveryState.FAILED,
}

Form = Mapping[str, str]


@register
class AfricasTalking(SmsGateway):
    """HTTP 201 says only that the request was read: the verdict stands beside each recipient."""

    slug = "africastalking"
    label = "Africa's Talking"
    description = _("Sends SMS in many African countries, reports delivery and receives answers.")
    needs = _("your user name and an API key.")
    settings_form = AfricasTalkingSettings
    capabilities = frozenset({Capability.DELIVERY_REPORT, Capability.INCOMING_SMS})
    actions = (
        Action("delivery", _("Delivery reports")),
        Action("incoming", _("Incoming messages")),
    )
    redacted: ClassVar = frozenset({"apiKey"})

    def check(self) -> str:
        response = self.http.get(
            self._url("user"),
            params={"username": self.settings["username"]},
            headers=self._headers(),
        )
        _require_accepted(response)
        account = json_object(response, vendor=self.label, error=Unavailable).get("UserData")
        if not isinstance(account, dict):
            raise Misconfigured("The API address answers, but not like Africa's Talking.")
        balance = account.get("balance", "?")
        return str(_("The account is open. Balance: %(balance)s.")) % {"balance": balance}

    def send(self, sms: OutgoingSms) -> SentSms:
        form = {
            "username": self.settings["username"],
            "to": sms.phone,
            "message": sms.text,
            "bulkSMSMode": "1",
            "enqueue": "1",
        }
        if self.settings.get("sender_id"):
            form["from"] = self.settings["sender_id"]
        response = self.http.post(self._url("messaging"), data=form, headers=self._headers())
        _require_accepted(response)
        answer = json_object(response, vendor=self.label)
        return _verdict(_recipient(answer, sms.phone))

    def read(self, callback: Callback) -> DeliveryReport | IncomingSms:
        reader = READERS.get(callback.action)
        if reader is None:
            raise Rejected("This address takes delivery reports and incoming messages only.")
        return reader(_form(callback.body))

    def _headers(self) -> dict[str, str]:
        return {"apiKey": self.settings["api_key"], "Accept": "application/json"}

    def _url(self, resource: str) -> str:
        # Admins paste the host, the version's address or that of the messages.
        base = self.settings["api_url"].removesuffix("/messaging")
        return f"{base.removesuffix('/version1')}/version1/{resource}"


def _require_accepted(response: requests.Response) -> None:
    status = response.status_code
    if status in HTTP_REFUSALS:
        error, reason = HTTP_REFUSALS[status]
        raise error(reason, code=str(status))
    if status >= 300:
        raise OutcomeUnknown(f"Africa's Talking answered with HTTP {status}.", code=str(status))


def _recipient(answer: Mapping[str, Any], phone: str) -> Mapping[str, Any]:
    """Return what was said of this phone.

    :raises Misconfigured: the sender ID was refused, for which the list of recipients is empty
    :raises OutcomeUnknown: nothing was said of this phone
    """
    summary = answer.get("SMSMessageData")
    summary = summary if isinstance(summary, dict) else {}
    if summary.get("Message") == "InvalidSenderId":
        raise Misconfigured(REFUSALS[402][1], code="402")
    recipients = summary.get("Recipients")
    for recipient in recipients if isinstance(recipients, list) else []:
        if isinstance(recipient, dict) and recipient.get("number") == phone:
            return recipient
    raise OutcomeUnknown("Africa's Talking did not say what became of the message.")


def _verdict(recipient: Mapping[str, Any]) -> SentSms:
    code, gateway_id = str(recipient.get("statusCode", "")), recipient.get("messageId")
    number = int(code) if code.isdecimal() else 0
    if number in REFUSALS:
        error, reason = REFUSALS[number]
        raise error(reason, code=code)
    if number not in TAKEN:
        raise OutcomeUnknown("Africa's Talking gave a code that we do not know.", code=code)
    if not isinstance(gateway_id, str) or gateway_id in {"", "None"}:
        raise OutcomeUnknown("Africa's Talking gave no number for the message.", code=code)
    return SentSms(gateway_id=gateway_id)


def _form(body: bytes) -> Form:
    if len(body) > MAX_FORM_BYTES:
        raise Rejected("The form is too long.")
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        raise Rejected("The form has too many fields.") from None
    # PostgreSQL stores no NUL.
    return {name: value.replace("\x00", "").strip() for name, value in pairs}


def _delivery_report(form: Form) -> DeliveryReport:
    status = _needed(form, "status")
    return DeliveryReport(
        gateway_id=_needed(form, "id"),
        # A word of tomorrow must not end a message: it stays on the way.
        state=DELIVERY_STATES.get(status.lower(), DeliveryState.ON_THE_WAY),
        reason=(form.get("failureReason") or status)[:MAX_TEXT_LENGTH],
    )


def _incoming_sms(form: Form) -> IncomingSms:
    return IncomingSms(
        gateway_id=_needed(form, "id"),
        phone=_phone(_needed(form, "from", max_length=MAX_PHONE_LENGTH)),
        text=form.get("text", ""),
        trust=Trust.SECRET_ADDRESS,  # nothing is signed
        sent_at=_moment(form.get("date", "")),
    )


READERS: dict[str, Callable[[Form], DeliveryReport | IncomingSms]] = {
    "delivery": _delivery_report,
    "incoming": _incoming_sms,
}


def _needed(form: Form, name: str, *, max_length: int = MAX_TEXT_LENGTH) -> str:
    text = form.get(name, "")
    if not text:
        raise Rejected(f"“{name}” is missing.")
    if len(text) > max_length:
        raise Rejected(f"“{name}” is too long.")
    return text


def _phone(sender: str) -> str:
    """Return E.164, also where the plus was lost as a space; short codes stay as they are."""
    is_phone = sender.isascii() and sender.isdigit() and len(sender) >= SHORTEST_PHONE
    return f"+{sender}" if is_phone else sender


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
