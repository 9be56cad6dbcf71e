"""Money in: keeping callbacks, validating, booking once, settling, and what people decide."""

from payments.services.decisions import (
    AlreadyDecided,
    KeyUsed,
    assign_payment,
    close_conflict,
    dismiss_returned,
    issue_from_credit,
    use_key,
)
from payments.services.intake import handle_incoming, keep_callback, refuse_callback
from payments.services.results import report_result
from payments.services.settlement import (
    NotReceived,
    expire_validations,
    put_off_settling,
    settle_payment,
)

__all__ = [
    "AlreadyDecided",
    "KeyUsed",
    "NotReceived",
    "assign_payment",
    "close_conflict",
    "dismiss_returned",
    "expire_validations",
    "handle_incoming",
    "issue_from_credit",
    "keep_callback",
    "put_off_settling",
    "refuse_callback",
    "report_result",
    "settle_payment",
    "use_key",
]
