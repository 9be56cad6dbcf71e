"""SMS gateways, and feeds for other systems."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from plugins.contracts.base import Kind, Plugin
from plugins.contracts.calls import Action, Answer, Callback
from plugins.errors import Unsupported


@dataclass(frozen=True, slots=True)
class OutgoingSms:
    reference: str  # ours, unique
    phone: str  # E.164
    text: str


@dataclass(frozen=True, slots=True)
class SentSms:
    """The gateway took the message; ``is_delivered`` when taking it is showing it."""

    gateway_id: str
    is_delivered: bool = False


class DeliveryState(StrEnum):
    ON_THE_WAY = "on_the_way"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    gateway_id: str
    state: DeliveryState
    reason: str = ""


class Trust(StrEnum):
    """How sure we are that an incoming SMS is real."""

    SIGNED = "signed"
    SECRET_ADDRESS = "secret_address"  # noqa: S105
    NONE = "none"


@dataclass(frozen=True, slots=True)
class IncomingSms:
    gateway_id: str
    phone: str
    text: str
    trust: Trust
    sent_at: datetime | None = None


class SmsGateway(Plugin):
    """Hands an SMS over, and reads what the gateway reports."""

    kind = Kind.SMS
    actions: ClassVar[tuple[Action, ...]] = ()
    read_seconds = 30
    total_seconds = 45

    @abstractmethod
    def send(self, sms: OutgoingSms) -> SentSms:
        """Hand one message over.

        :raises Rejected: this number or text is refused for good
        :raises Misconfigured: our account is refused or empty; the queue pauses
        :raises Unavailable: not taken, may be repeated
        :raises OutcomeUnknown: may have been taken; may be repeated once
        """

    def read(self, callback: Callback) -> DeliveryReport | IncomingSms:
        """Read a delivery report or an incoming SMS.

        :raises Rejected: not readable as this protocol
        """
        raise Unsupported("read")

    def acknowledge(self, callback: Callback) -> Answer:
        """Write the answer that makes the gateway stop repeating."""
        return Answer(body=b"", content_type="text/plain")


class DataFeed(Plugin):
    """Gives another system rows for a period."""

    kind = Kind.FEED
