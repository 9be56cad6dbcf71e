"""Postings of a period as a whole: the journal, and one posting with all its lines."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import F, Q, QuerySet
from django.db.models.functions import TruncDate

from ledger.models import Account, Entry, Event, Posting
from payments.models import Correction
from reports.books.lines import AT_ONCE, Line, cause_of, events_asked, portions, subject_of
from reports.books.periods import Span
from reports.books.subjects import Named, names_of
from reports.books.sums import ZERO
from vending.models import TokenOrder


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One posting in one line: its amount is the sum of its debits."""

    posting: Posting
    cause: Named
    amount: Decimal
    debits: list[str]
    credits: list[str]
    is_late: bool

    @property
    def event(self) -> Event:
        return Event(self.posting.event)


def postings(span: Span, *, event: str = "", late: bool = False) -> QuerySet[Posting]:
    """Return the postings of a period, newest first.

    :param late: only those that were recorded after the day on which they count
    """
    found = Posting.objects.filter(span.holds("occurred_at"), events_asked(event, "event"))
    if late:
        tz = ZoneInfo(span.zone)
        found = found.alias(
            counts_on=TruncDate("occurred_at", tzinfo=tz),
            was_on=TruncDate("recorded_at", tzinfo=tz),
        ).filter(was_on__gt=F("counts_on"))
    return found.order_by("-occurred_at", "-pk")


def journal_rows(found: Sequence[Posting], zone: str) -> list[JournalRow]:
    """Return postings with what caused them and where they went; a flat number of queries."""
    lines: dict[int, list[Entry]] = {posting.pk: [] for posting in found}
    for entry in Entry.objects.filter(posting__in=lines).order_by("pk"):
        lines[entry.posting_id].append(entry)
    names = names_of((each.source, each.source_id) for each in found)
    return [
        JournalRow(
            posting=each,
            cause=names[each.source, each.source_id],
            amount=sum((e.amount for e in lines[each.pk] if e.amount > 0), ZERO),
            debits=_accounts(e for e in lines[each.pk] if e.amount > 0),
            credits=_accounts(e for e in lines[each.pk] if e.amount < 0),
            is_late=is_late(each, zone),
        )
        for each in found
    ]


def is_late(posting: Posting, zone: str) -> bool:
    """Whether it was recorded after the day on which it counts."""
    tz = ZoneInfo(zone)
    return _day(posting.recorded_at, tz) > _day(posting.occurred_at, tz)


def _day(moment: dt.datetime, tz: ZoneInfo) -> dt.date:
    return moment.astimezone(tz).date()


def _accounts(entries: Iterator[Entry]) -> list[str]:
    return list(dict.fromkeys(str(Account(entry.account).label) for entry in entries))


def posting_lines(posting: Posting) -> list[Line]:
    """Return all lines of a posting, debits first, with the names of their subjects."""
    entries = list(posting.entries.order_by("-amount", "pk"))
    for entry in entries:
        entry.posting = posting
    names = names_of(key for entry in entries for key in (subject_of(entry), cause_of(entry)))
    return [Line(e, names[subject_of(e)], names[cause_of(e)], None) for e in entries]


def related(posting: Posting) -> QuerySet[Posting]:
    """Return the other postings of the same payment or thing, oldest first.

    A payment and the tokens it paid for are one story: what a reversal takes back stands there.
    """
    condition = Q(source=posting.source, source_id=posting.source_id)
    payment_id = _payment_of(posting)
    if payment_id is not None:
        orders = TokenOrder.objects.filter(source="payment", source_id=payment_id).values("pk")
        corrections = Correction.objects.filter(payment=payment_id).values("pk")
        condition = (
            Q(source="payment", source_id=payment_id)
            | Q(source="order", source_id__in=orders)
            | Q(source="correction", source_id__in=corrections)
        )
    return Posting.objects.filter(condition).exclude(pk=posting.pk).order_by("occurred_at", "pk")


def _payment_of(posting: Posting) -> int | None:
    if posting.source == "payment":
        return posting.source_id
    if posting.source == "order":
        orders = TokenOrder.objects.filter(pk=posting.source_id, source="payment")
        return orders.values_list("source_id", flat=True).first()
    if posting.source == "correction":
        corrections = Correction.objects.filter(pk=posting.source_id)
        return corrections.values_list("payment_id", flat=True).first()
    return None


def journal_lines(span: Span, *, event: str = "", late: bool = False) -> Iterator[Line]:
    """Yield every line of every posting that was asked, oldest first, a portion at a time."""
    found = postings(span, event=event, late=late)
    entries = (
        Entry.objects.filter(posting__in=found.order_by().values("pk"))
        .select_related("posting")
        .order_by("posting__occurred_at", "posting_id", "pk")
    )
    for portion in portions(entries.iterator(chunk_size=AT_ONCE)):
        names = names_of(key for entry in portion for key in (subject_of(entry), cause_of(entry)))
        for entry in portion:
            yield Line(entry, names[subject_of(entry)], names[cause_of(entry)], None)
