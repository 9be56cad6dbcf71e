"""How far plans are paid, as sums over their instalments."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, F, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from appliances.models import Instalment, Plan
from common.fields import AmountField

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class OpenInstalments:
    """Instalments that are not paid in full; ``next_due`` is the day of the oldest."""

    total: Decimal
    count: int
    next_due: dt.date


def open_by_customer(customer_ids: Sequence[int]) -> dict[int, OpenInstalments]:
    """Return what customers owe on running plans, in one query; those who owe nothing are absent."""
    unpaid = Instalment.objects.filter(
        paid__lt=F("cost"), plan__state=Plan.State.RUNNING, plan__customer_id__in=customer_ids
    )
    sums = unpaid.values("plan__customer_id").annotate(
        total=Sum(F("cost") - F("paid")), count=Count("pk"), next_due=Min("due_date")
    )
    return {
        each["plan__customer_id"]: OpenInstalments(each["total"], each["count"], each["next_due"])
        for each in sums
    }


def plans_with_progress() -> QuerySet[Plan]:
    """Return plans with the sums of their instalments, those with something open first.

    Each has ``paid_total``, ``open_total``, ``count``, ``count_paid`` and ``next_due``.
    """
    is_open = Q(instalments__paid__lt=F("instalments__cost"))
    still = Sum(F("instalments__cost") - F("instalments__paid"), filter=is_open)
    return (
        Plan.objects.select_related("appliance", "device", "customer")
        .annotate(
            paid_total=Coalesce(Sum("instalments__paid"), ZERO, output_field=AmountField()),
            open_total=Coalesce(still, ZERO, output_field=AmountField()),
            count=Count("instalments"),
            count_paid=Count("instalments", filter=~is_open),
            next_due=Min("instalments__due_date", filter=is_open),
        )
        .order_by(F("next_due").asc(nulls_last=True), "-sold_at")
    )
