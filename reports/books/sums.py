"""Sums of entries over a period.

What came before a period is computed as everything less what came since: balances of today then read the index
of balances and the few latest postings, however old the books are.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet, Sum

from ledger.models import KINDS, Account, Entry, Kind, sign_of
from reports.books.periods import Span

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Sums:
    """Of one account or subject: raw balances (debits positive), debits and credits both positive."""

    opening: Decimal = ZERO
    debits: Decimal = ZERO
    credits: Decimal = ZERO

    @property
    def closing(self) -> Decimal:
        return self.opening + self.debits - self.credits

    @property
    def is_empty(self) -> bool:
        return not (self.opening or self.debits or self.credits)

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.opening + other.opening, self.debits + other.debits, self.credits + other.credits
        )


def sums_by(key: str, entries: QuerySet[Entry], span: Span) -> dict[Any, Sums]:
    """Return the sums of each account (``key="account"``) or subject; two queries."""
    in_time = Q(posting__occurred_at__lt=span.end)
    since = entries.filter(posting__occurred_at__gte=span.start) if span.start else entries
    moved = since.values_list(key).annotate(
        moved=Sum("amount"),
        debits=Sum("amount", filter=in_time & Q(amount__gt=0), default=ZERO),
        credits=Sum("amount", filter=in_time & Q(amount__lt=0), default=ZERO),
    )
    found, rows = {}, list(moved.order_by())
    openings = dict(entries.values_list(key).annotate(total=Sum("amount")).order_by())
    for subject, all_moved, debits, credits in rows:
        found[subject] = Sums(openings.pop(subject) - all_moved, debits, -credits)
    return found | {subject: Sums(opening) for subject, opening in openings.items()}


# --- trial balance -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One account. Balances are positive on the account's own side: what we have, or what we owe."""

    account: Account
    sums: Sums

    @property
    def opening(self) -> Decimal:
        return sign_of(self.account) * self.sums.opening

    @property
    def closing(self) -> Decimal:
        return sign_of(self.account) * self.sums.closing


@dataclass(frozen=True, slots=True)
class TrialGroup:
    """The accounts of one kind, and their sum."""

    kind: Kind
    rows: list[TrialRow]

    @property
    def opening(self) -> Decimal:
        return sum((row.opening for row in self.rows), ZERO)

    @property
    def debits(self) -> Decimal:
        return sum((row.sums.debits for row in self.rows), ZERO)

    @property
    def credits(self) -> Decimal:
        return sum((row.sums.credits for row in self.rows), ZERO)

    @property
    def closing(self) -> Decimal:
        return sum((row.closing for row in self.rows), ZERO)


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """All accounts that ever moved, by kind."""

    span: Span
    groups: list[TrialGroup] = field(default_factory=list)

    @property
    def total(self) -> Sums:
        """All accounts together; opening and closing are zero when the books balance."""
        return sum((row.sums for group in self.groups for row in group.rows), Sums())

    @property
    def difference(self) -> Decimal:
        """By how much debits exceed credits up to the end; zero when the books balance."""
        return self.total.closing

    @property
    def is_balanced(self) -> bool:
        total = self.total
        return not total.opening and not total.closing


def trial_balance_of(span: Span) -> TrialBalance:
    """Return every account with its opening, movement and closing; two queries."""
    found = sums_by("account", Entry.objects.all(), span)
    groups = []
    for kind in Kind:
        accounts = [account for account in Account if KINDS[account] == kind]
        rows = [
            TrialRow(account, found[account])
            for account in accounts
            if account in found and not found[account].is_empty
        ]
        if rows:
            groups.append(TrialGroup(kind, rows))
    return TrialBalance(span, groups)


# --- what stands per subject at an end --------------------------------------------------------------------

_STANDING = """
WITH moved AS (
    SELECT account, subject_id, amount FROM ledger_entry WHERE account = ANY(%s)
    UNION ALL
    SELECT account, subject_id, -amount FROM ledger_entry
    JOIN ledger_posting ON ledger_posting.id = posting_id
    WHERE account = ANY(%s) AND occurred_at >= %s
), standing AS (
    SELECT account, subject_id, sum(amount) AS amount FROM moved
    GROUP BY account, subject_id HAVING sum(amount) <> 0
)
"""
_COUNTED = "SELECT account, count(*), sum(amount) FROM standing GROUP BY account"
_LISTED = """
SELECT subject_id, amount, count(*) OVER (), sum(amount) OVER () FROM standing
WHERE %s::bigint[] IS NULL OR subject_id = ANY(%s)
ORDER BY CASE WHEN %s THEN amount * %s END, amount * %s DESC, subject_id
LIMIT %s OFFSET %s
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How many subjects of an account have a balance, and their sum on the account's own side."""

    count: int = 0
    amount: Decimal = ZERO


def standing_of(accounts: Collection[Account], span: Span) -> dict[Account, Standing]:
    """Return what stands on some accounts at the end of a period; one query."""
    names = [str(account) for account in accounts]
    with connection.cursor() as cursor:
        cursor.execute(_STANDING + _COUNTED, [names, names, span.end])
        rows = cursor.fetchall()
    found = {
        Account(account): Standing(count, sign_of(account) * total)
        for account, count, total in rows
    }
    return {account: found.get(account, Standing()) for account in accounts}


@dataclass(frozen=True, slots=True)
class SubjectBalances:
    """Some of the subjects of an account that have a balance; ``standing`` is of all that were asked."""

    rows: list[tuple[int | None, Decimal]]
    standing: Standing


def subject_balances(
    account: Account,
    span: Span,
    *,
    only: Sequence[int] | None = None,
    smallest_first: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> SubjectBalances:
    """Return who has a balance at the end of a period, largest first; one query.

    :param only: leave out all other subjects
    """
    sign = sign_of(account)
    ids = None if only is None else list(only)
    asked = [ids, ids, smallest_first, sign, sign, limit, offset]
    with connection.cursor() as cursor:
        cursor.execute(_STANDING + _LISTED, [[str(account)], [str(account)], span.end, *asked])
        rows = cursor.fetchall()
    listed = [(subject, sign * amount) for subject, amount, _count, _total in rows]
    standing = Standing(rows[0][2], sign * rows[0][3]) if rows else Standing()
    return SubjectBalances(listed, standing)
