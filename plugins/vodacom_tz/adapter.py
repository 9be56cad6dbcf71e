"""Vodacom Tanzania's M-Pesa broker, XML.

A payment comes in and is acknowledged at once; the result, which is the confirmation, goes out in a
call of our own.
"""

import contextlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any
from xml.etree.ElementTree import Element

import requests

from common.words import _
from plugins.contracts import (
    Action,
    Answer,
    Callback,
    Capability,
    Heartbeat,
    Idempotency,
    Incoming,
    Notice,
    Outcome,
    PaymentProvider,
    ResultReport,
    Verdict,
)
from plugins.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable
from plugins.forms import is_allowed
from plugins.registry import register
from plugins.vodacom_tz import documents, passwords, pem
from plugins.vodacom_tz.forms import VodacomTanzaniaSettings

XML = "text/xml"
EAST_AFRICA_TIME = timezone(timedelta(hours=3))
ACCEPTED, REFUSED = "0", "999"
ECHOED = ("conversationID", "originatorConversationID", "transactionID")


@register
class VodacomTanzania(PaymentProvider):
    slug = "vodacom_tz"
    label = "Vodacom M-Pesa Tanzania"
    description = _(
        "Customers pay from the M-Pesa menu of their phone, with the device number as account."
    )
    needs = _(
        "service provider ID and password, and the addresses or the certificate of Vodacom's broker."
    )
    settings_form = VodacomTanzaniaSettings
    capabilities = frozenset({Capability.REPORT_RESULT})
    idempotency = Idempotency.KEY
    read_seconds = 30
    total_seconds = 45
    redacted = frozenset({"spPassword", "initiatorPassword"})
    actions = (Action("request", _("Payments")),)
    refusal_returns_money = True

    def check(self) -> str:
        try:
            with self._mutual_tls() as tls:
                self.http.get(self.settings["request_url"], **tls)
        except Unavailable as error:
            if not error.code:  # with a code it did answer: the broker only takes posted documents
                raise
        return str(
            _("The broker can be reached. The first payment shows whether it takes our results.")
        )

    def read(self, callback: Callback) -> Incoming:
        self._require_known_sender(callback.remote_ip)
        root = documents.parse(callback.body)
        if documents.name_of(root) == "FailSafe":
            return Heartbeat()
        if documents.name_of(root) != "mpesaBroker":
            raise Rejected("The document is not one of the broker's.")
        self._require_password(root)
        return _notice_of(root)

    def answer(self, incoming: Incoming, outcome: Outcome) -> Answer:
        """Acknowledge; our verdict follows in the result, so that a no is "received" too."""
        if isinstance(incoming, Heartbeat):
            return Answer(b"", XML)
        taken = outcome.verdict is not Verdict.UNAVAILABLE
        content = {name: incoming.wire.get(name, "") for name in ECHOED} | {
            "responseCode": ACCEPTED if taken else REFUSED,
            "responseDesc": "Received" if taken else "Not available",
            "serviceStatus": "Success" if taken else "FAILED",
        }
        return Answer(documents.write("response", content), XML)

    def refuse(self, callback: Callback, refusal: Rejected) -> Answer:
        body = json.dumps({"data": {"message": refusal.reason}}, ensure_ascii=False)
        return Answer(body.encode(), "application/json", status=401)

    def report_result(self, report: ResultReport) -> None:
        document = documents.write("result", self._result(report))
        with self._mutual_tls() as tls:
            response = self.http.post(
                self.settings["request_url"], data=document, headers={"Content-Type": XML}, **tls
            )
        _require_confirmed(response, ACCEPTED if report.is_accepted else REFUSED)

    # --- inbound ---

    def _require_known_sender(self, remote_ip: str) -> None:
        allowed = self.settings.get("allowed_ips")
        if allowed and not is_allowed(remote_ip, allowed):
            raise Rejected("The sender's address is not on the list.")

    def _require_password(self, root: Element) -> None:
        """Compare both in constant time, whichever is wrong; the password covers the timestamp."""
        sender = ("request", "serviceProvider")
        timestamp = documents.required_text(root, *sender, "timestamp")
        is_ours = hmac.compare_digest(
            documents.text_at(root, *sender, "spId").encode(), self.settings["sp_id"].encode()
        )
        is_signed = hmac.compare_digest(
            documents.text_at(root, *sender, "spPassword").encode(),
            self._sp_password(timestamp).encode(),
        )
        if not (is_ours and is_signed):
            raise Rejected("spId or spPassword is wrong.")

    def _sp_password(self, timestamp: str) -> str:
        return passwords.sp_password(
            self.settings.get("password_scheme") or passwords.HEX_UPPER,
            sp_id=self.settings["sp_id"],
            secret=self.settings["sp_password"],
            timestamp=timestamp,
        )

    # --- outbound ---

    def _result(self, report: ResultReport) -> documents.Content:
        """Return the same document for the same report, but for the padding of the encryption."""
        decided_at = report.decided_at.astimezone(EAST_AFRICA_TIME)
        timestamp = decided_at.strftime("%Y%m%d%H%M%S")
        payer = report.wire.get("initiator") or report.payer_phone.removeprefix("+")
        id_element = self.settings.get("id_element") or "originatorConversationID"
        return {
            "serviceProvider": {
                "spId": self.settings["sp_id"],
                "spPassword": self._sp_password(timestamp),
                "timestamp": timestamp,
            },
            "transaction": {
                "resultType": "Completed" if report.is_accepted else "Failed",
                "resultCode": ACCEPTED if report.is_accepted else REFUSED,
                "resultDesc": "Success" if report.is_accepted else report.message or "Refused",
                "serviceReceipt": report.our_id,
                "serviceDate": decided_at.strftime("%Y-%m-%d %H:%M:%S"),
                "serviceID": report.our_id,
                id_element: report.wire.get("originatorConversationID", ""),
                "conversationID": report.wire.get("conversationID", ""),
                "transactionID": report.wire.get("transactionID", ""),
                "initiator": payer,
                "initiatorPassword": self._initiator_password(payer),
            },
        }

    def _initiator_password(self, payer: str) -> str:
        scheme = self.settings.get("initiator_scheme") or "empty"
        if scheme == "empty":
            return ""
        secret = payer if scheme == "msisdn" else self.settings["initiator_password"]
        try:
            broker_key = pem.read_rsa_public_key(self.settings["broker_cert"])
            return passwords.initiator_password(secret, broker_key)
        except ValueError as error:
            raise Misconfigured(
                "The broker's key cannot encrypt the initiator password."
            ) from error

    @contextlib.contextmanager
    def _mutual_tls(self) -> Iterator[dict[str, Any]]:
        """Yield our certificate and the broker's authority as the session takes them."""
        names = ("ssl_cert", "ssl_key", "certificate_authority")
        with pem.as_files(**{name: self.settings.get(name) or "" for name in names}) as paths:
            tls: dict[str, Any] = {"verify": paths.get("certificate_authority", True)}
            if "ssl_cert" in paths:
                tls["cert"] = (paths["ssl_cert"], paths["ssl_key"])
            yield tls


