"""What the list of customers shows: whom a filter asks for, and a row for each, in a flat number of queries."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, Max, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum, TextChoices
from django.db.models.functions import Coalesce

from appliances.models import Instalment, Plan
from appliances.progress import OpenInstalments, open_by_customer
from common.clock import midnight
from common.fields import AmountField
from common.words import _
from customers.models import Customer
from customers.selectors import ORDERS, Sort, customer_list
from devices.models import AccessFee, Device
from devices.selectors import OpenFees, open_fees_by_customer
from ledger.models import Account, Entry
from ledger.selectors import balances
from payments.models import Payment
from tenants.models import Company

ZERO = Decimal(0)
ACTIVE_DAYS = 25
SHORTEST_SERIAL = 4  # fewer characters would match a good part of all devices


class Paid(TextChoices):
    """Whether a customer is active; ``days`` of the filter say how far back is looked."""

    ACTIVE = "active", _("Active")
    SILENT = "silent", _("Not active")
    NEVER = "never", _("Never paid")


class ListSort(TextChoices):
    """Orders that need to know money, beside those of ``customers.selectors.Sort``."""

    PAID = "paid", _("Last payment, newest first")
    SILENT = "silent", _("Longest without a payment")
    OWES = "owes", _("Owes most")


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer in the list. ``devices`` are those not archived."""

    customer: Customer
    devices: list[Device]
    owes: Decimal
    last_paid: dt.datetime | None


def customers_asked(
    company: Company, asked: dict[str, Any], *, now: dt.datetime
) -> QuerySet[Customer]:
    """Return the customers that a filter asks for; a device number finds whom it belongs to.

    :param asked: what ``CustomerFilter.asked`` returned
    """
    own = {**asked, "sort": ""}
    found = customer_list(country=company.country, asked=own)
    text = "".join(asked.get("q", "").split())
    if _is_serial(text):
        named = customer_list(country=company.country, asked={**own, "q": ""})
        owners = Device.objects.filter(_has_serial(text), customer__isnull=False)
        found = named.filter(
            Q(pk__in=owners.values("customer")) | Q(pk__in=found.order_by().values("pk"))
        )
    for condition in _conditions(company, asked, now):
        found = found.filter(condition)
    found = _sorted(found, asked.get("sort", ""))
    return found.prefetch_related(
        Prefetch("devices", Device.objects.filter(archived_at=None).order_by("pk"))
    )


def _is_serial(text: str) -> bool:
    return text.isascii() and any(character.isdigit() for character in text)


def _has_serial(text: str) -> Q:
    if len(text) < SHORTEST_SERIAL:
        return Q(serial__iexact=text)
    return Q(serial__istartswith=text)


def _conditions(company: Company, asked: dict[str, Any], now: dt.datetime) -> list[Q]:
    zone = company.timezone
    found = [_between("created_at", asked.get("since"), asked.get("until"), zone)]
    if asked.get("device"):
        having = Device.objects.filter(kind=asked["device"], archived_at=None)
        found.append(Q(pk__in=having.filter(customer__isnull=False).values("customer")))
    if asked.get("paid"):
        found.append(_paid(asked["paid"], asked.get("days") or ACTIVE_DAYS, now))
    if asked.get("owes"):
        owing = Q(pk__in=_who_owes())
        found.append(owing if asked["owes"] == "yes" else ~owing)
    if asked.get("paid_since") or asked.get("paid_until"):
        found.append(_last_paid_between(asked.get("paid_since"), asked.get("paid_until"), zone))
    return found


def _between(field: str, first: dt.date | None, last: dt.date | None, zone: str) -> Q:
    """Return what lies between two days of the company, both included; open where one is missing."""
    condition = Q()
    if first:
        condition &= Q(**{f"{field}__gte": midnight(first, zone)})
    if last:
        condition &= Q(**{f"{field}__lt": midnight(last + dt.timedelta(days=1), zone)})
    return condition


def _payers(condition: Q) -> QuerySet[Payment, int]:
    paid = Payment.objects.filter(condition, booked_at__isnull=False, customer__isnull=False)
    return paid.order_by().values_list("customer", flat=True)


def _paid(which: str, days: int, now: dt.datetime) -> Q:
    if which == Paid.NEVER:
        return ~Q(pk__in=_payers(Q()))
    lately = Q(pk__in=_payers(Q(booked_at__gte=now - dt.timedelta(days=days))))
    return lately if which == Paid.ACTIVE else ~lately


