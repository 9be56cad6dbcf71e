"""What moved on a day: money in, money out, and what the money became."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, Case, Count, Sum, Value, When

from common.words import _
from ledger.models import MONEY, NO_MONEY, Account, Entry, Event
from reports.books.addresses import ledger_address
from reports.books.lines import Happened
from reports.books.periods import Span
from reports.books.subjects import key_of, names_of
from reports.books.sums import ZERO, Sums

# How the report calls what money became; the other accounts by their own names.
WENT_TO = {
    Account.ENERGY_REVENUE: _("Energy, without VAT"),
    Account.SERVICE_REVENUE: _("Service days, without VAT"),
    Account.VAT_PAYABLE: _("VAT on energy and days"),
    Account.PLAN_RECEIVABLE: _("Instalments"),
    Account.FEE_RECEIVABLE: _("Access fees"),
    Account.DEVICE_CREDIT: _("Kept as credit of devices"),
    Account.CUSTOMER_CREDIT: _("Kept as credit of customers"),
}
_FIRST = (
    Account.PLAN_RECEIVABLE,
    Account.FEE_RECEIVABLE,
    Account.ENERGY_REVENUE,
    Account.SERVICE_REVENUE,
    Account.VAT_PAYABLE,
    Account.DEVICE_CREDIT,
    Account.CUSTOMER_CREDIT,
)
_ORDER = (*_FIRST, *(account for account in Account if account not in _FIRST))


@dataclass(frozen=True, slots=True)
class Figure:
    """How many and how much, on the day and on the day before, and where the lines of the day stand."""

    label: Any
    amount: Decimal = ZERO
    count: int = 0
    amount_before: Decimal = ZERO
    count_before: int = 0
    url: str = ""


def total_of(figures: Iterable[Figure]) -> Figure:
    rows = list(figures)
    return Figure(
        "",
        sum((row.amount for row in rows), ZERO),
        sum(row.count for row in rows),
        sum((row.amount_before for row in rows), ZERO),
        sum(row.count_before for row in rows),
    )


@dataclass(frozen=True, slots=True)
class Move:
    """What one event did on one account and, where money lies, for one subject; debits positive."""

    account: Account
    event: Event
    subject: int | None
    is_today: bool
    amount: Decimal
    count: int


def moves_of(span: Span, before: Span) -> list[Move]:
    """Sum both days in one query, by account, event and, where money lies, subject."""
    start = before.start
    assert start is not None
    rows = (
        Entry.objects.filter(posting__occurred_at__gte=start, posting__occurred_at__lt=span.end)
        .annotate(
            is_today=Case(When(posting__occurred_at__gte=span.start, then=True), default=False),
            # Elsewhere subjects would make as many rows as there are customers.
            holder=Case(
                When(account__in=MONEY, then="subject_id"),
                default=Value(None),
                output_field=BigIntegerField(),
            ),
        )
        .order_by()
        .values_list("account", "posting__event", "holder", "is_today")
        .annotate(total=Sum("amount"), count=Count("pk"))
    )
    return [
        Move(Account(account), Event(event), holder, is_today, total, count)
        for account, event, holder, is_today, total, count in rows
    ]


def _figures(
    moves: Iterable[Move], key: Callable[[Move], Any], sign: int
) -> dict[Any, dict[str, Any]]:
    """Add moves up by a key, the two days beside each other."""
    found: dict[Any, dict[str, Any]] = {}
    for move in moves:
        row = found.setdefault(
            key(move), {"amount": ZERO, "count": 0, "amount_before": ZERO, "count_before": 0}
        )
        suffix = "" if move.is_today else "_before"
        row["amount" + suffix] += sign * move.amount
        row["count" + suffix] += move.count
    return found


def received(money: list[Move], span: Span, clearing: dict[Any, Sums]) -> list[Figure]:
    """Money that payers sent, by where it arrived; operators without any stand here with zero."""
    booked = [move for move in money if move.event == Event.BOOKED]
    found = _figures(booked, lambda move: (move.account, move.subject), 1)
    for subject in clearing:
        found.setdefault((Account.OPERATOR_CLEARING, subject), {})
    return [
        Figure(
            label,
            url=ledger_address(account, span, **narrow_to(subject), event=Event.BOOKED),
            **found[account, subject],
        )
        for label, account, subject in holders(found)
    ]


def holders(keys: Iterable[tuple[Account, int | None]]) -> list[tuple[Any, Account, int | None]]:
    """Name who holds the money of each account and subject, in the order of their names."""
    keys = list(keys)
    names = names_of(key_of(account, subject) for account, subject in keys)
    named = [(names[key_of(*key)].label or key[0].label, *key) for key in keys]
    return sorted(named, key=lambda each: (each[1], str(each[0])))


def narrow_to(subject: int | None) -> dict[str, int]:
    return {} if subject is None else {"subject": subject}


def given_back(money: list[Move], span: Span) -> list[Figure]:
    """What else moved money: returned, refunded, reversed, fees of operators. Money that left is positive."""
    others = [move for move in money if move.event != Event.BOOKED and move.event not in NO_MONEY]
    found = _figures(others, lambda move: (move.event, move.account), -1)
    return [
        Figure(
            event.label
            if account == Account.OPERATOR_CLEARING
            else f"{event.label}, {account.label}",
            url=ledger_address(account, span, event=event),
            **found[event, account],
        )
        for event, account in sorted(found, key=lambda key: (list(Event).index(key[0]), key[1]))
    ]


def went_to(moves: list[Move], span: Span) -> list[Figure]:
    """What the money that moved became, account by account: together exactly what came, less what left."""
    others = [m for m in moves if m.account not in MONEY and m.event not in NO_MONEY]
    found = _figures(others, lambda move: move.account, -1)
    return [
        Figure(
            WENT_TO.get(account, account.label),
            url=ledger_address(account, span, event=Happened.MONEY),
            **found[account],
        )
        for account in _ORDER
        if account in found and (found[account]["amount"] or found[account]["amount_before"])
    ]
