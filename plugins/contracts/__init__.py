"""What an adapter is: small abstract classes and frozen values.

Adapters see no model, no request and no company. What they need is in the value they are handed; what they
answer is a value or one of the five errors of ``plugins.errors``.
"""

from plugins.contracts.base import (
    Capability,
    DeviceKind,
    Idempotency,
    Kind,
    Memory,
    Plugin,
    Unit,
)
from plugins.contracts.calls import (
    Action,
    Answer,
    Callback,
)
from plugins.contracts.gateways import (
    DataFeed,
    DeliveryReport,
    DeliveryState,
    IncomingSms,
    OutgoingSms,
    SentSms,
    SmsGateway,
    Trust,
)
from plugins.contracts.manufacturers import (
    DeviceFacts,
    FoundToken,
    IssuedToken,
    Manufacturer,
    TokenRequest,
)
from plugins.contracts.operators import (
    Enquiry,
    Heartbeat,
    Incoming,
    Notice,
    Outcome,
    PaymentProvider,
    PaymentState,
    PaymentStatus,
    PushRequest,
    Reason,
    RefundAnswer,
    RefundRequest,
    ResultReport,
    Validation,
    Verdict,
)

__all__ = [
    "Action",
    "Answer",
    "Callback",
    "Capability",
    "DataFeed",
    "DeliveryReport",
    "DeliveryState",
    "DeviceFacts",
    "DeviceKind",
    "Enquiry",
    "FoundToken",
    "Heartbeat",
    "Idempotency",
    "Incoming",
    "IncomingSms",
    "IssuedToken",
    "Kind",
    "Manufacturer",
    "Memory",
    "Notice",
    "Outcome",
    "OutgoingSms",
    "PaymentProvider",
    "PaymentState",
    "PaymentStatus",
    "Plugin",
    "PushRequest",
    "Reason",
    "RefundAnswer",
    "RefundRequest",
    "ResultReport",
    "SentSms",
    "SmsGateway",
    "TokenRequest",
    "Trust",
    "Unit",
    "Validation",
    "Verdict",
]
