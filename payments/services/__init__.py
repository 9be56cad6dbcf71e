"""Money in: keeping callbacks, validating, booking once, settling, and what people decide."""

from payments.services.callbacks import keep_callback, refuse_callback
from payments.services.corrections import (
    REVERSIBLE,
    AskedAlready,
    CannotReverse,
    NothingToRefund,
    OperatorCannotRefund,
    OwnCorrection,
    RefundOnItsWay,
    RefundWhole,
    TokenOnItsWay,
    approve_correction,
    ask_refund,
    ask_reversal,
    decline_correction,
    withdraw_correction,
)
from payments.services.decisions import (
    AlreadyDecided,
    KeyUsed,
    assign_payment,
    close_conflict,
    dismiss_returned,
    issue_from_credit,
    retry_settling,
    use_key,
)
from payments.services.giving_back import spent_of
from payments.services.intake import handle_incoming, record_notice
from payments.services.payouts import (
    NothingToPayOut,
    ReferenceNeeded,
    RefundMayStillGo,
    certain_from,
    pay_out_by_hand,
    pay_out_refund,
    release_lost_refund,
    settle_payout,
    try_payout_again,
)
from payments.services.plans import PlanNotRunning, write_off_plan
from payments.services.recorded import hold_recording
from payments.services.results import report_result
from payments.services.settlement import (
    NotReceived,
    expire_validations,
    put_off_settling,
    settle_payment,
)

__all__ = [
    "REVERSIBLE",
    "AlreadyDecided",
    "AskedAlready",
    "CannotReverse",
    "KeyUsed",
    "NotReceived",
    "NothingToPayOut",
    "NothingToRefund",
    "OperatorCannotRefund",
    "OwnCorrection",
    "PlanNotRunning",
    "ReferenceNeeded",
    "RefundMayStillGo",
    "RefundOnItsWay",
    "RefundWhole",
    "TokenOnItsWay",
    "approve_correction",
    "ask_refund",
    "ask_reversal",
    "assign_payment",
    "certain_from",
    "close_conflict",
    "decline_correction",
    "dismiss_returned",
    "expire_validations",
    "handle_incoming",
    "hold_recording",
    "issue_from_credit",
    "keep_callback",
    "pay_out_by_hand",
    "pay_out_refund",
    "put_off_settling",
    "record_notice",
    "refuse_callback",
    "release_lost_refund",
    "report_result",
    "retry_settling",
    "settle_payment",
    "settle_payout",
    "spent_of",
    "try_payout_again",
    "use_key",
    "withdraw_correction",
    "write_off_plan",
]
