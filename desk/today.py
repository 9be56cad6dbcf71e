"""The four figures of a day, and of the days before it."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from common.clock import midnight, today_in
from desk.bought import GIVEN_BACK
from payments.models import Payment
from payments.selectors import Group, Period, payment_list
from tenants.models import Company
from vending.models import TokenOrder

ZERO = Decimal(0)
DAYS = 14
WEEK = dt.timedelta(days=7)


@dataclass(slots=True)
class Day:
    """What came in and went out on one day of the company."""

    date: dt.date
    count: int = 0
    total: Decimal = ZERO
    kwh: Decimal = ZERO
    service_days: Decimal = ZERO
    median_seconds: float | None = None  # from the payment to its SMS, handed to the gateway
    slowest_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Today:
    """The days until today, oldest first, and what today is compared with."""

    days: list[Day]
    total_last_week: Decimal  # on the same weekday, until the same time
    needing: int

    @property
    def today(self) -> Day:
        return self.days[-1]

    @property
    def by_themselves(self) -> int:
        """Payments of today that no person had to look at."""
        return max(0, self.today.count - self.needing)

    @property
    def change_percent(self) -> int | None:
        """How far today is above (or, negative, below) last week; None when there is nothing to compare."""
        if not self.total_last_week:
            return None
        return round((self.today.total / self.total_last_week - 1) * 100)

    @property
    def is_above(self) -> bool:
        return (self.change_percent or 0) > 0

    @property
    def change_size(self) -> int:
        return abs(self.change_percent or 0)


def figures(company: Company, *, now: dt.datetime) -> Today:
    """Return the figures of today and the thirteen days before, in five queries."""
    zone = company.timezone
    today = today_in(zone, now)
    dates = [today - dt.timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    days = {date: Day(date) for date in dates}
    since = midnight(dates[0], zone)
    _add_payments(days, since, zone)
    _add_orders(days, since, zone)
    _add_times(days, since, zone)
    asked = {"state": Group.NEEDS, "period": Period.TODAY}
    return Today(
        days=list(days.values()),
        total_last_week=_total_between(midnight(today - WEEK, zone), now - WEEK),
        needing=payment_list(company=company, now=now, asked=asked).count(),
    )


def _kept(since: dt.datetime) -> "QuerySet[Payment]":
    return Payment.objects.filter(booked_at__gte=since).exclude(state__in=GIVEN_BACK)


def _add_payments(days: dict[dt.date, Day], since: dt.datetime, zone: str) -> None:
    by_day = _kept(since).annotate(day=TruncDate("booked_at", tzinfo=ZoneInfo(zone)))
    for each in by_day.values("day").annotate(count=Count("pk"), total=Sum("amount")):
        if each["day"] in days:
            days[each["day"]].count = each["count"]
            days[each["day"]].total = each["total"]


def _add_orders(days: dict[dt.date, Day], since: dt.datetime, zone: str) -> None:
    payments = Payment.objects.filter(booked_at__gte=since).values("pk")
    issued = TokenOrder.objects.filter(
        source="payment", source_id__in=payments, state=TokenOrder.State.ISSUED
    ).annotate(day=TruncDate("closed_at", tzinfo=ZoneInfo(zone)))
    sums = issued.values("day").annotate(
        kwh=Sum("quantity", filter=Q(unit="kwh")), days=Sum("quantity", filter=Q(unit="day"))
    )
    for each in sums:
        if each["day"] in days:
            days[each["day"]].kwh = each["kwh"] or ZERO
            days[each["day"]].service_days = each["days"] or ZERO


# Medians have no function in the ORM.
_TIMES = """
SELECT (payment.booked_at AT TIME ZONE %s)::date,
       percentile_cont(0.5) WITHIN GROUP (
           ORDER BY extract(epoch FROM message.sent_at - payment.booked_at)),
       max(extract(epoch FROM message.sent_at - payment.booked_at))
FROM messaging_message AS message
JOIN payments_payment AS payment ON payment.id = message.source_id
WHERE message.source = 'payment' AND message.purpose = 'token' AND message.resent_by = ''
  AND message.sent_at IS NOT NULL AND payment.booked_at >= %s
GROUP BY 1
"""


def _add_times(days: dict[dt.date, Day], since: dt.datetime, zone: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_TIMES, [zone, since])
        rows = cursor.fetchall()
    for date, median, slowest in rows:
        if date in days:
            days[date].median_seconds = float(median)
            days[date].slowest_seconds = float(slowest)


def _total_between(since: dt.datetime, until: dt.datetime) -> Decimal:
    found = _kept(since).filter(booked_at__lt=until).aggregate(total=Sum("amount"))["total"]
    return found or ZERO
