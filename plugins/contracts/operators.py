"""Mobile-money operators: their calls read, our word in their format."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from plugins.contracts.base import Kind, Plugin
from plugins.contracts.calls import Action, Answer, Callback
from plugins.errors import Rejected, Unsupported


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
class RefundRequest:
    """Send a payment back to its payer, whole, or in part where ``refunds_parts``.

    ``our_reference`` is ours, unique per refund, letters and digits; ``paid`` is the whole payment.
    """

    our_reference: str
    reference: str  # the operator's number of the payment
    receipt: str  # the number on the payer's own SMS
    amount: Decimal
    paid: Decimal
    payer_phone: str  # E.164, or empty


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """The money went back. ``receipt`` is the operator's number of the refund, where it gives one."""

    receipt: str = ""


class PaymentProvider(Plugin):
    """Reads an operator's calls and answers in the operator's format. Money-moving calls become a Notice."""

    kind = Kind.PAYMENT
    actions: ClassVar[tuple[Action, ...]]
    refusal_returns_money: ClassVar[bool]
    keeps_validation: ClassVar[bool] = False  # the amount comes only with the validation
    refunds_parts: ClassVar[bool] = False  # of a payment; else only the whole goes back

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

    def refund(self, request: RefundRequest) -> RefundAnswer:
        """Send a payment back to its payer (``Capability.REFUND``); returns only when it surely went.

        :raises Rejected: understood and refused, nothing went back
        :raises OutcomeUnknown: it may have gone; the caller never repeats it by itself
        """
        raise Unsupported("refund")
