"""What must be true of a company's books whenever no transaction is open."""

from collections.abc import Iterator
from decimal import Decimal

from django.db.models import F, Q, Sum

from appliances.models import Instalment, Plan
from common.moment import one_moment
from devices.models import AccessFee
from ledger.models import LIABILITIES, Account, Entry, Posting
from ledger.selectors import trial_balance
from payments.models import Correction, Payment
from payments.refundable import TO_PAY
from vending.models import TokenOrder

ZERO = Decimal(0)


@one_moment()
def violations() -> list[str]:
    """Return a sentence for every rule of the books that does not hold; none when all do.

    Rows and postings are read at one moment, so that money which moves meanwhile is no violation.
    """
    return [
        *_trial_balance(),
        *_suspense(),
        *_ordered(),
        *_free(),
        *_credit(),
        *_plans(),
        *_fees(),
        *_refunds(),
    ]


def _trial_balance() -> Iterator[str]:
    total = sum(trial_balance().values(), ZERO)
    if total:
        yield f"The trial balance is {total}, not zero."


def _suspense() -> Iterator[str]:
    """Suspense holds what was received or is unmatched, payment by payment."""
    waiting = Payment.objects.filter(state__in=[Payment.State.RECEIVED, Payment.State.UNMATCHED])
    yield from _differences(
        "Suspense of payment", _sums(Account.SUSPENSE), dict(waiting.values_list("pk", "amount"))
    )


def _ordered() -> Iterator[str]:
    """The account of what is ordered holds the cost of every open order."""
    states = [TokenOrder.State.DUE, TokenOrder.State.REQUESTED, TokenOrder.State.IN_DOUBT]
    orders = TokenOrder.objects.filter(state__in=states, cost__gt=0)
    yield from _differences(
        "Ordered of order", _sums(Account.ORDERED), dict(orders.values_list("pk", "cost"))
    )


def _free() -> Iterator[str]:
    """What was ordered without payment costs nothing and is booked nowhere."""
    free = TokenOrder.objects.filter(without_payment=True)
    for pk, cost in free.filter(Q(cost__gt=0) | Q(vat__gt=0)).values_list("pk", "cost"):
        yield f"Order {pk} is without payment and costs {cost}."
    booked = Posting.objects.filter(source="order", source_id__in=free.values("pk"))
    for pk in booked.values_list("source_id", flat=True).distinct().order_by("source_id"):
        yield f"Order {pk} is without payment and stands in the books."


def _credit() -> Iterator[str]:
    """No credit is ever negative."""
    for account in (Account.DEVICE_CREDIT, Account.CUSTOMER_CREDIT):
        for subject, amount in _sums(account).items():
            if amount < 0:
                yield f"{account} of {subject} is {amount}, below zero."


def _plans() -> Iterator[str]:
    """A plan's receivable is what its schedule still shows; nothing of what was written off."""
    open_rows = Instalment.objects.exclude(plan__state=Plan.State.WRITTEN_OFF)
    owed = open_rows.filter(paid__lt=F("cost")).values_list("plan_id")
    expected = dict(owed.annotate(owed=Sum(F("cost") - F("paid"))))
    yield from _differences("Receivable of plan", _sums(Account.PLAN_RECEIVABLE), expected)


def _fees() -> Iterator[str]:
    """A device's fee receivable is what its access fees still owe."""
    owed = AccessFee.objects.filter(paid__lt=F("amount")).values_list("device_id")
    expected = dict(owed.annotate(owed=Sum(F("amount") - F("paid"))))
    yield from _differences("Fees of device", _sums(Account.FEE_RECEIVABLE), expected)


def _refunds() -> Iterator[str]:
    """Refunds to pay are those that were decided and did not go out, one by one."""
    decided = Correction.objects.filter(kind=Correction.Kind.REFUND, state__in=TO_PAY)
    yield from _differences(
        "Refund", _sums(Account.REFUNDS_PAYABLE), dict(decided.values_list("pk", "amount"))
    )


def _sums(account: Account) -> dict[int | None, Decimal]:
    """Every subject's balance, what we owe positive for liabilities; zero balances are left out."""
    rows = Entry.objects.filter(account=account).values_list("subject_id")
    sign = -1 if account in LIABILITIES else 1
    return {subject: sign * total for subject, total in rows.annotate(total=Sum("amount")) if total}


def _differences(
    what: str, found: dict[int | None, Decimal], expected: dict[int, Decimal]
) -> Iterator[str]:
    for subject in sorted({*found, *expected}, key=lambda each: each or 0):
        booked, due = found.get(subject, ZERO), expected.get(subject or 0, ZERO)
        if booked != due:
            yield f"{what} {subject} is {booked} in the books, {due} by its rows."
