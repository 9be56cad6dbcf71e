"""Tokens that need a person: in doubt, refused, paused."""

from collections.abc import Iterable, Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from common.badges import Tone
from desk import inbox
from desk.inbox_items.item import MOST, Item, Tab
from desk.trace.writer import Writer, maker_name, sentence
from payments.models import Payment
from vending.models import TokenOrder


def order_items(writer: Writer) -> Iterator[Item]:
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
    title = _("%(maker)s refused a token for %(device)s")
    if order.without_payment:
        kept = _("Nothing was paid for it.")
    elif order.task == TokenOrder.Task.UNLOCK:
        title = _("%(maker)s refused to unlock %(device)s")
        kept = _("The plan stays paid, and the unlocking stays owed.")
    elif order.cost:
        kept = _("The money is kept as credit of the device.")
    else:
        kept = _("The days stay owed on the plan.")
    return Item(
        key=f"order-{order.public_id}",
        tab=Tab.TOKENS,
        tone=Tone.BAD,
        icon="cross",
        title=title % facts,
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
        group=order.device.manufacturer,
    )
