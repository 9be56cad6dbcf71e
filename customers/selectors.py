"""Reading customers: finding them by name or phone, and the list."""

import re
from typing import Any

from django.db.models import Q, QuerySet, TextChoices

from common.phone import NotAPhone, parse_phone
from common.words import _
from customers.models import Customer
from customers.records import Address

SHORTEST_NUMBER = 6  # fewer digits would match half of all phones
MOST_WORDS = 6


class Sort(TextChoices):
    NAME = "name", _("Name")
    NEWEST = "newest", _("Newest first")
    VILLAGE = "village", _("Village")


ORDERS = {
    Sort.NAME: ("last_name", "first_name", "pk"),
    Sort.NEWEST: ("-created_at", "-pk"),
    Sort.VILLAGE: ("village__name", "last_name", "first_name", "pk"),
}


# What a filter calls a place, and how it is reached from a customer.
PLACES = {
    "village": "village__public_id",
    "grid": "village__mini_grid__public_id",
    "cluster": "village__mini_grid__cluster__public_id",
}


class Standing(TextChoices):
    ARCHIVED = "archived", _("Archived")


def customer_list(*, country: str, asked: dict[str, Any]) -> QuerySet[Customer]:
    """Return the customers that a filter asks for; without one, all that are not archived.

    :param country: of the company, for phones written without a country code
    :param asked: what ``CustomerFilter.asked`` returned
    """
    is_archived = asked.get("state") == Standing.ARCHIVED
    customers = Customer.objects.select_related(
        "village__mini_grid__cluster", "connection_type"
    ).filter(archived_at__isnull=not is_archived)
    for name, place in PLACES.items():
        if asked.get(name):
            customers = customers.filter(**{place: asked[name]})
    if asked.get("kind"):
        customers = customers.filter(connection_type_id=asked["kind"])
    if asked.get("q"):
        customers = customers.filter(matching(asked["q"], country=country))
    return customers.order_by(*ORDERS[Sort(asked.get("sort") or Sort.NAME)])


def matching(text: str, *, country: str) -> Q:
    """Return what finds a customer by words of the name or by a phone in any spelling."""
    condition = Q()
    for word in text.split()[:MOST_WORDS]:
        condition &= Q(first_name__icontains=word) | Q(last_name__icontains=word)
    digits = re.sub(r"[\s()./+-]", "", text)
    if digits.isdigit() and len(digits) >= SHORTEST_NUMBER:
        condition |= _by_phone(text, digits, country)
    return condition


def _by_phone(text: str, digits: str, country: str) -> Q:
    """Return what finds a customer by the phone, or by that of a further address."""
    try:
        wanted = {"phone": parse_phone(text, country)}
    except NotAPhone:
        wanted = {"phone__contains": digits.lstrip("0") or digits}
    elsewhere = Address.objects.filter(~Q(phone=""), **wanted)
    return Q(**wanted) | Q(pk__in=elsewhere.values("customer"))


def customers_with_phone(text: str, *, country: str) -> QuerySet[Customer]:
    """Return the customers whose phone this is; none when it cannot be read as a phone."""
    try:
        return Customer.objects.filter(phone=parse_phone(text, country)).order_by("pk")
    except NotAPhone:
        return Customer.objects.none()
