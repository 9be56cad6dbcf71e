"""Token orders: placing, issuing, looking up, deciding.

Claim, call, close: three short steps. No transaction is open during the call, and an order that was claimed is
never claimed again unless it is certain that nothing was bought.
"""

from vending.services.decisions import (
    MayStillAct,
    NothingToIssue,
    NotInDoubt,
    OrderNotWaiting,
    TokenRefused,
    dismiss_refused,
    give_back,
    issue_anew,
    resume_order,
    resume_orders,
    safe_from,
    settle_doubt,
)
from vending.services.issuing import (
    OrderNotDue,
    close_as_refused,
    issue,
    issue_order,
    release_lost,
)
from vending.services.lookup import look_up, note_failed_look_up
from vending.services.orders import NewOrder, hand_orders_to_record, place_order, resume_paused

__all__ = [
    "MayStillAct",
    "NewOrder",
    "NotInDoubt",
    "NothingToIssue",
    "OrderNotDue",
    "OrderNotWaiting",
    "TokenRefused",
    "close_as_refused",
    "dismiss_refused",
    "give_back",
    "hand_orders_to_record",
    "issue",
    "issue_anew",
    "issue_order",
    "look_up",
    "note_failed_look_up",
    "place_order",
    "release_lost",
    "resume_order",
    "resume_orders",
    "resume_paused",
    "safe_from",
    "settle_doubt",
]
