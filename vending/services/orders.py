"""Placing orders and lifting pauses."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models.functions import Now

from devices.models import Device
from plugins.models import Connection
from vending.models import OrderEvent, TokenOrder

# The worker that places an order issues it at once; the sweeper takes it up when that worker died.
TAKEN_UP_AFTER = dt.timedelta(seconds=8)


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What to buy for a device and what it takes: quantity in ``unit``, cost and VAT in the currency."""

    device: Device
    source: str
    source_id: int
    quantity: Decimal = Decimal(0)
    unit: str = ""
    task: TokenOrder.Task = TokenOrder.Task.CREDIT
    price: Decimal | None = None
    cost: Decimal = Decimal(0)
    vat: Decimal = Decimal(0)
    plan_id: int | None = None
    customer_id: int | None = None


def place_order(new: NewOrder, *, now: dt.datetime) -> TokenOrder:
    """Write an order that is due, in the caller's transaction; the caller books its cost."""
    return TokenOrder.objects.create(
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
        created_at=now,
        available_at=now + TAKEN_UP_AFTER,
    )


def pause(order: TokenOrder, reason: str) -> None:
    """Let an order wait until its connection works again; nothing was bought."""
    paused = TokenOrder.objects.filter(pk=order.pk, state=TokenOrder.State.DUE).update(
        paused_reason=reason[:500], available_at=None
    )
    if paused:
        OrderEvent.objects.create(order=order, kind=OrderEvent.Kind.PAUSED, text=reason[:500])


def resume_paused(connection: Connection) -> None:
    """Take up the paused orders of a manufacturer whose connection was found to work."""
    if connection.kind != "manufacturer":
        return
    orders = TokenOrder.objects.filter(
        state=TokenOrder.State.DUE, device__manufacturer=connection.plugin
    ).exclude(paused_reason="")
    for order in orders:
        OrderEvent.objects.create(order=order, kind=OrderEvent.Kind.RESUMED)
    TokenOrder.objects.filter(pk__in=[order.pk for order in orders]).update(
        paused_reason="", available_at=Now(), attempts=0
    )
