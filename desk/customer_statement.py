"""A customer's statement: what the books say between two days, seen from the customer's side.

Credit counts up, debts count down; the balance is both together. Every line is a posting that changed it, so
opening and lines make the closing, and the closing of today is credit less debts. What moves between the
accounts of one person, as credit that becomes credit of a device, changes nothing and is left out. Records that
were merged into a customer are the same person: their postings are in it, under the accounts they had.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, Sum

from appliances.models import Plan
from common import formats
from common.moment import one_moment
from common.words import _
from customers.models import Customer
from desk.customer_records import record_ids
from devices.models import Device, Holding
from ledger.models import Account, Entry, Event
from reports.books.periods import Span
from reports.books.subjects import NOBODY, Key, Named, names_of
from vending.models import TokenOrder

ZERO = Decimal(0)
IN_ONE_LINE = (Event.SETTLED, Event.OVERPAID)  # a payment is one line, however it was split
OF_CUSTOMER = (Account.CUSTOMER_CREDIT, Account.CUSTOMER_RECEIVABLE)
OF_DEVICE = (Account.DEVICE_CREDIT, Account.FEE_RECEIVABLE)
WORDS = {
    Event.SETTLED: _("Payment"),
    Event.CREDIT_SPENT: _("Bought"),
    Event.NOT_ISSUED: _("Not issued, given back"),
    Event.FEE_DUE: _("Access fee"),
    Event.SOLD: _("Sold on instalments"),
    Event.OVERPAID: _("Payment"),
    Event.REFUND_DECIDED: _("Refunded"),
    Event.REFUND_WITHDRAWN: _("Refund withdrawn"),
    Event.REVERSED: _("Taken back by the operator"),
    Event.WRITTEN_OFF: _("Written off"),
    Event.OPENING: _("Opening balance"),
}


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One change of the balance: ``came`` or ``went`` is zero. ``note`` says how much was bought."""

    at: dt.datetime
    what: Any
    cause: Named
    note: str
    change: Decimal
    balance: Decimal

    @property
    def came(self) -> Decimal:
        return max(self.change, ZERO)

    @property
    def went(self) -> Decimal:
        return max(-self.change, ZERO)


@dataclass(frozen=True, slots=True)
class CustomerStatement:
    span: Span
    opening: Decimal
    lines: list[StatementLine]
    closing: Decimal

    @property
    def came(self) -> Decimal:
        return sum((line.came for line in self.lines), ZERO)

    @property
    def went(self) -> Decimal:
        return sum((line.went for line in self.lines), ZERO)


@one_moment()
def customer_statement(customer: Customer, span: Span, *, language: str) -> CustomerStatement:
    """Return what changed a customer's balance in a period; a flat number of queries."""
    held = _held(record_ids(customer))
    theirs = Entry.objects.filter(_of(record_ids(customer), held))
    carried = _carried(held)
    opening = ZERO
    if span.start is not None:
        before = theirs.filter(span.before().holds("posting__occurred_at"))
        opening = -(before.aggregate(total=Sum("amount"))["total"] or ZERO)
        opening += sum((each.total for each in carried if each.at < span.start), ZERO)
    entries = theirs.filter(span.holds("posting__occurred_at")).select_related("posting")
    changes = _changes(entries.order_by("posting__occurred_at", "posting_id", "pk"))
    changes += [each for each in carried if _is_in(each.at, span)]
    changes.sort(key=lambda each: each.at)
    lines = list(_lines(changes, opening, language))
    return CustomerStatement(span, opening, lines, lines[-1].balance if lines else opening)


def _is_in(at: dt.datetime, span: Span) -> bool:
    return at < span.end and (span.start is None or at >= span.start)


@dataclass(frozen=True, slots=True)
class _Held:
    """That a device was somebody's from and until a moment; None: from the beginning, or still."""

    device_id: int
    began: dt.datetime | None
    ended: dt.datetime | None


def _of(records: list[int], held: list[_Held]) -> Q:
    """Return the entries on the accounts of these records, of their plans, and of devices while they held them."""
    plans = Plan.objects.filter(customer__in=records).values("pk")
    found = Q(account__in=OF_CUSTOMER, subject_id__in=records)
    found |= Q(account=Account.PLAN_RECEIVABLE, subject_id__in=plans)
    for each in held:
        while_held = Q(account__in=OF_DEVICE, subject_id=each.device_id)
        if each.began:
            while_held &= Q(posting__occurred_at__gt=each.began)
        if each.ended:
            while_held &= Q(posting__occurred_at__lte=each.ended)
        found |= while_held
    return found


def _held(records: list[int]) -> list[_Held]:
    """Return which devices they hold and held."""
    past = Holding.objects.filter(customer__in=records, ended_at__isnull=False).order_by("pk")
    found = [_Held(each.device_id, each.began_at, each.ended_at) for each in past]
    others = Holding.objects.filter(device=OuterRef("pk"), ended_at__isnull=False)
    now = Device.objects.filter(customer__in=records).annotate(had_others=Exists(others))
    for device in now.order_by("pk"):
        began = device.assigned_at if device.had_others else None
        found.append(_Held(device.pk, began, None))
    return found


def _carried(held: list[_Held]) -> list["_Change"]:
    """Return what devices brought along and took away: what stood on their accounts when they changed hands."""
    moments = [(each.device_id, each.began, 1) for each in held if each.began]
    moments += [(each.device_id, each.ended, -1) for each in held if each.ended]
    if not moments:
        return []
    entries = Entry.objects.filter(account__in=OF_DEVICE)
    sums = entries.filter(subject_id__in={pk for pk, _at, _sign in moments}).aggregate(
        **{
            f"m{number}": Sum("amount", filter=Q(subject_id=pk, posting__occurred_at__lte=at))
            for number, (pk, at, _sign) in enumerate(moments)
        }
    )
    return [
        _Change(at, None, ("device", pk), -sign * sums[f"m{number}"])
        for number, (pk, at, sign) in enumerate(moments)
        if at and sums[f"m{number}"]
    ]


@dataclass(slots=True)
class _Change:
    at: dt.datetime
    event: Event | None  # None: a device changed hands
    key: Key
    total: Decimal


def _changes(entries: Iterable[Entry]) -> list[_Change]:
    """Sum entries up by posting, and the postings of one payment's split into one."""
    found: dict[object, _Change] = {}
    for entry in entries:
        posting = entry.posting
        event, key = Event(posting.event), (posting.source, posting.source_id)
        whole: object = (key, IN_ONE_LINE) if event in IN_ONE_LINE else posting.pk
        change = found.setdefault(whole, _Change(posting.occurred_at, event, key, ZERO))
        change.total -= entry.amount
    return [each for each in found.values() if each.total]


def _lines(changes: list[_Change], opening: Decimal, language: str) -> Iterator[StatementLine]:
    names = names_of(change.key for change in changes)
    bought = TokenOrder.objects.in_bulk([c.key[1] for c in changes if c.key[0] == "order"])
    balance = opening
    for change in changes:
        balance += change.total
        order = bought.get(change.key[1]) if change.key[0] == "order" else None
        note = formats.quantity(order.quantity, order.unit, language) if order else ""
        cause = names.get(change.key, NOBODY)
        what = _words(change)
        yield StatementLine(change.at, what, cause, note, change.total, balance)


def _words(change: _Change) -> Any:
    if change.event is not None:
        return WORDS.get(change.event, change.event.label)
    return _("Changed hands with the device")
