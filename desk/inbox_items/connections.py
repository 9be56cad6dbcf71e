"""Connections that need a person: in trouble, or turning reports away."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Min, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.badges import Tone
from desk import inbox
from desk.inbox_items.item import Item, Tab
from desk.trace.writer import Writer, explain, sentence
from payments.models import Callback
from plugins.models import Connection
from tenants.scope import current_company


def connection_items() -> Iterator[Item]:
    connections = list(inbox.connections_in_trouble().order_by("pk"))
    waiting: dict[str, Any] = {
        row["device__manufacturer"]: row
        for row in inbox.orders_paused()
        .values("device__manufacturer")
        .annotate(count=Count("pk"), cost=Sum("cost"), since=Min("created_at"))
    }
    for connection in connections:
        yield _trouble(connection, waiting.get(connection.plugin))


def _trouble(connection: Connection, waiting: dict[str, Any] | None) -> Item:
    facts = {"name": connection.label}
    if not connection.is_on:
        title, reason = _("%(name)s is switched off"), ""
    elif connection.paused_reason:
        title, reason = _("Calls to %(name)s are paused"), sentence(connection.paused_reason)
    else:
        title, reason = _("%(name)s failed its check"), sentence(connection.check_message)
    held = ""
    if waiting:
        words = ngettext(
            "One token waits for it.", "%(count)s tokens wait for it.", waiting["count"]
        )
        held = words % {"count": waiting["count"]}
    since = [connection.checked_at or connection.created_at] + (
        [waiting["since"]] if waiting else []
    )
    return Item(
        key=f"connection-{connection.plugin}",
        tab=Tab.CONNECTIONS,
        tone=Tone.BAD if connection.is_on else Tone.WARN,
        icon="link",
        title=title % facts,
        text=f"{reason} {held}".strip(),
        facts=(connection.label,),
        since=min(since),
        button=_("Check connection"),
        url=reverse("plugins:connection", args=[connection.plugin]),
        permission="plugins.view_connection",
    )


def turned_away_words() -> dict[str, str]:
    """Return for each operator whose reports we refuse how many there are and why, by plug-in."""
    writer = Writer(current_company(), timezone.now())
    return {item.key.removeprefix(_AWAY): item.text for item in turned_away_items(writer)}


_AWAY = "turned-away-"


def turned_away_items(writer: Writer) -> Iterator[Item]:
    connections: Any = inbox.connections_turned_away().order_by("pk")
    for connection in connections:
        calls = Callback.objects.filter(inbox.turned_away(), connection=connection)
        if connection.last_good:
            calls = calls.filter(received_at__gt=connection.last_good)
        found = calls.aggregate(count=Count("pk"), since=Min("received_at"))
        last = calls.order_by("-received_at").values_list("reason", flat=True).first()
        yield _turned_away(connection, found, explain(last or ""), writer)


def _turned_away(
    connection: Connection, found: dict[str, Any], reason: str, writer: Writer
) -> Item:
    facts = {
        "name": connection.label,
        "count": found["count"],
        "time": writer.when(found["since"]),
        "reason": reason,
    }
    words = ngettext(
        "One report since %(time)s. %(reason)s",
        "%(count)s reports since %(time)s. The last one: %(reason)s",
        found["count"],
    )
    return Item(
        key=_AWAY + connection.plugin,
        tab=Tab.CONNECTIONS,
        tone=Tone.WARN,
        icon="link",
        title=_("Reports of %(name)s are being turned away") % facts,
        text=words % facts + " " + _("They are kept."),
        facts=(connection.label,),
        since=found["since"],
        button=_("Check connection"),
        url=reverse("plugins:connection", args=[connection.plugin]),
        permission="plugins.view_connection",
    )