def _notice_of(root: Element) -> Notice:
    """:raises Rejected: a field that tells this payment from others is missing"""

    def text(name: str) -> str:
        return documents.required_text(root, "request", "transaction", name)

    initiator = text("initiator")
    return Notice(
        reference=text("mpesaReceipt"),
        amount=text("amount"),
        account=text("accountReference"),
        payer_phone=initiator,
        paid_at=_paid_at(documents.text_at(root, "request", "transaction", "transactionDate")),
        wire={"initiator": initiator} | {name: text(name) for name in ECHOED},
    )


def _paid_at(text: str) -> datetime | None:
    """Return when the payer paid, or None: a date that cannot be read must not stop the money."""
    try:
        paid_at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return paid_at if paid_at.tzinfo else paid_at.replace(tzinfo=EAST_AFRICA_TIME)


def _require_confirmed(response: requests.Response, expected: str) -> None:
    """Insist that the broker repeats our verdict.

    :raises PluginError: it did not; nothing is decided anew, the same document may go out again
    """
    status = response.status_code
    if status in {401, 403, 404}:
        raise Misconfigured(f"The broker answered our result with HTTP {status}.", code=str(status))
    if status == 429:
        raise Unavailable("The broker asks us to slow down.", code="429")
    if status != 200:
        raise OutcomeUnknown(
            f"The broker answered our result with HTTP {status}.", code=str(status)
        )
    code = _response_code(response.content)
    if code != expected:
        raise OutcomeUnknown(
            f"The broker answered {code!r} to our result, not {expected!r}.", code=code
        )


def _response_code(body: bytes) -> str:
    try:
        return documents.required_text(documents.parse(body), "response", "responseCode")
    except Rejected as error:
        raise OutcomeUnknown(f"The broker's answer to our result: {error.reason}") from error
