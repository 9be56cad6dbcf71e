"""The ledger of one account: its lines of a period, newest first, with the balance after each."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum, TextChoices

from common.words import _
from ledger.models import NO_MONEY, Account, Entry, Event, Posting, sign_of
from reports.books.periods import Span
from reports.books.subjects import NOBODY, Key, Named, key_of, names_of
from reports.books.sums import ZERO, Sums, sums_by

ROWS = 50
AT_ONCE = 500  # rows of a file
NEWEST_FIRST = ("-posting__occurred_at", "-posting_id", "-pk")
OLDEST_FIRST = ("posting__occurred_at", "posting_id", "pk")


class Side(TextChoices):
    DEBIT = "debit", _("Debits")
    CREDIT = "credit", _("Credits")


class Happened(TextChoices):
    """Groups of events, beside each event for itself."""

    MONEY = "money", _("Money moved")
    NO_MONEY = "no_money", _("No money moved: fees due, sales, write-offs")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines of an account; empty narrows nothing down."""

    account: Account
    span: Span
    subject: int | None = None
    event: str = ""
    side: str = ""

    @property
    def has_balance(self) -> bool:
        """Whether no line is left out, so that a balance can run along them."""
        return not self.event and not self.side

    def of_account(self) -> QuerySet[Entry]:
        """All entries of the account and subject, of any time."""
        entries = Entry.objects.filter(account=self.account)
        return entries.filter(subject_id=self.subject) if self.subject is not None else entries

    def entries(self) -> QuerySet[Entry]:
        entries = self.of_account().filter(self.span.holds("posting__occurred_at"))
        if self.side:
            entries = entries.filter(
                **{"amount__gt" if self.side == Side.DEBIT else "amount__lt": 0}
            )
        return entries.filter(events_asked(self.event, "posting__event"))


def events_asked(event: str, name: str) -> Q:
    """Return what an event, or a group of them, asks of a column."""
    if event == Happened.MONEY:
        return ~Q(**{f"{name}__in": NO_MONEY})
    if event == Happened.NO_MONEY:
        return Q(**{f"{name}__in": NO_MONEY})
    return Q(**{name: event}) if event in Event else Q()


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as the page shows it; ``balance`` is the account's after it, on its own side."""

    entry: Entry
    subject: Named
    cause: Named
    balance: Decimal | None

    @property
    def posting(self) -> Posting:
        return self.entry.posting

    @property
    def account(self) -> Account:
        return Account(self.entry.account)

    @property
    def event(self) -> Event:
        # Its label costs a hundredth of what get_event_display does, which hashes all choices each time.
        return Event(self.posting.event)

    @property
    def debit(self) -> Decimal | None:
        return self.entry.amount if self.entry.amount > 0 else None

    @property
    def credit(self) -> Decimal | None:
        return -self.entry.amount if self.entry.amount < 0 else None


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """Up to fifty lines. Sums and count are of all lines that were asked, on all pages."""

    asked: Asked
    lines: list[Line]
    count: int
    sums: Sums
    older: int | None  # the last entry shown, where there are more

    @property
    def opening(self) -> Decimal:
        return sign_of(self.asked.account) * self.sums.opening

    @property
    def closing(self) -> Decimal:
        return sign_of(self.asked.account) * self.sums.closing

    @property
    def net(self) -> Decimal:
        """What the lines add up to, on the account's own side."""
        return sign_of(self.asked.account) * (self.sums.debits - self.sums.credits)


def ledger_page(asked: Asked, *, before: int | None) -> LedgerPage:
    """Return the newest lines before an entry; the number of queries does not depend on them."""
    entries = asked.entries()
    last = Entry.objects.select_related("posting").filter(pk=before).first() if before else None
    older = older_than(last) if last else Q()
    totals = entries.aggregate(
        count=Count("pk"),
        debits=Sum("amount", filter=Q(amount__gt=0), default=ZERO),
        credits=Sum("amount", filter=Q(amount__lt=0), default=ZERO),
        left=Sum("amount", filter=older or None, default=ZERO),
    )
    opening = _opening(asked)
    sums = Sums(opening, totals["debits"], -totals["credits"])
    found = list(
        entries.filter(older).select_related("posting").order_by(*NEWEST_FIRST)[: ROWS + 1]
    )
    shown = found[:ROWS]
    after_first = opening + totals["left"] if asked.has_balance else None
    return LedgerPage(
        asked=asked,
        lines=_lines(shown, after_first),
        count=totals["count"],
        sums=sums,
        older=shown[-1].pk if len(found) > ROWS else None,
    )


def older_than(entry: Entry) -> Q:
    """Return what the entries fulfil that stand below this one."""
    at, posting = entry.posting.occurred_at, entry.posting_id
    same = Q(posting_id__lt=posting) | Q(posting_id=posting, pk__lt=entry.pk)
    return Q(posting__occurred_at__lte=at) & (Q(posting__occurred_at__lt=at) | same)


def _opening(asked: Asked) -> Decimal:
    if asked.span.first is None:
        return ZERO
    found = sums_by("account", asked.of_account(), asked.span)
    return found.get(str(asked.account), Sums()).opening


def _lines(entries: Sequence[Entry], balance: Decimal | None) -> list[Line]:
    """Name what the entries are about; ``balance`` is the raw one after the first of them."""
    names = names_of(key for entry in entries for key in (subject_of(entry), cause_of(entry)))
    lines = []
    for entry in entries:
        shown = None if balance is None else sign_of(entry.account) * balance
        lines.append(Line(entry, names[subject_of(entry)], names[cause_of(entry)], shown))
        balance = None if balance is None else balance - entry.amount
    return lines


def subject_of(entry: Entry) -> Key | None:
    return key_of(entry.account, entry.subject_id)


def cause_of(entry: Entry) -> Key:
    return entry.posting.source, entry.posting.source_id


def oldest_first(asked: Asked) -> Iterator[Line]:
    """Yield every line that was asked, oldest first, without reading them all at once."""
    balance = _opening(asked) if asked.has_balance else None
    entries = asked.entries().select_related("posting").order_by(*OLDEST_FIRST)
    for portion in portions(entries.iterator(chunk_size=AT_ONCE)):
        names = names_of(key for entry in portion for key in (subject_of(entry), cause_of(entry)))
        for entry in portion:
            shown = None
            if balance is not None:
                balance += entry.amount
                shown = sign_of(entry.account) * balance
            yield Line(entry, names[subject_of(entry)], names[cause_of(entry)], shown)


def portions(rows: Iterator[Any]) -> Iterator[list[Any]]:
    """Yield up to 500 rows at a time."""
    while portion := list(itertools.islice(rows, AT_ONCE)):
        yield portion


def subject_named(asked: Asked) -> Named:
    """Return the name of the subject that was asked for."""
    key = key_of(asked.account, asked.subject)
    return names_of([key])[key] if key else NOBODY
