"""Tokens that were ordered in a period and issued since."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Case, Count, Q, QuerySet, Sum, When

from plugins.contracts import Unit
from reports.books.periods import Span
from reports.books.sums import ZERO
from vending.models import TokenOrder


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens ordered on a day and issued since: how many, and what they were for."""

    count: int = 0
    unlocks: int = 0
    kwh: Decimal = ZERO
    days: Decimal = ZERO
    cost: Decimal = ZERO
    free: int = 0  # without payment


def tokens_of(span: Span, before: Span) -> tuple[Tokens, Tokens]:
    """Count the tokens of both days in one query."""
    start = before.start
    assert start is not None
    rows = (
        issued_orders(Span(before.first, span.last, span.zone))
        .order_by()
        .annotate(is_today=Case(When(created_at__gte=span.start, then=True), default=False))
        .values_list("is_today")
        .annotate(
            count=Count("pk"),
            unlocks=Count("pk", filter=~Q(task=TokenOrder.Task.CREDIT)),
            kwh=Sum("quantity", filter=Q(unit=Unit.KWH), default=ZERO),
            days=Sum("quantity", filter=Q(unit=Unit.DAY), default=ZERO),
            cost=Sum("cost"),
            free=Count("pk", filter=Q(without_payment=True)),
        )
    )
    found = {is_today: Tokens(*sums) for is_today, *sums in rows}
    return found.get(True, Tokens()), found.get(False, Tokens())


def issued_orders(span: Span) -> QuerySet[TokenOrder]:
    """Return the orders of a period that were issued, newest first.

    They count when they were ordered, as their postings do, not when the manufacturer answered.
    """
    issued = TokenOrder.objects.filter(state=TokenOrder.State.ISSUED)
    return issued.filter(span.holds("created_at")).order_by("-created_at", "-pk")
