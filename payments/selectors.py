"""Reading payments: the list, its days and sums."""

import datetime as dt
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import (
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    TextChoices,
)
from django.db.models.functions import TruncDate

from common.clock import midnight, today_in
from common.phone import NotAPhone, parse_phone
from common.words import _
from messaging.models import Message
from payments.models import Conflict, Correction, Payment
from payments.standing import GIVEN_BACK, Standing, standings
from plugins.models import Connection
from tenants.models import Company
from vending.models import TokenOrder

PAGE_SIZE = 50
SHORTEST_NUMBER = 6  # fewer digits would match half of all phones


class Group(TextChoices):
    NEEDS = "needs", _("Needs a person")
    MOVING = "moving", _("On its way")
    DONE = "done", _("Done")
    UNDONE = "undone", _("Refunded, returned or reversed")
    ASKED = "asked", _("Asked, not paid")


class Period(TextChoices):
    MONTH = "month", _("This month")
    TODAY = "today", _("Today")
    WEEK = "week", _("Last 7 days")
    LAST_MONTH = "last_month", _("Last month")
    ALL = "all", _("All months")
    DATES = "dates", _("Chosen dates")


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days of a company, first and last included; None is open."""

    first: dt.date | None
    last: dt.date | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the last page ended."""

    at: dt.datetime
    pk: int

    def __str__(self) -> str:
        return f"{self.at.timestamp():.6f}_{self.pk}"

    @classmethod
    def read(cls, text: str) -> "Cursor | None":
        found = re.fullmatch(r"([0-9]{1,11}\.[0-9]{6})_([0-9]{1,18})", text)
        if found is None:
            return None
        seconds = Decimal(found[1])
        at = dt.datetime.fromtimestamp(int(seconds), dt.UTC)
        return cls(at.replace(microsecond=int(seconds % 1 * 1_000_000)), int(found[2]))


@dataclass(slots=True)
class Row:
    payment: Payment
    standing: Standing


@dataclass(slots=True)
class Day:
    """One day of the list: how many payments, and how much of it was kept, over all its pages."""

    date: dt.date
    count: int
    total: Decimal
    rows: list[Row] = field(default_factory=list)


@dataclass(slots=True)
class PaymentPage:
    days: list[Day]
    count: int
    total: Decimal  # of payments that were not given back
    given_back: int
    older: Cursor | None
    size: int


def span_of(period: str, today: dt.date, since: dt.date | None, until: dt.date | None) -> Span:
    """Return the days that a period of the filter means."""
    if period == Period.TODAY:
        return Span(today, today)
    if period == Period.WEEK:
        return Span(today - dt.timedelta(days=6), today)
    if period == Period.MONTH:
        return Span(today.replace(day=1), today)
    if period == Period.LAST_MONTH:
        last = today.replace(day=1) - dt.timedelta(days=1)
        return Span(last.replace(day=1), last)
    return Span(since, until) if period == Period.DATES else Span(None, None)


def payment_list(*, company: Company, now: dt.datetime, asked: dict[str, Any]) -> QuerySet[Payment]:
    """Return the payments that a filter asks for, newest first, each with ``shown_at``.

    :param asked: what ``PaymentFilter.asked`` returned
    """
    group = asked.get("state", "")
    # Money that came is listed by when it came, along its index; questions by when they were asked.
    moment = "created_at" if group == Group.ASKED else "booked_at"
    payments: QuerySet[Any] = (
        Payment.objects.select_related("connection", "customer", "device")
        .annotate(shown_at=F(moment), has_conflict=_open_conflicts_exist())
        .filter(booked_at__isnull=group == Group.ASKED)
        .order_by(f"-{moment}", "-pk")
    )
    payments = _in_group(payments, group)
    if asked.get("via"):
        payments = payments.filter(connection__plugin=asked["via"])
    if asked.get("q"):
        payments = payments.filter(matching(asked["q"], country=company.country))
    return _within(payments, company, now, asked)


def _within(
    payments: QuerySet[Any], company: Company, now: dt.datetime, asked: dict[str, Any]
) -> QuerySet[Any]:
    today = today_in(company.timezone, now)
    span = span_of(asked["period"], today, asked.get("since"), asked.get("until"))
    if span.first:
        payments = payments.filter(shown_at__gte=midnight(span.first, company.timezone))
    if span.last:
        after = span.last + dt.timedelta(days=1)
        payments = payments.filter(shown_at__lt=midnight(after, company.timezone))
    return payments


def matching(text: str, *, country: str) -> Q:
    """Return what finds a payment by receipt, phone in any spelling, device number or name."""
    text = text.strip()
    condition = (
        Q(reference__iexact=text)
        | Q(receipt__iexact=text)
        | Q(account__iexact=text)
        | Q(device__serial__iexact=text)
    )
    digits = re.sub(r"[\s()./+-]", "", text)
    if digits.isdigit() and len(digits) >= SHORTEST_NUMBER:
        condition |= Q(device__serial__startswith=digits) | Q(account__startswith=digits)
        condition |= _by_phone(text, digits, country)
    words = text.split()
    if words and not text.isdigit():
        condition |= _by_name(words)
    return condition


def _by_phone(text: str, digits: str, country: str) -> Q:
    try:
        phone = parse_phone(text, country)
    except NotAPhone:
        tail = digits.lstrip("0")
        return Q(payer_phone__contains=tail) | Q(customer__phone__contains=tail)
    return Q(payer_phone=phone) | Q(customer__phone=phone)


