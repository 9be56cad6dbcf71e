"""What an adapter is: small abstract classes and frozen values.

Adapters see no model, no request and no company. What they need is in the value they are handed; what they
answer is a value or one of the five errors of ``plugins.errors``.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from plugins.errors import Rejected, Unsupported
from plugins.http import ProviderSession

if TYPE_CHECKING:
    from plugins.forms import PluginSettingsForm


class Kind(StrEnum):
    MANUFACTURER = "manufacturer"
    PAYMENT = "payment"
    SMS = "sms"
    FEED = "feed"


class DeviceKind(StrEnum):
    METER = "meter"
    SHS = "shs"
    EBIKE = "ebike"


class Unit(StrEnum):
    KWH = "kwh"
    DAY = "day"


class Capability(StrEnum):
    """What an adapter may be asked for beyond its contract; asked before use, not found by failing."""

    UNLOCK = "unlock"
    CLEAR_CREDIT = "clear_credit"
    LOOK_UP_DEVICE = "look_up_device"
    FIND_TOKENS = "find_tokens"
    PUSH_PAYMENT = "push_payment"
    FETCH_STATUS = "fetch_status"
    REPORT_RESULT = "report_result"
    DELIVERY_REPORT = "delivery_report"
    INCOMING_SMS = "incoming_sms"


class Idempotency(StrEnum):
    """What a repeat of an unanswered call does at the vendor."""

    NONE = "none"  # buys again
    KEY = "key"  # the same reference is honoured: repeating is safe
    LOCAL = "local"  # computed here: there is nothing to doubt


class Memory(Protocol):
    """Where an adapter keeps a cached bearer: encrypted, per connection, never shown."""

    def get(self, name: str) -> str | None: ...

    def put(self, name: str, value: str, *, expires_at: datetime) -> None: ...

    def drop(self, name: str) -> None: ...


class Plugin(ABC):
    """One vendor's protocol, bound to one company's settings.

    ``read_seconds`` is the longest silence, ``total_seconds`` the deadline of a whole call, and
    ``settle_seconds`` the longest time after which an unanswered call may still act at the vendor.
    """

    slug: ClassVar[str]
    label: ClassVar[str]
    description: ClassVar[Any]
    kind: ClassVar[Kind]
    settings_form: ClassVar[type["PluginSettingsForm"]]
    capabilities: ClassVar[frozenset[Capability]] = frozenset()
    idempotency: ClassVar[Idempotency] = Idempotency.NONE
    read_seconds: ClassVar[int] = 60
    total_seconds: ClassVar[int] = 90
    settle_seconds: ClassVar[int] = 0
    # Names of fields and headers to blank in the log.
    redacted: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self, settings: Mapping[str, Any], *, http: ProviderSession, memory: Memory
    ) -> None:
        self.settings, self.http, self.memory = settings, http, memory

    def check(self) -> str:
        """Try the connection without buying or sending anything; return a sentence for the admin.

        :raises PluginError: why it does not work
        """
        return ""

    def can(self, capability: Capability) -> bool:
        return capability in self.capabilities


# --- manufacturers -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """An order for one device. ``quantity`` is on the manufacturer's grid, in ``unit``."""

    reference: str  # ours, unique for ever: the idempotency key
    serial: str
    device_kind: DeviceKind
    quantity: Decimal
    unit: Unit
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A code to type on the device, as text; ``quantity`` is None for unlock and clear."""

    token: str
    quantity: Decimal | None = None
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class FoundToken:
    """A purchase that the manufacturer remembers."""

    token: str
    quantity: Decimal | None
    issued_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What the manufacturer says of a serial number."""

    is_known: bool
    description: str = ""


class Manufacturer(Plugin):
    """Turns a paid quantity into credit on one make of device."""

    kind = Kind.MANUFACTURER
    device_kinds: ClassVar[frozenset[DeviceKind]]
    unit: ClassVar[Unit]
    resolution: ClassVar[Decimal]  # smallest quantity that can be issued
    serial_help: ClassVar[Any] = ""

    @abstractmethod
    def issue_token(self, request: TokenRequest) -> IssuedToken:
        """Buy credit for one device; never rounds.

        :raises Rejected: the manufacturer refused this device or quantity; nothing was bought
        :raises Misconfigured: our account is refused or empty; nothing was bought
        :raises Unavailable: nothing was sent
        :raises OutcomeUnknown: the call left, no usable answer came back
        """

    @classmethod
    def display_token(cls, token: str) -> str:
        """Return the token in the maker's grouping; verbatim unless the maker groups."""
        return token

    @classmethod
    def check_token(cls, token: str) -> str:
        """Return a token that a person typed, in the form we store.

        :raises Rejected: this cannot be a token of this make; the reason says what would be right
        """
        cleaned = token.strip()
        if not cleaned:
            raise Rejected("The token is empty.")
        return cleaned

    def require_on_grid(self, quantity: Decimal) -> None:
        """:raises Unsupported: the caller did not round to the resolution: a bug"""
        if quantity <= 0 or quantity % self.resolution:
            raise Unsupported(f"{quantity} is not on the grid of {self.resolution}")

    def unlock(self, request: TokenRequest) -> IssuedToken:
        """Free a device for good (``Capability.UNLOCK``); ``quantity`` is 0."""
        raise Unsupported("unlock")

    def clear_credit(self, request: TokenRequest) -> IssuedToken:
        """Make a token that empties a device (``Capability.CLEAR_CREDIT``); ``quantity`` is 0."""
        raise Unsupported("clear_credit")

    def look_up_device(self, serial: str) -> DeviceFacts:
        """Ask whether the manufacturer knows a serial (``Capability.LOOK_UP_DEVICE``); safe to repeat."""
        raise Unsupported("look_up_device")

    def find_tokens(self, request: TokenRequest) -> Sequence[FoundToken]:
        """Return purchases that match this order (``Capability.FIND_TOKENS``); safe to repeat.

        An empty answer may be believed only ``settle_seconds`` after the request.
        """
        raise Unsupported("find_tokens")


