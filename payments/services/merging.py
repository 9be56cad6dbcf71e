"""Two records of one person become one, with everything that hangs on them.

Everything that is still to be decided or paid follows the person: devices, plans, orders, payments, refunds, and
credit and debts by a posting. The books keep their entries under the record they were written for; statements
read all records of a person, so that nothing that was ever said of the money changes.

Locks: both customers, lower id first, then devices and plans, then payments. Whoever settles a payment of the
merged record waits, and then finds where it leads (``settlement``).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.audit import audit
from accounts.models import User
from appliances.models import Plan
from appliances.services import hand_plans_to_record
from common.errors import DomainError
from common.words import _
from customers.merging import close_record, lock_records, move_records, require_mergeable
from customers.models import Customer
from customers.records import Merge
from devices.holdings import hand_to_record
from devices.models import Device
from ledger.models import Account, Event
from ledger.selectors import balance
from ledger.services import Movement, credit, debit, post
from payments.models import Correction, Payment
from vending.services import hand_orders_to_record


class RefundIsAsked(DomainError):
    message = _("A refund of %(name)s's credit waits for approval. Decide it first.")


@dataclass(frozen=True, slots=True)
class GoesOver:
    """What a merge would move, counted."""

    devices: list[Device]
    plans: int
    payments: int
    credit: Decimal
    owed: Decimal  # by the customer for no device or plan
    documents: int
    addresses: int
    answers: int
    consents: int


def what_goes_over(merged: Customer, into: Customer) -> GoesOver:
    """Count what a merge would move.

    :raises DomainError: these two cannot be merged
    """
    require_mergeable(merged, into)
    _require_nothing_asked(merged)
    return GoesOver(
        devices=list(Device.objects.filter(customer=merged).order_by("pk")),
        plans=Plan.objects.filter(customer=merged).count(),
        payments=Payment.objects.filter(customer=merged).count(),
        credit=balance(Account.CUSTOMER_CREDIT, merged.pk),
        owed=balance(Account.CUSTOMER_RECEIVABLE, merged.pk),
        documents=merged.documents.count(),
        addresses=merged.addresses.count(),
        answers=merged.answers.count(),
        consents=merged.consents.count(),
    )


@transaction.atomic
def merge_customers(
    *, merged_id: int, into_id: int, reason: str, actor: User, now: datetime
) -> Merge:
    """Let one record go into another of the same person; it is archived and leads there from now on.

    :raises SameRecord: both are one
    :raises IsMerged: one of them is merged already
    :raises StaysArchived: the one that stays is archived
    :raises RefundIsAsked: money of the merged one waits for a second person
    """
    merged, into = lock_records(merged_id, into_id)
    _require_nothing_asked(merged)
    devices = hand_to_record(from_id=merged.pk, to_id=into.pk)
    plans = hand_plans_to_record(from_id=merged.pk, to_id=into.pk)
    hand_orders_to_record(device_ids=devices, to_id=into.pk)
    moved = {"devices": devices, "plans": plans, **_move_payments(merged, into)}
    moved |= move_records(merged, into)
    held, owed = _move_money(merged, into, reason=reason, actor=actor, now=now)
    row = close_record(merged, into, moved=moved, reason=reason, merged_at=now, actor=actor)
    counts: dict[str, Any] = {f"{kind}_moved": len(ids) for kind, ids in moved.items()}
    for record, other in ((merged, into), (into, merged)):
        audit(
            actor=actor,
            action="customer.merged",
            target=str(record.public_id),
            record=f"{merged.name or merged.phone}, {merged.phone}",
            other=other.public_id,
            reason=reason,
            credit=held,
            owed=owed,
            **counts,
        )
    return row


def _require_nothing_asked(merged: Customer) -> None:
    asked = Correction.objects.filter(state=Correction.State.ASKED, payment=None)
    if asked.filter(pot=Correction.Pot.CUSTOMER, customer=merged).exists():
        raise RefundIsAsked(name=merged)


def _move_payments(merged: Customer, into: Customer) -> dict[str, list[int]]:
    """Let payments, refunds and reversals follow; what a payment says of itself stays as it was."""
    payments = Payment.objects.select_for_update(of=("self",), no_key=True).filter(customer=merged)
    ids = list(payments.order_by("pk").values_list("pk", flat=True))
    Payment.objects.filter(customer=merged).update(customer=into)
    corrections = Correction.objects.filter(customer=merged)
    corrected = list(corrections.order_by("pk").values_list("pk", flat=True))
    corrections.update(customer=into)
    return {"payments": ids, "corrections": corrected}


def _move_money(
    merged: Customer, into: Customer, *, reason: str, actor: User, now: datetime
) -> tuple[Decimal, Decimal]:
    """Post credit and debts over; return both."""
    held = balance(Account.CUSTOMER_CREDIT, merged.pk)
    owed = balance(Account.CUSTOMER_RECEIVABLE, merged.pk)
    lines = [
        debit(Account.CUSTOMER_CREDIT, held, merged.pk),
        credit(Account.CUSTOMER_CREDIT, held, into.pk),
        debit(Account.CUSTOMER_RECEIVABLE, owed, into.pk),
        credit(Account.CUSTOMER_RECEIVABLE, owed, merged.pk),
    ]
    movement = Movement(Event.MERGED, "customer", into.pk, lines, memo=reason[:200])
    post(movement, occurred_at=now, actor_name=str(actor))
    return held, owed