def _by_name(words: list[str]) -> Q:
    of_customer, of_payer = Q(), Q()
    for word in words[:6]:
        of_customer &= Q(customer__first_name__icontains=word) | Q(
            customer__last_name__icontains=word
        )
        of_payer &= Q(payer_name__icontains=word)
    return of_customer | of_payer


def exact_hit(text: str) -> Payment | None:
    """Return the only payment with this reference or receipt, if there is exactly one."""
    text = text.strip()
    if not text:
        return None
    found = list(Payment.objects.filter(Q(reference__iexact=text) | Q(receipt__iexact=text))[:2])
    return found[0] if len(found) == 1 else None


# --- what stands still, and what moves ---


def _open_conflicts() -> QuerySet[Conflict]:
    return Conflict.objects.filter(payment=OuterRef("pk"), closed_at=None)


def _orders(condition: Q) -> Exists:
    orders = TokenOrder.objects.filter(source="payment", source_id=OuterRef("pk"))
    return Exists(orders.filter(condition))


def _messages(condition: Q) -> Exists:
    messages = Message.objects.filter(source="payment", source_id=OuterRef("pk"))
    return Exists(messages.filter(condition))


ORDER_NEEDS = (
    Q(state=TokenOrder.State.IN_DOUBT)
    | Q(state=TokenOrder.State.REFUSED, decided_by="")
    | (Q(state=TokenOrder.State.DUE) & ~Q(paused_reason=""))
)
MESSAGE_NEEDS = Q(state=Message.State.FAILED, dismissed_at=None)


def corrections_needing_a_person() -> QuerySet[Correction]:
    """Refunds and reversals to be approved, paid out by hand, or looked up."""
    to_pay = Q(state=Correction.State.APPROVED, available_at=None)
    asked = [Correction.State.ASKED, Correction.State.IN_DOUBT]
    return Correction.objects.filter(Q(state__in=asked) | to_pay)


def _needs_a_person() -> Q:
    return (
        Q(state=Payment.State.UNMATCHED)
        | Q(state=Payment.State.RECEIVED, available_at=None)  # settling was given up
        | Q(_open_conflicts_exist())
        | Q(_orders(ORDER_NEEDS))
        | Q(_messages(MESSAGE_NEEDS))
        | Q(Exists(corrections_needing_a_person().filter(payment=OuterRef("pk"))))
    )


def _open_conflicts_exist() -> Exists:
    return Exists(_open_conflicts())


def _moving() -> Q:
    return (
        Q(state=Payment.State.RECEIVED)
        | Q(_orders(Q(state__in=[TokenOrder.State.DUE, TokenOrder.State.REQUESTED])))
        | Q(_messages(Q(state__in=[Message.State.QUEUED, Message.State.SENT])))
    )


def _in_group(payments: QuerySet[Any], group: str) -> QuerySet[Any]:
    if group == Group.UNDONE:
        return payments.filter(state__in=GIVEN_BACK)
    if group == Group.NEEDS:
        return payments.filter(_needs_a_person())
    if group == Group.MOVING:
        return payments.filter(_moving() & ~_needs_a_person())
    if group == Group.DONE:
        settled = payments.filter(state=Payment.State.SETTLED)
        return settled.filter(~_needs_a_person() & ~_moving())
    return payments


# --- one page ---

_KEPT = ~Q(state__in=GIVEN_BACK)


def payment_page(payments: QuerySet[Any], *, zone: str, before: Cursor | None) -> PaymentPage:
    """Return the newest payments before a cursor, by day; the number of queries is constant."""
    page = payments
    if before:
        page = page.filter(Q(shown_at__lt=before.at) | Q(shown_at=before.at, pk__lt=before.pk))
    found = list(page[: PAGE_SIZE + 1])
    shown, has_more = found[:PAGE_SIZE], len(found) > PAGE_SIZE
    totals = payments.aggregate(
        count=Count("pk"),
        total=Sum("amount", filter=_KEPT),
        given_back=Count("pk", filter=~_KEPT),
    )
    last = shown[-1] if shown else None
    return PaymentPage(
        days=_days(payments, shown, zone),
        count=totals["count"],
        total=totals["total"] or Decimal(0),
        given_back=totals["given_back"],
        older=Cursor(last.shown_at, last.pk) if last and has_more else None,
        size=len(shown),
    )


def _days(payments: QuerySet[Any], shown: list[Payment], zone: str) -> list[Day]:
    if not shown:
        return []
    tz = ZoneInfo(zone)
    dates = [p.shown_at.astimezone(tz).date() for p in shown]  # type: ignore[attr-defined]
    sums = (
        payments.filter(
            shown_at__gte=midnight(dates[-1], zone),
            shown_at__lt=midnight(dates[0] + dt.timedelta(days=1), zone),
        )
        .annotate(day=TruncDate("shown_at", tzinfo=tz))
        .order_by()
        .values("day")
        .annotate(count=Count("pk"), total=Sum("amount", filter=_KEPT))
    )
    days = {
        each["day"]: Day(each["day"], each["count"], each["total"] or Decimal(0)) for each in sums
    }
    stand = standings(shown)
    for payment, date in zip(shown, dates, strict=True):
        days[date].rows.append(Row(payment, stand[payment.pk]))
    return sorted((d for d in days.values() if d.rows), key=lambda d: d.date, reverse=True)


def payment_connections() -> list[Connection]:
    """Return the operators this company has or had, by name."""
    return sorted(Connection.objects.filter(kind="payment"), key=lambda c: c.label)


def has_payments() -> bool:
    return Payment.objects.exists()
