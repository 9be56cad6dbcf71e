"""Makers of devices: an order in, a token out."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from plugins.contracts.base import DeviceKind, Kind, Plugin, Unit
from plugins.errors import Rejected, Unsupported


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
    def check_serial(cls, serial: str) -> str:
        """Return a number that a person typed, in the form we store.

        :raises Rejected: this cannot be a device of this make; the reason says what would be right
        """
        cleaned = "".join(serial.split())
        if not cleaned:
            raise Rejected("The number is empty.")
        return cleaned

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
