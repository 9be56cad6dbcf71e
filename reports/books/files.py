"""The books as files for accountants. Names of columns are part of docs/books.md and stay as they are.

They are not translated: a program that reads such a file looks for them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ledger.models import KINDS, Account
from reports.books.lines import AT_ONCE, Line
from reports.books.periods import Span
from reports.books.subjects import SUBJECTS, Named, key_of, names_of
from reports.books.sums import TrialBalance, TrialRow
from reports.exports import Column
from tenants.scope import current_company


def _currency(_row: object) -> str:
    return current_company().currency


def _day(line: Line) -> Any:
    return line.posting.occurred_at.astimezone(ZoneInfo(current_company().timezone)).date()


def _subject_kind(line: Line) -> str:
    return SUBJECTS.get(line.account, "") if line.entry.subject_id is not None else ""


_OF_POSTING: list[Column[Line]] = [
    Column("posting", lambda line: line.posting.pk),
    Column("date", _day),
    Column("occurred_at", lambda line: line.posting.occurred_at),
    Column("recorded_at", lambda line: line.posting.recorded_at),
    Column("event", lambda line: line.posting.event),
    Column("event_name", lambda line: line.event.label),
    Column("account", lambda line: line.entry.account),
    Column("account_name", lambda line: line.account.label),
    Column("subject_kind", _subject_kind),
    Column("subject", lambda line: line.subject.code),
    Column("subject_name", lambda line: line.subject.label),
    Column("debit", lambda line: line.debit),
    Column("credit", lambda line: line.credit),
]
_CAUSE: list[Column[Line]] = [
    Column("currency", _currency),
    Column("cause_kind", lambda line: line.posting.source),
    Column("cause", lambda line: line.cause.code),
    Column("memo", lambda line: line.posting.memo),
    Column("actor", lambda line: line.posting.actor_name),
    Column("posting_id", lambda line: line.posting.public_id),
]
JOURNAL_COLUMNS = [*_OF_POSTING, *_CAUSE]
_BALANCE: list[Column[Line]] = [Column("balance", lambda line: line.balance)]
LEDGER_COLUMNS = [*_OF_POSTING, *_BALANCE, *_CAUSE]


# --- trial balance -----------------------------------------------------------------------------------------

TrialLine = tuple[Span, TrialRow]
TRIAL_COLUMNS: list[Column[TrialLine]] = [
    Column("since", lambda line: line[0].first),
    Column("until", lambda line: line[0].last),
    Column("kind", lambda line: str(KINDS[line[1].account])),
    Column("account", lambda line: str(line[1].account)),
    Column("account_name", lambda line: line[1].account.label),
    Column("opening_debit", lambda line: max(line[1].sums.opening, Decimal(0))),
    Column("opening_credit", lambda line: max(-line[1].sums.opening, Decimal(0))),
    Column("debits", lambda line: line[1].sums.debits),
    Column("credits", lambda line: line[1].sums.credits),
    Column("closing_debit", lambda line: max(line[1].sums.closing, Decimal(0))),
    Column("closing_credit", lambda line: max(-line[1].sums.closing, Decimal(0))),
    Column("currency", _currency),
]


def trial_lines(trial: TrialBalance) -> list[TrialLine]:
    return [(trial.span, row) for group in trial.groups for row in group.rows]


# --- who has a balance -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """One subject of an account and its balance on the account's own side."""

    account: Account
    until: Any
    subject: Named
    amount: Decimal


BALANCE_COLUMNS: list[Column[BalanceLine]] = [
    Column("until", lambda line: line.until),
    Column("account", lambda line: str(line.account)),
    Column("account_name", lambda line: line.account.label),
    Column("subject_kind", lambda line: SUBJECTS.get(line.account, "")),
    Column("subject", lambda line: line.subject.code),
    Column("subject_name", lambda line: line.subject.label),
    Column("balance", lambda line: line.amount),
    Column("currency", _currency),
]


def balance_lines(
    account: Account, span: Span, rows: Sequence[tuple[int | None, Decimal]]
) -> Iterator[BalanceLine]:
    """Yield balances with the names of their subjects, a portion at a time."""
    for start in range(0, len(rows), AT_ONCE):
        portion = [
            (key_of(account, subject), amount) for subject, amount in rows[start : start + AT_ONCE]
        ]
        names = names_of(key for key, _amount in portion)
        for key, amount in portion:
            yield BalanceLine(account, span.last, names[key], amount)