# --- operators -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Callback:
    """One HTTP request of an operator or gateway, as it came. Header names are lower case."""

    action: str
    headers: Mapping[str, str]
    body: bytes
    remote_ip: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Validation:
    """Would you take this payment? No money has moved. ``amount`` is the text as the operator wrote it."""

    reference: str
    amount: str
    account: str  # what the payer typed: a device number
    payer_phone: str = ""
    payer_name: str = ""
    wire: Mapping[str, str] = field(default_factory=dict)  # what ``answer`` needs to echo


@dataclass(frozen=True, slots=True)
class Notice:
    """Money has moved. ``amount`` is None where the operator sent it only with the validation."""

    reference: str
    amount: str | None
    account: str
    payer_phone: str = ""
    payer_name: str = ""
    receipt: str = ""  # the number on the payer's own SMS, when it differs from the reference
    our_id: str = ""  # our number from the validation, where the operator sends it back
    paid_at: datetime | None = None
    wire: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Enquiry:
    """What became of this payment?"""

    reference: str
    wire: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Are you there?"""


Incoming = Validation | Notice | Enquiry | Heartbeat


class Verdict(StrEnum):
    YES = "yes"
    NO = "no"
    CONFLICT = "conflict"  # the same reference with another amount or device
    UNAVAILABLE = "unavailable"  # the plug-in is switched off
    NOT_FOUND = "not_found"  # enquiry
    PENDING = "pending"  # enquiry
    DONE = "done"  # enquiry
    FAILED = "failed"  # enquiry: returned or refused


class Reason(StrEnum):
    """Why not, for adapters that have a code for it."""

    NONE = ""
    UNKNOWN_DEVICE = "unknown_device"
    NO_CUSTOMER = "no_customer"
    ARCHIVED_CUSTOMER = "archived_customer"
    BAD_AMOUNT = "bad_amount"
    BELOW_MINIMUM = "below_minimum"
    PLUGIN_OFF = "plugin_off"
    CONFLICT = "conflict"
    UNKNOWN_REFERENCE = "unknown_reference"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Our word on an incoming call. ``message`` is a short English sentence for the operator."""

    verdict: Verdict
    message: str = ""
    reason: Reason = Reason.NONE
    our_id: str = ""  # our number of the payment, at most 20 characters
    amount: Decimal | None = None
    receipt: str = ""
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The HTTP answer in the operator's own format."""

    body: bytes
    content_type: str
    status: int = 200


@dataclass(frozen=True, slots=True)
class ResultReport:
    """Our final word on a payment, for operators that want it in a call of its own."""

    is_accepted: bool
    message: str
    reference: str
    our_id: str
    payer_phone: str
    decided_at: datetime
    wire: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PushRequest:
    """Ask a payer's phone for money. ``reference`` is ours, unique, letters and digits, at most 20."""

    reference: str
    phone: str  # E.164
    amount: Decimal
    account: str


class PaymentState(StrEnum):
    PAID = "paid"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PaymentStatus:
    state: PaymentState
    receipt: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One webhook address of a connection: its word in the path and its label for the admin."""

    name: str
    label: Any


class PaymentProvider(Plugin):
    """Reads an operator's calls and answers in the operator's format. Money-moving calls become a Notice."""

    kind = Kind.PAYMENT
    actions: ClassVar[tuple[Action, ...]]
    refusal_returns_money: ClassVar[bool]
    keeps_validation: ClassVar[bool] = False  # the amount comes only with the validation

    @abstractmethod
    def read(self, callback: Callback) -> Incoming:
        """Verify and read one call.

        :raises Rejected: not authentic, or not readable as this protocol
        """

    @abstractmethod
    def answer(self, incoming: Incoming, outcome: Outcome) -> Answer:
        """Write our word in the operator's format."""

    @abstractmethod
    def refuse(self, callback: Callback, refusal: Rejected) -> Answer:
        """Write the answer to a call that ``read`` rejected."""

    def report_result(self, report: ResultReport) -> None:
        """Tell the operator the result (``Capability.REPORT_RESULT``); repeating the same report is safe.

        :raises PluginError: not confirmed; the caller repeats the same report later
        """
        raise Unsupported("report_result")

    def push_payment(self, request: PushRequest) -> PaymentStatus:
        """Ask the payer's phone for money (``Capability.PUSH_PAYMENT``)."""
        raise Unsupported("push_payment")

    def fetch_status(self, reference: str) -> PaymentStatus:
        """Ask the operator what became of a push (``Capability.FETCH_STATUS``); safe to repeat."""
        raise Unsupported("fetch_status")


# --- SMS gateways --------------------------------------------------------------------------------------


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
