"""Reading the rows of a payment's story: a fixed number of queries."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Q, QuerySet

from accounts.models import AuditEntry
from appliances.models import Plan
from devices.models import Device
from ledger.models import Account, Posting
from ledger.selectors import balance, balances, postings_of
from messaging.models import Message
from payments.models import Callback, Conflict, Correction, OperatorResult, Payment
from plugins.models import Connection, Exchange
from vending.models import TokenOrder

MOST_EXCHANGES = 200


@dataclass(slots=True)
class Story:
    """All rows that tell what happened to a payment, or to an order without one."""

    payment: Payment | None
    device: Device | None
    orders: list[TokenOrder]
    messages: list[Message]
    callbacks: list[Callback] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    result: OperatorResult | None = None
    corrections: list[Correction] = field(default_factory=list)
    correction_messages: list[Message] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    postings: list[Posting] = field(default_factory=list)
    decisions: list[AuditEntry] = field(default_factory=list)
    connections: dict[str, Connection] = field(default_factory=dict)
    owed: Decimal = Decimal(0)
    credit: Decimal = Decimal(0)

    @property
    def open_conflicts(self) -> list[Conflict]:
        return [conflict for conflict in self.conflicts if conflict.closed_at is None]

    def exchanges_of(self, source: str, source_id: int) -> list[Exchange]:
        return [e for e in self.exchanges if (e.source, e.source_id) == (source, source_id)]

    def maker_of(self, order: TokenOrder) -> Connection | None:
        return self.connections.get(order.device.manufacturer)


_WITH_DEVICE = ("device__customer__village__mini_grid", "device__tariff")


def load_payment(payment_id: int) -> Story:
    """Read everything that belongs to a payment.

    :raises Payment.DoesNotExist: no such payment
    """
    payment = Payment.objects.select_related(
        "connection", "customer__village__mini_grid", *_WITH_DEVICE
    ).get(pk=payment_id)
    orders = _orders(Q(source="payment", source_id=payment.pk))
    story = Story(
        payment=payment,
        device=payment.device,
        orders=orders,
        messages=_messages(Q(source="payment", source_id=payment.pk), orders),
        callbacks=_callbacks(payment),
        conflicts=list(payment.conflicts.select_related("callback").order_by("pk")),
        result=OperatorResult.objects.filter(payment=payment).first(),
        corrections=list(corrections_with_people().filter(payment=payment).order_by("pk")),
    )
    _add_surroundings(story)
    return story


def load_order(order_id: int) -> Story:
    """Read everything that belongs to an order that no payment paid for, such as one from credit.

    :raises TokenOrder.DoesNotExist: no such order
    """
    order = TokenOrder.objects.select_related(*_WITH_DEVICE).get(pk=order_id)
    orders = _orders(Q(pk=order_id))
    story = Story(
        payment=None, device=order.device, orders=orders, messages=_messages(Q(pk=-1), orders)
    )
    _add_surroundings(story)
    return story


def corrections_with_people() -> QuerySet[Correction]:
    """Refunds and reversals with all that is said about them."""
    return Correction.objects.select_related(
        "payment__connection", "connection", "device", "customer", "asked_by", "decided_by"
    )


def _orders(condition: Q) -> list[TokenOrder]:
    orders = TokenOrder.objects.filter(condition).select_related("device")
    return list(orders.prefetch_related("events").order_by("pk"))


def _messages(condition: Q, orders: Sequence[TokenOrder]) -> list[Message]:
    of_orders = Q(source="order", source_id__in=[order.pk for order in orders])
    messages = Message.objects.filter(condition | of_orders).select_related("connection")
    return list(messages.order_by("pk"))


def _callbacks(payment: Payment) -> list[Callback]:
    """Calls of this payment, and refused calls that named its reference."""
    same = Q(connection=payment.connection, reference=payment.reference) & ~Q(reference="")
    callbacks = Callback.objects.filter(Q(payment=payment) | same)
    return list(callbacks.select_related("connection").order_by("received_at", "pk"))


def _add_surroundings(story: Story) -> None:
    order_ids = [order.pk for order in story.orders]
    payment_ids = [story.payment.pk] if story.payment else []
    correction_ids = [correction.pk for correction in story.corrections]
    if correction_ids:
        told = Q(source="correction", source_id__in=correction_ids)
        story.correction_messages = _messages(told, [])
    message_ids = [message.pk for message in [*story.messages, *story.correction_messages]]
    story.exchanges = list(
        Exchange.objects.filter(
            Q(source="order", source_id__in=order_ids)
            | Q(source="message", source_id__in=message_ids)
            | Q(source="correction", source_id__in=correction_ids)
            | Q(source__in=["payment", "result"], source_id__in=_result_ids(story, payment_ids))
        )
        .select_related("connection")
        .order_by("at", "pk")[:MOST_EXCHANGES]
    )
    story.postings = [
        *postings_of("payment", payment_ids),
        *postings_of("order", order_ids),
        *(postings_of("correction", correction_ids) if correction_ids else ()),
    ]
    story.decisions = _decisions(story)
    makers = {order.device.manufacturer for order in story.orders}
    if story.device:
        makers.add(story.device.manufacturer)
    story.connections = {c.plugin: c for c in Connection.objects.filter(plugin__in=makers)}
    if story.device:
        story.credit = balance(Account.DEVICE_CREDIT, story.device.pk)
        story.owed = _owed(story.device)


def _result_ids(story: Story, payment_ids: list[int]) -> list[int]:
    return payment_ids + ([story.result.pk] if story.result else [])


def _decisions(story: Story) -> list[AuditEntry]:
    """What people did to the payment or its orders."""
    targets = [str(order.public_id) for order in story.orders]
    if story.payment:
        targets.append(str(story.payment.public_id))
    targets += [str(correction.public_id) for correction in story.corrections]
    entries = AuditEntry.objects.filter(target__in=targets, at__gte=_began(story))
    return list(entries.order_by("at", "pk"))


def _began(story: Story) -> dt.datetime:
    return story.payment.created_at if story.payment else story.orders[0].created_at


def _owed(device: Device) -> Decimal:
    """What the device's customer still owes: its access fees and all of the customer's plans."""
    owed = balance(Account.FEE_RECEIVABLE, device.pk)
    if device.customer_id is None:
        return owed
    plans = list(Plan.objects.filter(customer_id=device.customer_id).values_list("pk", flat=True))
    return owed + sum(balances(Account.PLAN_RECEIVABLE, plans).values(), Decimal(0))
