"""How every plug-in that is switched on does: last good call, how many failed, what waits for it.

A call of ours failed when no whole answer came, or one that says so (HTTP 400 and above). A call of an operator
failed when we turned it away.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, Min, OuterRef, Q, QuerySet, Subquery

from common.badges import Badge
from desk import inbox
from desk.running import RunningLine, running_lines
from messaging.models import Message
from payments.models import Callback, OperatorResult
from plugins.badges import ATTENTION, WORKING
from plugins.contracts import Kind
from plugins.models import Connection, Exchange
from vending.models import TokenOrder

AN_HOUR, A_DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
FAILED_OFTEN = 3  # failed calls of the last hour, and no good one, that make a plug-in fail
BAD_EXCHANGE = ~Q(error="") | Q(status__gte=400)
OPEN_ORDERS = (TokenOrder.State.DUE, TokenOrder.State.REQUESTED, TokenOrder.State.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class Calls:
    """How many calls there were, and how many of them failed."""

    count: int = 0
    bad: int = 0

    def __add__(self, other: "Calls") -> "Calls":
        return Calls(self.count + other.count, self.bad + other.bad)

    @property
    def percent(self) -> int:
        """The error rate; rounded up, so that one failure is never none."""
        return -(-100 * self.bad // self.count) if self.count else 0


@dataclass(slots=True)
class _Seen:
    """What the logs hold about one connection."""

    hour: Calls = field(default_factory=Calls)
    day: Calls = field(default_factory=Calls)
    good_at: dt.datetime | None = None
    first_bad_at: dt.datetime | None = None  # of the last day


@dataclass(frozen=True, slots=True)
class PluginLine:
    """One connection: how it stands (``running``), its calls, and what waits for it."""

    running: RunningLine
    hour: Calls
    day: Calls
    good_at: dt.datetime | None
    waiting: int
    failing_since: dt.datetime | None

    @property
    def connection(self) -> Connection:
        return self.running.connection

    @property
    def kind(self) -> str:
        return self.connection.kind

    @property
    def badge(self) -> Badge:
        """How it stands; one whose every call fails needs attention, whatever its check said."""
        if self.failing_since and self.running.badge == WORKING:
            return ATTENTION
        return self.running.badge


def plugin_lines(now: dt.datetime) -> list[PluginLine]:
    """Return the connections that are on, money first, in a fixed number of queries."""
    running = running_lines()
    seen = _seen([line.connection for line in running], now)
    waiting = _waiting()
    return [_line(line, seen.get(line.connection.pk, _Seen()), waiting, now) for line in running]


def _line(
    running: RunningLine, seen: _Seen, waiting: Mapping[tuple[str, str], int], now: dt.datetime
) -> PluginLine:
    connection = running.connection
    key = (connection.kind, "" if connection.kind == Kind.SMS else connection.plugin)
    return PluginLine(
        running=running,
        hour=seen.hour,
        day=seen.day,
        good_at=max((at for at in (seen.good_at, running.at) if at), default=None),
        waiting=waiting.get(key, 0),
        failing_since=_failing_since(connection, seen, now),
    )


def _failing_since(connection: Connection, seen: _Seen, now: dt.datetime) -> dt.datetime | None:
    """Return since when a connection is paused, failed its check, or fails every call."""
    if connection.paused_reason or connection.check_state == Connection.CheckState.FAILED:
        return connection.checked_at or connection.created_at
    if seen.hour.bad < FAILED_OFTEN or seen.hour.bad < seen.hour.count:
        return None
    return seen.good_at or seen.first_bad_at or now - AN_HOUR


# --- from the logs ----------------------------------------------------------------------------------------


def _seen(connections: list[Connection], now: dt.datetime) -> dict[int, _Seen]:
    ids = [each.pk for each in connections]
    seen = {pk: _Seen() for pk in ids}
    sent = Exchange.objects.filter(connection__in=ids, direction=Exchange.Direction.OUT)
    heard = Callback.objects.filter(connection__in=ids).exclude(kind="heartbeat")
    _add_calls(seen, sent, "at", BAD_EXCHANGE, now)
    _add_calls(seen, heard, "received_at", inbox.turned_away(), now)
    for row in _last_good(ids):
        found = [at for at in (row["sent"], row["heard"]) if at]
        seen[row["pk"]].good_at = max(found, default=None)
    return seen


def _add_calls(
    seen: dict[int, _Seen], calls: QuerySet[Any], moment: str, bad: Q, now: dt.datetime
) -> None:
    last_hour = Q(**{f"{moment}__gt": now - AN_HOUR})
    sums = (
        calls.filter(**{f"{moment}__gt": now - A_DAY})
        .order_by()
        .values("connection")
        .annotate(
            day=Count("pk"),
            day_bad=Count("pk", filter=bad),
            hour=Count("pk", filter=last_hour),
            hour_bad=Count("pk", filter=last_hour & bad),
            first_bad=Min(F(moment), filter=bad),
        )
    )
    for row in sums:
        each = seen[row["connection"]]
        each.day += Calls(row["day"], row["day_bad"])
        each.hour += Calls(row["hour"], row["hour_bad"])
        found = [at for at in (each.first_bad_at, row["first_bad"]) if at]
        each.first_bad_at = min(found, default=None)


def _last_good(ids: list[int]) -> Iterable[Any]:
    sent = Exchange.objects.filter(connection=OuterRef("pk"), direction=Exchange.Direction.OUT)
    heard = Callback.objects.filter(connection=OuterRef("pk"), state=Callback.State.ACCEPTED)
    return (
        Connection.objects.filter(pk__in=ids)
        .annotate(
            sent=Subquery(sent.exclude(BAD_EXCHANGE).order_by("-at").values("at")[:1]),
            heard=Subquery(heard.order_by("-received_at").values("received_at")[:1]),
        )
        .values("pk", "sent", "heard")
    )


def _waiting() -> Counter[tuple[str, str]]:
    """Count what waits: orders by manufacturer, results by operator, SMS for any gateway."""
    orders = TokenOrder.objects.filter(state__in=OPEN_ORDERS).order_by()
    results = OperatorResult.objects.exclude(state=OperatorResult.State.CONFIRMED).order_by()
    queued = Message.objects.filter(state=Message.State.QUEUED).count()
    found = Counter({(str(Kind.SMS), ""): queued})
    for slug, count in orders.values_list("device__manufacturer").annotate(n=Count("pk")):
        found[Kind.MANUFACTURER, slug] += count
    for slug, count in results.values_list("payment__connection__plugin").annotate(n=Count("pk")):
        found[Kind.PAYMENT, slug] += count
    return found