def _last_paid_between(first: dt.date | None, last: dt.date | None, zone: str) -> Q:
    within = Q(pk__in=_payers(_between("booked_at", first, last, zone)))
    if last is None:
        return within
    after = _between("booked_at", last + dt.timedelta(days=1), None, zone)
    return within & ~Q(pk__in=_payers(after))


def _who_owes() -> QuerySet[Customer, int]:
    """Return the ids of customers with an open instalment, access fee or debt of their own."""
    plans = _unpaid_instalments().values("plan__customer")
    fees = _unpaid_fees().filter(device__customer__isnull=False).values("device__customer")
    debts = _debts().values("subject_id").annotate(owed=Sum("amount")).filter(owed__gt=0)
    owing = Q(pk__in=plans) | Q(pk__in=fees) | Q(pk__in=debts.values("subject_id"))
    return Customer.objects.filter(owing).order_by().values_list("pk", flat=True)


def _unpaid_instalments() -> QuerySet[Instalment]:
    return Instalment.objects.filter(paid__lt=F("cost"), plan__state=Plan.State.RUNNING).order_by()


def _unpaid_fees() -> QuerySet[AccessFee]:
    return AccessFee.objects.filter(paid__lt=F("amount")).order_by()


def _debts() -> QuerySet[Entry]:
    return Entry.objects.filter(account=Account.CUSTOMER_RECEIVABLE).order_by()


def _sorted(found: QuerySet[Customer], sort: str) -> QuerySet[Customer]:
    if sort in ListSort.values:
        if sort == ListSort.OWES:
            return found.alias(owes=_owes()).order_by("-owes", "last_name", "first_name", "pk")
        last = F("last_paid")
        order = last.desc(nulls_last=True) if sort == ListSort.PAID else last.asc(nulls_first=True)
        return found.alias(last_paid=_last_payment()).order_by(order, "pk")
    return found.order_by(*ORDERS[Sort(sort or Sort.NAME)])


def _last_payment() -> Subquery:
    paid = Payment.objects.filter(customer=OuterRef("pk"), booked_at__isnull=False)
    return Subquery(paid.order_by("-pk").values("booked_at")[:1])


def _owes() -> Any:
    instalments = _unpaid_instalments().filter(plan__customer=OuterRef("pk"))
    fees = _unpaid_fees().filter(device__customer=OuterRef("pk"))
    debts = _debts().filter(subject_id=OuterRef("pk"))
    return (
        _total(instalments, F("cost") - F("paid"), "plan__customer")
        + _total(fees, F("amount") - F("paid"), "device__customer")
        + _total(debts, F("amount"), "subject_id")
    )


def _total(rows: QuerySet[Any], amount: Any, group: str) -> Coalesce:
    total = rows.values(group).annotate(total=Sum(amount)).values("total")
    return Coalesce(Subquery(total, output_field=AmountField()), ZERO, output_field=AmountField())


# --- rows -------------------------------------------------------------------------------------------


def customer_rows(customers: Sequence[Customer]) -> list[CustomerRow]:
    """Return rows for customers, with four queries whatever their number."""
    ids = [customer.pk for customer in customers]
    instalments, fees = open_by_customer(ids), open_fees_by_customer(ids)
    debts = balances(Account.CUSTOMER_RECEIVABLE, ids)
    last = last_payments(ids)
    return [
        CustomerRow(
            customer=each,
            devices=list(each.devices.all()),
            owes=owed(instalments.get(each.pk), fees.get(each.pk)) + debts.get(each.pk, ZERO),
            last_paid=last.get(each.pk),
        )
        for each in customers
    ]


def owed(instalments: OpenInstalments | None, fees: OpenFees | None) -> Decimal:
    """Return what is open on plans and in access fees together."""
    return (instalments.total if instalments else ZERO) + (fees.total if fees else ZERO)


def last_payments(customer_ids: Sequence[int]) -> dict[int, dt.datetime]:
    """Return when customers last paid; those who never did are absent."""
    paid = Payment.objects.filter(customer_id__in=customer_ids, booked_at__isnull=False)
    return dict(paid.values_list("customer_id").annotate(last=Max("booked_at")))
