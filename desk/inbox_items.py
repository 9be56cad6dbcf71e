"""The inbox as people read it: each thing as a question or fact, its evidence, since when, one step."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Min, Sum, TextChoices
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from common.badges import Tone
from desk import inbox
from desk.trace.writer import Writer, explain, maker_name, sentence
from messaging.models import Message
from payments.models import Callback, Conflict, OperatorResult, Payment
from plugins.models import Connection
from tenants.scope import current_company
from vending.models import TokenOrder

MOST = 200  # of one kind on the page; the count counts all


class Tab(TextChoices):
    TOKENS = "tokens", gettext_lazy("Tokens")
    PAYMENTS = "payments", gettext_lazy("Payments")
    SMS = "sms", gettext_lazy("SMS")
    CONNECTIONS = "connections", gettext_lazy("Connections")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that needs a person. ``facts`` are who and how much; since when follows them."""

    key: str
    tab: Tab
    tone: Tone
    icon: str
    title: str
    text: str
    facts: tuple[str, ...]
    since: dt.datetime
    button: str
    url: str
    permission: str


def inbox_items(writer: Writer) -> list[Item]:
    """Return everything that needs a person, oldest first; a fixed number of queries."""
    found: list[Item] = [
        *_order_items(writer),
        *_payment_items(writer),
        *_conflict_items(writer),
        *_result_items(writer),
        *_message_items(writer),
        *_connection_items(),
        *_turned_away_items(writer),
    ]
    return sorted(found, key=lambda item: item.since)


# --- tokens ---


def _order_items(writer: Writer) -> Iterator[Item]:
    related = ("device__customer__village",)
    doubtful = list(inbox.orders_in_doubt().select_related(*related).order_by("pk")[:MOST])
    refused = list(inbox.orders_refused().select_related(*related).order_by("pk")[:MOST])
    paused = list(inbox.orders_paused_alone().select_related(*related).order_by("pk")[:MOST])
    payments = _payments_of([*doubtful, *refused, *paused])
    for order in doubtful:
        yield _doubt(order, payments.get(order.source_id), writer)
    for order in refused:
        yield _refusal(order, payments.get(order.source_id), writer)
    for order in paused:
        yield _pause(order, payments.get(order.source_id), writer)


def _payments_of(orders: Iterable[TokenOrder]) -> dict[int, Payment]:
    ids = [order.source_id for order in orders if order.source == "payment"]
    return Payment.objects.in_bulk(ids)


def _order_facts(order: TokenOrder, payment: Payment | None, writer: Writer) -> tuple[str, ...]:
    customer = order.device.customer
    who = f"{writer.person(customer)}, {customer.village.name}" if customer else order.device.label
    money = payment.amount if payment and order.source == "payment" else order.cost
    return (who, writer.money(money)) if money else (who,)


def _order_url(order: TokenOrder, payment: Payment | None) -> str:
    if payment and order.source == "payment":
        return reverse("desk:payment", args=[payment.public_id])
    return reverse("desk:order", args=[order.public_id])


def _doubt(order: TokenOrder, payment: Payment | None, writer: Writer) -> Item:
    facts = {
        "maker": maker_name(order.device.manufacturer),
        "device": order.device.label,
        "reason": sentence(order.reason),
    }
    return Item(
        key=f"order-{order.public_id}",
        tab=Tab.TOKENS,
        tone=Tone.DOUBT,
        icon="ask",
        title=_("Did %(maker)s issue a token for %(device)s?") % facts,
        text=_("%(reason)s Look in the portal of %(maker)s and tell us.") % facts,
        facts=_order_facts(order, payment, writer),
        since=order.requested_at or order.created_at,
        button=_("Decide"),
        url=_order_url(order, payment),
        permission="vending.decide_doubt",
    )


