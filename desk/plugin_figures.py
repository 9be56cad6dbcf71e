"""What a connection did today, told by the rooms that know: for the plug-in pages."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Count, Max, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common import formats
from desk.inbox_items import turned_away_words
from devices.models import Device
from messaging.models import Message
from payments.models import Callback, Payment
from plugins import figures
from plugins.contracts import Kind
from plugins.figures import Figures
from plugins.models import Connection
from tenants.scope import current_company
from vending.models import TokenOrder


def register() -> None:
    figures.register(Kind.PAYMENT, operators)
    figures.register(Kind.MANUFACTURER, manufacturers)
    figures.register(Kind.SMS, gateways)


def _number(value: int) -> str:
    return formats.number(value, translation.get_language() or "en")


def operators(connections: Sequence[Connection], since: dt.datetime) -> Mapping[str, Figures]:
    """Reports of today, how many were repeats or refused, and when the last payment came."""
    calls = _by_connection(
        Callback.objects.filter(received_at__gte=since).exclude(kind="heartbeat"),
        refused=Count("pk", filter=Q(state=Callback.State.REFUSED)),
        repeated=Count("pk", filter=Q(kind="notice", state="accepted", digest="")),
    )
    paid = _by_connection(Payment.objects.filter(booked_at__gte=since))
    last = dict(
        Payment.objects.filter(connection__in=connections)
        .values_list("connection")
        .annotate(last=Max("booked_at"))
    )
    trouble = turned_away_words()
    return {
        c.plugin: replace(
            _operator(calls.get(c.pk, {}), paid.get(c.pk, {}), last.get(c.pk)),
            trouble=trouble.get(c.plugin, ""),
        )
        for c in connections
    }


def _by_connection(rows: Any, **more: Any) -> dict[int, dict[str, int]]:
    grouped = rows.order_by().values("connection").annotate(count=Count("pk"), **more)
    return {row["connection"]: row for row in grouped}


def _operator(calls: dict[str, int], paid: dict[str, int], last: dt.datetime | None) -> Figures:
    count = paid.get("count", 0)
    today = ngettext("%(count)s payment today.", "%(count)s payments today.", count)
    sentence = today % {"count": _number(count)}
    if last is None:
        sentence = _("No payment yet.")
    elif not count:
        sentence = _("Last payment %(when)s.") % {"when": _when(last)}
    pairs = (
        (_("Payments"), _number(count)),
        (_("Calls"), _number(calls.get("count", 0))),
        (_("Repeated, counted once"), _number(calls.get("repeated", 0))),
        (_("Refused"), _number(calls.get("refused", 0))),
        (_("Last payment"), _when(last) if last else "–"),
    )
    return Figures(sentence, pairs)


def _when(moment: dt.datetime) -> str:
    language = translation.get_language() or "en"
    return formats.when(moment, timezone.now(), current_company().timezone, language)


def manufacturers(connections: Sequence[Connection], since: dt.datetime) -> Mapping[str, Figures]:
    """Devices of each make, tokens of today, and orders that are open."""
    slugs = [connection.plugin for connection in connections]
    devices = dict(
        Device.objects.filter(manufacturer__in=slugs, archived_at=None)
        .order_by()
        .values_list("manufacturer")
        .annotate(count=Count("pk"))
    )
    issued = _by_maker(TokenOrder.objects.filter(state="issued", closed_at__gte=since))
    doubtful = _by_maker(TokenOrder.objects.filter(state="in_doubt"))
    waiting = _by_maker(TokenOrder.objects.filter(state="due").exclude(paused_reason=""))
    return {
        slug: _maker(
            devices.get(slug, 0), issued.get(slug, 0), doubtful.get(slug, 0), waiting.get(slug, 0)
        )
        for slug in slugs
    }


def _by_maker(orders: Any) -> dict[str, int]:
    rows = orders.order_by().values_list("device__manufacturer").annotate(count=Count("pk"))
    return dict(rows)


def _maker(devices: int, issued: int, doubtful: int, waiting: int) -> Figures:
    words = ngettext("%(count)s device.", "%(count)s devices.", devices)
    tokens = ngettext("%(count)s token today.", "%(count)s tokens today.", issued)
    sentence = f"{words % {'count': _number(devices)}} {tokens % {'count': _number(issued)}}"
    if doubtful:
        sentence += " " + _("%(count)s in doubt.") % {"count": _number(doubtful)}
    pairs = (
        (_("Devices"), _number(devices)),
        (_("Tokens"), _number(issued)),
        (_("In doubt"), _number(doubtful)),
        (_("Paused"), _number(waiting)),
    )
    return Figures(sentence, pairs)


def gateways(connections: Sequence[Connection], since: dt.datetime) -> Mapping[str, Figures]:
    """SMS of today, and how many arrived."""
    sent = _by_connection(
        Message.objects.filter(created_at__gte=since),
        delivered=Count("pk", filter=Q(state=Message.State.DELIVERED)),
        failed=Count("pk", filter=Q(state=Message.State.FAILED)),
    )
    return {c.plugin: _gateway(sent.get(c.pk, {})) for c in connections}


def _gateway(sent: dict[str, int]) -> Figures:
    count, delivered, failed = (sent.get(name, 0) for name in ("count", "delivered", "failed"))
    sentence = _("%(count)s SMS today, %(delivered)s delivered.") % {
        "count": _number(count),
        "delivered": _number(delivered),
    }
    pairs = (
        (_("SMS"), _number(count)),
        (_("Delivered"), _number(delivered)),
        (_("Failed"), _number(failed)),
    )
    return Figures(sentence, pairs)
