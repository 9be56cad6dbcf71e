"""Placing orders and lifting pauses."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from common.prepared import Hole, Prepared, insert
from devices.models import Device
from plugins import registry
from plugins.models import Connection
from tenants import duework
from tenants.scope import current_company
from vending.models import OrderEvent, TokenOrder

# The worker that places an order issues it at once; the sweeper takes it up when that worker died.
TAKEN_UP_AFTER = dt.timedelta(seconds=8)


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What to buy for a device and what it takes: quantity in ``unit``, cost and VAT in the currency.

    One without payment says ``why_free`` and who ordered it; it costs nothing.
    """

    device: Device
    source: str
    source_id: int
    quantity: Decimal = Decimal(0)
    unit: str = ""
    task: TokenOrder.Task = TokenOrder.Task.CREDIT
    price: Decimal | None = None
    cost: Decimal = Decimal(0)
    vat: Decimal = Decimal(0)
    vat_percent: Decimal | None = None
    blocks: Sequence[
        Mapping[str, Any]
    ] = ()  # what the energy consists of, as ``TokenOrder.blocks``
    allowance_kwh: Decimal = Decimal(0)
    plan_id: int | None = None
    customer_id: int | None = None
    why_free: str = ""
    note: str = ""
    ordered_by: str = ""


def place_order(new: NewOrder, *, now: dt.datetime) -> TokenOrder:
    """Write an order that is due, in the caller's transaction; the caller books its cost."""
    order = TokenOrder(
        device=new.device,
        task=new.task,
        source=new.source,
        source_id=new.source_id,
        plan_id=new.plan_id,
        customer_id=new.customer_id,
        quantity=new.quantity,
        unit=new.unit,
        price=new.price,
        cost=new.cost,
        vat=new.vat,
        vat_percent=new.vat_percent,
        blocks=list(new.blocks),
        allowance_kwh=new.allowance_kwh,
        without_payment=bool(new.why_free),
        why_free=new.why_free,
        note=new.note[:300],
        ordered_by=new.ordered_by[:150],
        created_at=now,
    )
    insert(order, from_now={"available_at": TAKEN_UP_AFTER})
    return order


_CONNECTION = Prepared(lambda: Connection.objects.filter(plugin=Hole("plugin")))


def connection_for(order: TokenOrder) -> Connection | None:
    """Return the company's account with the order's manufacturer, as it is now."""
    return _CONNECTION.first(plugin=order.device.manufacturer)


def obstacle_of(connection: Connection | None) -> str:
    """Why nothing can be ordered over this connection now; empty when it can."""
    if connection is None:
        return "The manufacturer's plug-in is not set up."
    if connection.plugin not in registry.load():
        return "The manufacturer's plug-in is no longer installed."
    if not connection.is_on:
        return "The manufacturer's plug-in is switched off."
    return connection.paused_reason


def resume_if_mended(order: TokenOrder) -> None:
    """After a pause: take it back when a good check came in between, which did not see this order paused."""
    connection = connection_for(order)
    if connection is not None and not obstacle_of(connection):
        resume_paused(connection)


def pause(order: TokenOrder, reason: str) -> None:
    """Let an order wait until its connection works again; nothing was bought."""
    paused = TokenOrder.objects.filter(pk=order.pk, state=TokenOrder.State.DUE).update(
        paused_reason=reason[:500], available_at=None
    )
    if paused:
        OrderEvent.objects.create(order=order, kind=OrderEvent.Kind.PAUSED, text=reason[:500])


@transaction.atomic
def resume_paused(connection: Connection) -> None:
    """Take up the paused orders of a manufacturer whose connection was found to work."""
    if connection.kind != "manufacturer":
        return
    paused = TokenOrder.objects.filter(
        state=TokenOrder.State.DUE, device__manufacturer=connection.plugin
    ).exclude(paused_reason="")
    ids = list(paused.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    if not ids:
        return
    OrderEvent.objects.bulk_create(
        OrderEvent(order_id=order_id, kind=OrderEvent.Kind.RESUMED) for order_id in ids
    )
    TokenOrder.objects.filter(pk__in=ids).update(paused_reason="", available_at=Now(), attempts=0)
    duework.announce(current_company().pk)


def hand_orders_to_record(*, device_ids: Sequence[int], to_id: int) -> None:
    """Let the orders for devices be those of another record of the same person; in the caller's transaction."""
    TokenOrder.objects.filter(device__in=device_ids).update(customer_id=to_id)
