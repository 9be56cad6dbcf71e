"""Is everything running? One line a connection: how it stands, and when it last did something."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from common.badges import Badge
from common.words import _
from messaging.models import Message
from payments.models import Payment
from plugins.badges import connection_badge
from plugins.models import Connection
from vending.models import TokenOrder


@dataclass(frozen=True, slots=True)
class RunningLine:
    """``what`` says what happened at ``at``; ``trouble`` replaces both where something is wrong."""

    connection: Connection
    badge: Badge
    what: Any
    at: dt.datetime | None
    trouble: str


WORDS = {
    "payment": (_("last payment"), _("no payment yet")),
    "manufacturer": (_("last token"), _("no token yet")),
    "sms": (_("last SMS"), _("no SMS yet")),
}


def running_lines() -> list[RunningLine]:
    """Return the connections that are on, money first, in one query."""
    kinds = list(WORDS)
    connections = [each for each in _connections() if each.kind in WORDS]
    connections.sort(key=lambda each: (kinds.index(each.kind), each.label))
    return [_line(each) for each in connections]


def _connections() -> "QuerySet[Connection]":
    paid = Payment.objects.filter(connection=OuterRef("pk"), booked_at__isnull=False)
    issued = TokenOrder.objects.filter(
        device__manufacturer=OuterRef("plugin"), state=TokenOrder.State.ISSUED
    )
    sent = Message.objects.filter(connection=OuterRef("pk"), sent_at__isnull=False)
    return Connection.objects.filter(is_on=True).annotate(
        last_paid=Subquery(paid.order_by("-pk").values("booked_at")[:1]),
        last_issued=Subquery(issued.order_by("-pk").values("closed_at")[:1]),
        last_sent=Subquery(sent.order_by("-pk").values("sent_at")[:1]),
    )


def _line(connection: Any) -> RunningLine:
    at = {
        "payment": connection.last_paid,
        "manufacturer": connection.last_issued,
        "sms": connection.last_sent,
    }[connection.kind]
    did, never = WORDS[connection.kind]
    failed = connection.check_state == Connection.CheckState.FAILED
    trouble = connection.paused_reason or (connection.check_message if failed else "")
    badge = connection_badge(connection, has_worked=at is not None)
    return RunningLine(connection, badge, did if at else never, at, trouble)
