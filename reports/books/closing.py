"""The closing report of one day: what came, where it went, what stands open; each figure with its lines.

Every figure stands beside that of the day before. Counted is what occurred on the day, whenever it was recorded.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from common.words import _
from ledger.models import MONEY, Account, Entry, Posting, Seal
from ledger.selectors import latest_seal
from reports.books import moves
from reports.books.addresses import (
    balances_address,
    journal_address,
    ledger_address,
    tokens_address,
)
from reports.books.moves import Figure
from reports.books.periods import ONE_DAY, Span, one_day
from reports.books.sums import ZERO, Standing, Sums, standing_of, subject_balances, sums_by
from reports.books.tokens import Tokens, tokens_of
from vending.models import TokenOrder

# What stands open at the end of a day, in the order in which money goes through it.
OPEN = (
    Account.SUSPENSE,
    Account.ORDERED,
    Account.DEVICE_CREDIT,
    Account.CUSTOMER_CREDIT,
    Account.REFUNDS_PAYABLE,
)
STANDS = {
    Account.SUSPENSE: _("Payments not yet settled"),
    Account.ORDERED: _("Tokens ordered, not yet issued"),
    Account.DEVICE_CREDIT: _("Credit of devices"),
    Account.CUSTOMER_CREDIT: _("Credit of customers"),
    Account.REFUNDS_PAYABLE: _("Refunds decided, not yet paid out"),
}
IN_DOUBT = _("Of these in doubt now")


@dataclass(frozen=True, slots=True)
class Clearing:
    """What one operator holds for us, over the day."""

    label: Any
    sums: Sums
    urls: dict[str, str]


@dataclass(frozen=True, slots=True)
class Closing:
    """The report."""

    span: Span
    received: list[Figure]
    given_back: list[Figure]
    went_to: list[Figure]
    tokens: Tokens
    tokens_before: Tokens
    tokens_url: str
    open: list[Figure]
    clearing: list[Clearing]
    posting_count: int
    sealed_count: int  # how many of them stand in the chain of fingerprints
    journal_url: str
    seal: Seal | None  # the newest of all
    late_count: int
    late_url: str
    difference: Decimal  # by which debits exceed credits; zero when the books balance

    @property
    def day(self) -> dt.date:
        return self.span.last

    @property
    def is_sealed(self) -> bool:
        return self.sealed_count == self.posting_count

    @property
    def received_total(self) -> Figure:
        return moves.total_of(self.received)

    @property
    def given_back_total(self) -> Figure:
        return moves.total_of(self.given_back)

    @property
    def went_to_total(self) -> Figure:
        return moves.total_of(self.went_to)

    @property
    def clearing_total(self) -> Sums:
        return sum((each.sums for each in self.clearing), Sums())


def closing_of(day: dt.date, zone: str) -> Closing:
    """Return the report of a day; the number of queries does not depend on how much happened."""
    span, before = one_day(day, zone), one_day(day - ONE_DAY, zone)
    moved = moves.moves_of(span, before)
    money = [move for move in moved if move.account in MONEY]
    clearing = sums_by("subject_id", Entry.objects.filter(account=Account.OPERATOR_CLEARING), span)
    tokens, tokens_before = tokens_of(span, before)
    return Closing(
        span=span,
        received=moves.received(money, span, clearing),
        given_back=moves.given_back(money, span),
        went_to=moves.went_to(moved, span),
        tokens=tokens,
        tokens_before=tokens_before,
        tokens_url=tokens_address(span),
        open=_open(span, before),
        clearing=_clearing(clearing, span),
        **_postings(span),
        journal_url=journal_address(span),
        seal=latest_seal(),
        late_url=journal_address(span, late="1"),
        difference=_difference(span),
    )


def _postings(span: Span) -> dict[str, int]:
    """Count the postings of the day, those that are sealed, and those that were recorded after it."""
    return Posting.objects.filter(span.holds("occurred_at")).aggregate(
        posting_count=Count("pk"),
        sealed_count=Count("sealed"),
        late_count=Count("pk", filter=Q(recorded_at__gte=span.end)),
    )


def _open(span: Span, before: Span) -> list[Figure]:
    now, then = standing_of(OPEN, span), standing_of(OPEN, before)
    figures = []
    for account in OPEN:
        figures.append(
            _standing(STANDS[account], now[account], then[account], balances_address(account, span))
        )
        if account == Account.ORDERED:
            url = balances_address(account, span, doubt="1")
            figures.append(_standing(IN_DOUBT, _in_doubt(span), _in_doubt(before), url))
    return figures


def _standing(label: Any, now: Standing, then: Standing, url: str) -> Figure:
    return Figure(label, now.amount, now.count, then.amount, then.count, url)


def _in_doubt(span: Span) -> Standing:
    return subject_balances(Account.ORDERED, span, only=doubtful_orders(), limit=1).standing


def doubtful_orders() -> list[int]:
    """Return the orders that are in doubt now."""
    orders = TokenOrder.objects.filter(state=TokenOrder.State.IN_DOUBT)
    return list(orders.values_list("pk", flat=True))


def _clearing(found: dict[Any, Sums], span: Span) -> list[Clearing]:
    account = Account.OPERATOR_CLEARING
    rows = []
    for label, _account, subject in moves.holders((account, subject) for subject in found):
        narrow = moves.narrow_to(subject)
        urls = {
            "opening": ledger_address(account, span.before(), **narrow),
            "debits": ledger_address(account, span, **narrow, side="debit"),
            "credits": ledger_address(account, span, **narrow, side="credit"),
            "closing": ledger_address(account, span.until(), **narrow),
        }
        rows.append(Clearing(label, found[subject], urls))
    return rows


def _difference(span: Span) -> Decimal:
    """What all entries up to the end of the day add up to."""
    later = Entry.objects.filter(posting__occurred_at__gte=span.end)
    return _sum(Entry.objects.all()) - _sum(later)


def _sum(entries: QuerySet[Entry]) -> Decimal:
    total: Decimal = entries.aggregate(total=Sum("amount", default=ZERO))["total"]
    return total
