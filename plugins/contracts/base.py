"""What every adapter has: settings, HTTP, a memory, and what it declares of itself."""

from abc import ABC
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

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
    REFUND = "refund"
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
    # What a company must have, to be read after "You need:"; else the labels of the needed settings are said.
    needs: ClassVar[Any] = ""
    is_pretend: ClassVar[bool] = False  # for trying out; nothing real stands behind it
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
