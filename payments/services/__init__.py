"""Money in: keeping callbacks, validating, booking once, settling, and what people decide."""

from payments.services.corrections import (
    CannotReverse,
    NothingToPayOut,
    NothingToRefund,
    PlanNotRunning,
    RefundWhole,
    TokenOnItsWay,
    decide_refund,
    pay_out_refund,
    reverse_payment,
    write_off_plan,
)
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
    "CannotReverse",
    "KeyUsed",
    "NotReceived",
    "NothingToPayOut",
    "NothingToRefund",
    "PlanNotRunning",
    "RefundWhole",
    "TokenOnItsWay",
    "assign_payment",
    "close_conflict",
    "decide_refund",
    "dismiss_returned",
    "expire_validations",
    "handle_incoming",
    "issue_from_credit",
    "keep_callback",
    "pay_out_refund",
    "put_off_settling",
    "refuse_callback",
    "report_result",
    "reverse_payment",
    "settle_payment",
    "use_key",
    "write_off_plan",
]