def _refusal(order: TokenOrder, payment: Payment | None, writer: Writer) -> Item:
    facts = {"maker": maker_name(order.device.manufacturer), "device": order.device.label}
    kept = (
        _("The money is kept as credit of the device.")
        if order.cost
        else _("The days stay owed on the plan.")
    )
    return Item(
        key=f"order-{order.public_id}",
        tab=Tab.TOKENS,
        tone=Tone.BAD,
        icon="cross",
        title=_("%(maker)s refused a token for %(device)s") % facts,
        text=f"“{order.reason}” {kept}" if order.reason else kept,
        facts=_order_facts(order, payment, writer),
        since=order.closed_at or order.created_at,
        button=_("See and decide"),
        url=_order_url(order, payment),
        permission="payments.view_payment",
    )


def _pause(order: TokenOrder, payment: Payment | None, writer: Writer) -> Item:
    return Item(
        key=f"order-{order.public_id}",
        tab=Tab.TOKENS,
        tone=Tone.WARN,
        icon="clock",
        title=_("The token for %(device)s waits") % {"device": order.device.label},
        text=_("Nothing was bought: %(reason)s") % {"reason": sentence(order.paused_reason)},
        facts=_order_facts(order, payment, writer),
        since=order.created_at,
        button=_("See and try again"),
        url=_order_url(order, payment),
        permission="payments.view_payment",
    )


# --- payments ---


def _payment_items(writer: Writer) -> Iterator[Item]:
    related = ("connection", "customer__village")
    for payment in inbox.payments_unmatched().select_related(*related).order_by("pk")[:MOST]:
        yield _unmatched(payment, writer)
    for payment in inbox.payments_returned().select_related(*related).order_by("pk")[:MOST]:
        yield _returned(payment, writer)
    for payment in inbox.payments_stuck().select_related(*related).order_by("pk")[:MOST]:
        yield _stuck(payment, writer)


def _money_in(payment: Payment, **words: Any) -> Item:
    receipt = payment.receipt or payment.reference
    return Item(
        key=f"payment-{payment.public_id}",
        tab=Tab.PAYMENTS,
        facts=(f"{payment.connection.label} {receipt}",),
        since=payment.booked_at or payment.created_at,
        permission=words.pop("permission", "payments.view_payment"),
        **{"url": reverse("desk:payment", args=[payment.public_id]), **words},
    )


def _payer(payment: Payment, writer: Writer) -> str:
    return payment.payer_name or writer.phone(payment.payer_phone) or _("The payer")


def _unmatched(payment: Payment, writer: Writer) -> Item:
    facts = {
        "payer": _payer(payment, writer),
        "account": payment.account,
        "reason": explain(payment.reason),
    }
    return _money_in(
        payment,
        tone=Tone.WARN,
        icon="people",
        title=_("%(money)s without a customer") % {"money": writer.money(payment.amount)},
        text=_("%(payer)s typed %(account)s. %(reason)s") % facts,
        button=_("Match"),
        url=reverse("desk:payment-assign", args=[payment.public_id]),
        permission="payments.decide_payment",
    )


def _returned(payment: Payment, writer: Writer) -> Item:
    facts = {
        "payer": _payer(payment, writer),
        "account": payment.account,
        "reason": explain(payment.reason),
        "operator": payment.connection.label,
    }
    return _money_in(
        payment,
        tone=Tone.QUIET,
        icon="undo",
        title=_("%(money)s goes back to the payer") % {"money": writer.money(payment.amount)},
        text=_("%(payer)s typed %(account)s. %(reason)s %(operator)s returns the money.") % facts,
        button=_("See"),
    )


def _stuck(payment: Payment, writer: Writer) -> Item:
    facts = {"money": writer.money(payment.amount), "count": payment.attempts}
    return _money_in(
        payment,
        tone=Tone.BAD,
        icon="split",
        title=_("%(money)s cannot be settled") % facts,
        text=_("Tried %(count)s times. The money is booked and safe; tell your technician.")
        % facts,
        button=_("See"),
    )


def _conflict_items(writer: Writer) -> Iterator[Item]:
    conflicts = inbox.conflicts_open().select_related(
        "payment__connection", "payment__customer__village", "callback"
    )
    for conflict in conflicts.order_by("pk")[:MOST]:
        yield _conflict(conflict, writer)


