"""Money that a statement told before the operator's own call: the call that comes late finds it again.

A statement knows less than a call: it may hold the receipt instead of the reference, and no device. So a call is
recognised by its receipt too, and completes what was recorded.
"""

import contextlib

from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from common.phone import same_or_raw
from common.prepared import Hole, Prepared
from common.schema import current_schema
from payments.matching import device_typed, refusal_of
from payments.models import Callback as KeptCallback
from payments.models import Payment
from payments.words import WORDS
from plugins.contracts import Notice
from tenants.models import Company

KIND = "statement"  # of a kept callback that a person recorded
State = Payment.State
UNDER_REFERENCE = Prepared(
    lambda: Payment.objects.filter(connection_id=Hole("connection"), reference=Hole("reference"))
)


class RecordedBefore(Exception):
    """This call reports money that was recorded from a statement under its receipt."""

    def __init__(self, payment: Payment) -> None:
        super().__init__(payment.pk)
        self.payment = payment


def is_recorded(payment: Payment) -> bool:
    """Whether a statement, not a call, brought this payment."""
    return KeptCallback.objects.filter(payment=payment, kind=KIND).exclude(digest="").exists()


def hold_recording(connection_id: int, *, is_recording: bool) -> None:
    """Until the transaction ends, keep recorders from those who book under two numbers, and from each other.

    A payment's reference is unique in the database; that another one's receipt is no reference, only this lock can
    promise. It is taken before anything is written, so that nobody waits for it with rows in hand.
    """
    lock = "pg_advisory_xact_lock" if is_recording else "pg_advisory_xact_lock_shared"
    name = f"{current_schema()}:recording:{connection_id}"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(hashtextextended(%s, 0))", [name])


def require_not_recorded(connection_id: int, notice: Notice) -> None:
    """Ask, before a payment is written, whether it was recorded under its receipt, or spelled otherwise.

    :raises RecordedBefore: it was
    """
    others = written_as(notice.reference, notice.receipt) - {notice.reference}
    if not others:
        return
    hold_recording(connection_id, is_recording=False)
    for other in sorted(others):
        before = UNDER_REFERENCE.first(connection=connection_id, reference=other)
        if before is not None and is_recorded(before):
            raise RecordedBefore(before)


def written_as(*numbers: str) -> set[str]:
    """Return how a statement may write these numbers: in capitals, or without the zeros in front."""
    found = set(numbers) | {each.upper() for each in numbers}
    return (found | {each.lstrip("0") for each in found if each.isdigit()}) - {""}


def take_reference(payment: Payment, notice: Notice) -> None:
    """Give a recorded payment the operator's own reference, unless another payment has that."""
    mine = Payment.objects.filter(pk=payment.pk, reference=payment.reference)
    with contextlib.suppress(IntegrityError), transaction.atomic():
        mine.update(reference=notice.reference, receipt=notice.receipt or payment.receipt)


def is_same_device(payment: Payment, notice: Notice) -> bool:
    """Whether a call for the same reference and amount speaks of the same device.

    Where one side does not say, it does; while nobody knows whose recorded money is, the call knows better.
    """
    said, stands = _bare(notice.account), _bare(payment.account)
    if said == stands or not said or not stands:
        return True
    return payment.state == State.UNMATCHED and is_recorded(payment)


def _bare(account: str) -> str:
    return "".join(account.split()).lower()


def complete(company: Company, payment: Payment, notice: Notice) -> bool:
    """Fill in what the statement did not say; return whether the payment can be settled now.

    The caller holds the payment's row lock.
    """
    if payment.state != State.UNMATCHED or not notice.account:
        return False
    if _bare(notice.account) == _bare(payment.account) or not is_recorded(payment):
        return False
    device = device_typed(notice.account)
    reason = refusal_of(device)
    payment.account, payment.device = notice.account, device
    payment.customer = device.customer if device else None
    payment.payer_phone = payment.payer_phone or same_or_raw(notice.payer_phone, company.country)
    payment.payer_name = payment.payer_name or notice.payer_name[:100]
    payment.reason = WORDS[reason] if reason else ""
    if not reason:
        payment.state, payment.available_at = State.RECEIVED, Now()
    payment.save()
    return not reason


def echo(payment: Payment, notice: Notice) -> bool:
    """Keep what an answer to the operator must repeat, where nobody owed it one yet; return whether so."""
    if hasattr(payment, "result") or not is_recorded(payment):
        return False
    payment.wire = dict(notice.wire)
    payment.save(update_fields=["wire"])
    return True
