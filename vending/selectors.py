"""Reading orders: how much of a month's allowance is used."""

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from common.clock import midnight
from common.fields import QuantityField
from common.prepared import Hole
from devices.pricing import month_of
from vending.models import TokenOrder


def month_borders(at: dt.datetime, zone: str) -> dict[str, dt.datetime]:
    """Return where the company's month of a moment begins, and where the next one does."""
    first, after = (midnight(day, zone) for day in month_of(at.astimezone(ZoneInfo(zone))))
    return {"month": first, "next_month": after}


def with_allowance_used(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Annotate ``used_by_device`` and ``used_by_customer``: kWh of the month's allowance that are used.

    Every order counts that may yet be issued, in the month in which its money was booked; a refused one gave
    back what it used. Wants the holes ``device``, ``customer``, ``month`` and ``next_month``.
    """
    annotated: QuerySet[Any] = rows.annotate(
        used_by_device=_used("device_id", Hole("device")),
        used_by_customer=_used("customer_id", Hole("customer")),
    )
    return annotated


def _used(owner: str, whose: Hole) -> Coalesce:
    orders = TokenOrder.objects.filter(
        allowance_kwh__gt=0,
        created_at__gte=Hole("month"),
        created_at__lt=Hole("next_month"),
        **{owner: whose},
    ).exclude(state=TokenOrder.State.REFUSED)
    total = orders.order_by().values(owner).annotate(total=Sum("allowance_kwh")).values("total")
    field = QuantityField()
    return Coalesce(Subquery(total, output_field=field), Decimal(0), output_field=field)
