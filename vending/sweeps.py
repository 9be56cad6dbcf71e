"""Taking up what stalled in this room."""

import datetime as dt

from django.db.models import Min, Q, QuerySet
from django.db.models.functions import Now

from common.queue import ring, room
from common.schema import current_schema
from tenants.models import Company
from vending.models import TokenOrder
from vending.tasks import issue_token, look_up_token, release_order

State = TokenOrder.State


def restart(_: Company) -> None:
    """Ring for what a dead worker left, for what is due and for what is in doubt."""
    orders = TokenOrder.objects.order_by("available_at", "pk")
    for order_id in _ids(orders.filter(state=State.REQUESTED, leased_until__lt=Now())):
        ring(release_order, schema=current_schema(), order_id=order_id)
    ready = orders.filter(available_at__lte=Now(), paused_reason="")
    for order_id in _ids(ready.filter(state=State.DUE)):
        ring(issue_token, schema=current_schema(), order_id=order_id)
    for order_id in _ids(ready.filter(state=State.IN_DOUBT)):
        ring(look_up_token, schema=current_schema(), order_id=order_id)


def next_due(_: Company) -> dt.datetime | None:
    """When the next order of this company wants something from a machine."""
    found = TokenOrder.objects.filter(
        Q(state__in=[State.DUE, State.IN_DOUBT], available_at__isnull=False)
        | Q(state=State.REQUESTED)
    ).aggregate(due=Min("available_at"), lost=Min("leased_until"))
    return min((at for at in found.values() if at), default=None)


def _ids(orders: QuerySet[TokenOrder]) -> list[int]:
    return list(orders.values_list("pk", flat=True)[: room(current_schema())])