def _conflict(conflict: Conflict, writer: Writer) -> Item:
    payment = conflict.payment
    facts = {
        "operator": payment.connection.label,
        "receipt": payment.receipt or payment.reference,
        "counted": writer.money(payment.amount),
        "account": payment.account,
        "other": writer.written_amount(conflict.amount),
        "other_account": conflict.account,
    }
    text = _(
        "%(operator)s reported %(receipt)s with %(counted)s for %(account)s, which was counted, and"
        " again with %(other)s for %(other_account)s, which was not."
    )
    who = (writer.person(payment.customer),) if payment.customer else ()
    return Item(
        key=f"conflict-{conflict.pk}",
        tab=Tab.PAYMENTS,
        tone=Tone.WARN,
        icon="warn",
        title=_("One receipt, two reports"),
        text=text % facts,
        facts=(*who, payment.connection.label),
        since=conflict.opened_at,
        button=_("Compare"),
        url=reverse("desk:conflict", args=[payment.public_id, conflict.pk]),
        permission="payments.view_payment",
    )


def _result_items(writer: Writer) -> Iterator[Item]:
    results = inbox.results_unconfirmed().select_related("payment__connection")
    for result in results.order_by("pk")[:MOST]:
        yield _result(result, writer)


def _result(result: OperatorResult, writer: Writer) -> Item:
    payment = result.payment
    facts = {
        "operator": payment.connection.label,
        "count": result.attempts,
        "reason": sentence(result.reason),
        "money": writer.money(payment.amount),
    }
    return Item(
        key=f"result-{result.pk}",
        tab=Tab.PAYMENTS,
        tone=Tone.WARN,
        icon="send",
        title=_("%(operator)s has not taken our word on %(money)s") % facts,
        text=_("Told %(count)s times, never confirmed. %(reason)s We go on telling.") % facts,
        facts=(f"{payment.connection.label} {payment.receipt or payment.reference}",),
        since=result.decided_at,
        button=_("See"),
        url=reverse("desk:payment", args=[payment.public_id]),
        permission="payments.view_payment",
    )


# --- SMS ---


def _message_items(writer: Writer) -> Iterator[Item]:
    messages = inbox.messages_failed().select_related("connection").order_by("pk")
    for message in messages[:MOST]:
        yield _failed_message(message, writer)
    paused = inbox.messages_paused().aggregate(
        count=Count("pk"), since=Min("created_at"), reason=Min("paused_reason")
    )
    if paused["count"]:
        yield _paused_messages(paused)


def _failed_message(message: Message, writer: Writer) -> Item:
    is_token = message.purpose == "token"
    gateway = message.connection.label if message.connection else _("The gateway")
    facts = {
        "gateway": gateway,
        "phone": writer.phone(message.phone),
        "reason": sentence(message.reason),
    }
    text = _("%(gateway)s could not deliver it to %(phone)s. %(reason)s") % facts
    safe = " " + _("The token is safe.") if is_token else ""
    return Item(
        key=f"message-{message.public_id}",
        tab=Tab.SMS,
        tone=Tone.BAD,
        icon="sms",
        title=_("SMS with a token did not arrive") if is_token else _("SMS did not arrive"),
        text=text.strip() + safe,
        facts=(writer.phone(message.phone),),
        since=message.closed_at or message.created_at,
        button=_("Send again or leave it"),
        url=reverse("messaging:message-resend", args=[message.public_id]),
        permission="messaging.resend_message",
    )


def _paused_messages(paused: dict[str, Any]) -> Item:
    title = ngettext("One SMS waits", "%(count)s SMS wait", paused["count"])
    return Item(
        key="messages-paused",
        tab=Tab.SMS,
        tone=Tone.WARN,
        icon="sms",
        title=title % {"count": paused["count"]},
        text=_("%(reason)s They leave by themselves once a gateway works.")
        % {"reason": sentence(paused["reason"])},
        facts=(),
        since=paused["since"],
        button=_("Open plug-ins"),
        url=reverse("plugins:connection-list"),
        permission="plugins.view_connection",
    )


# --- connections ---


def _connection_items() -> Iterator[Item]:
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
    return {item.key.removeprefix(_AWAY): item.text for item in _turned_away_items(writer)}


_AWAY = "turned-away-"


def _turned_away_items(writer: Writer) -> Iterator[Item]:
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
