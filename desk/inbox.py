"""What did not go through by itself: which rows need a person, and how many they are.

Each kind is one queryset, so that the list and the count in the navigation cannot disagree.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Now

from messaging.models import Message
from payments import selectors as payment_selectors
from payments.models import Callback, Conflict, Correction, OperatorResult, Payment
from payments.statements.selectors import flagged_lines
from plugins.contracts import Kind, Verdict
from plugins.models import Connection
from vending.models import TokenOrder

MANY_ATTEMPTS = 6  # of an operator's result: by then an hour has passed
STUCK_AFTER = dt.timedelta(minutes=10)  # settling takes seconds
TURNED_AWAY_WITHIN = dt.timedelta(days=7)
Order = TokenOrder.State


def orders_in_doubt() -> QuerySet[TokenOrder]:
    return TokenOrder.objects.filter(state=Order.IN_DOUBT)


def orders_refused() -> QuerySet[TokenOrder]:
    """Refused orders that nobody dealt with yet."""
    return TokenOrder.objects.filter(state=Order.REFUSED, decided_by="")


def orders_paused() -> QuerySet[TokenOrder]:
    return TokenOrder.objects.filter(state=Order.DUE).exclude(paused_reason="")


def orders_paused_alone() -> QuerySet[TokenOrder]:
    """Paused orders whose connection is in order: each waits for a person of its own."""
    blocked = Connection.objects.filter(plugin=OuterRef("device__manufacturer")).filter(
        Q(is_on=False) | ~Q(paused_reason="")
    )
    return orders_paused().filter(~Exists(blocked))


def payments_unmatched() -> QuerySet[Payment]:
    return Payment.objects.filter(state=Payment.State.UNMATCHED)


def payments_returned() -> QuerySet[Payment]:
    """Money that moved and was refused, until somebody has seen it."""
    returned = Payment.objects.filter(state=Payment.State.RETURNED, seen_at=None)
    return returned.filter(booked_at__isnull=False)


def payments_stuck() -> QuerySet[Payment]:
    """Booked, but settling fails again and again, or was given up."""
    fails = Q(attempts__gt=0, booked_at__lt=Now() - STUCK_AFTER)
    return Payment.objects.filter(fails | Q(available_at=None), state=Payment.State.RECEIVED)


def conflicts_open() -> QuerySet[Conflict]:
    return Conflict.objects.filter(closed_at=None)


def corrections_waiting() -> QuerySet[Correction]:
    """Refunds and reversals to be approved, paid out by hand, or looked up."""
    return payment_selectors.corrections_needing_a_person()


def results_unconfirmed() -> QuerySet[OperatorResult]:
    unconfirmed = OperatorResult.objects.exclude(state=OperatorResult.State.CONFIRMED)
    return unconfirmed.filter(attempts__gte=MANY_ATTEMPTS, closed_by="")


def is_unconfirmed(result: OperatorResult) -> bool:
    """Whether a result stands in the inbox, as ``results_unconfirmed`` asks."""
    is_open = result.state != OperatorResult.State.CONFIRMED and not result.closed_by
    return is_open and result.attempts >= MANY_ATTEMPTS


def messages_failed() -> QuerySet[Message]:
    return Message.objects.filter(state=Message.State.FAILED, dismissed_at=None)


def messages_paused() -> QuerySet[Message]:
    """SMS that wait for a gateway: one thing to do, however many they are."""
    return Message.objects.filter(state=Message.State.QUEUED).exclude(paused_reason="")


def connections_in_trouble() -> QuerySet[Connection]:
    """Connections that are on and do not work, or are off while orders wait for them."""
    waiting = orders_paused().filter(device__manufacturer=OuterRef("plugin"))
    broken = ~Q(paused_reason="") | Q(check_state=Connection.CheckState.FAILED)
    return Connection.objects.filter(
        Q(Q(is_on=True) & broken) | Q(Q(is_on=False) & Q(Exists(waiting)))
    )


def connections_turned_away() -> QuerySet[Connection]:
    """Operators whose calls we refuse since their last good one, with ``last_bad`` and ``last_good``.

    Refused means not authentic, not readable, or reporting money that belongs to no payment of ours.
    """
    calls = Callback.objects.filter(connection=OuterRef("pk")).order_by("-received_at")
    good = calls.filter(state=Callback.State.ACCEPTED).values("received_at")[:1]
    bad = (
        calls.filter(turned_away(), received_at__gt=Now() - TURNED_AWAY_WITHIN)
        .values("received_at")[:1]
    )  # fmt: skip
    connections = Connection.objects.filter(kind=Kind.PAYMENT)
    connections = connections.annotate(last_bad=Subquery(bad), last_good=Subquery(good))
    newer = Q(last_good=None) | Q(last_good__lt=F("last_bad"))
    return connections.filter(newer, last_bad__isnull=False)


def turned_away() -> Q:
    """Return what marks a call that reported something and was not believed or not understood."""
    return (
        Q(state=Callback.State.REFUSED, payment=None)
        & Q(kind__in=["", "notice"])
        & ~Q(verdict=Verdict.CONFLICT)
    )


ROWS: tuple[Callable[[], QuerySet[Any]], ...] = (
    orders_in_doubt,
    orders_refused,
    orders_paused_alone,
    payments_unmatched,
    payments_returned,
    payments_stuck,
    conflicts_open,
    corrections_waiting,
    results_unconfirmed,
    flagged_lines,
    messages_failed,
    connections_in_trouble,
    connections_turned_away,
)


def inbox_count() -> int:
    """Return how many things need a person, in one query, for the navigation of every page."""
    first, *others = [_marks(rows()) for rows in ROWS]
    others.append(_marks(messages_paused())[:1])
    return int(first.union(*others, all=True).count())


def _marks(rows: QuerySet[Any]) -> Any:
    return rows.order_by().annotate(mark=Value(1)).values_list("mark")
