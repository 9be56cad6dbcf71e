"""Who or what an entry is about, and what caused a posting: by name, in one query per kind."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.text import format_lazy

from accounts.models import User
from appliances.models import Plan
from common.filters import clean_query
from common.words import _
from customers.models import Customer
from devices.models import AccessFee, Device
from ledger.models import Account
from payments.models import Correction, Payment
from plugins.models import Connection
from vending.models import TokenOrder

Key = tuple[str, int]
# What the subject of an account's entries is; the other accounts have none.
SUBJECTS = {
    Account.OPERATOR_CLEARING: "connection",
    Account.CASH_DESK: "user",
    Account.PLAN_RECEIVABLE: "plan",
    Account.FEE_RECEIVABLE: "device",
    Account.CUSTOMER_RECEIVABLE: "customer",
    Account.SUSPENSE: "payment",
    Account.ORDERED: "order",
    Account.DEVICE_CREDIT: "device",
    Account.CUSTOMER_CREDIT: "customer",
    Account.REFUNDS_PAYABLE: "correction",
    Account.ENERGY_REVENUE: "device",
    Account.SERVICE_REVENUE: "device",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A thing by its name, with the address of its page (empty where it has none).

    ``code`` is how files write it: the serial, reference or id that other systems know it by. ``note`` says
    more where there is room: whose device it is now.
    """

    label: Any
    url: str = ""
    code: str = ""
    note: str = ""


NOBODY = Named("")


def key_of(account: str, subject_id: int | None) -> Key | None:
    """Return which row an entry's subject is; None where it has none or it is of an unknown kind."""
    kind = SUBJECTS.get(Account(account))
    return (kind, subject_id) if kind and subject_id is not None else None


def names_of(wanted: Iterable[Key | None]) -> dict[Key | None, Named]:
    """Return each thing by name; what is gone or of an unknown kind by its number."""
    by_kind: dict[str, set[int]] = {}
    for key in wanted:
        if key is not None:
            by_kind.setdefault(key[0], set()).add(key[1])
    found: dict[Key | None, Named] = {None: NOBODY}
    for kind, ids in by_kind.items():
        named = _NAMERS[kind](ids) if kind in _NAMERS else {}
        for pk in ids:
            found[kind, pk] = named.get(pk) or Named(f"{kind} {pk}", code=f"{kind} {pk}")
    return found


def _connections(ids: set[int]) -> dict[int, Named]:
    rows = Connection.objects.filter(pk__in=ids)
    return {row.pk: Named(row.label, code=row.plugin) for row in rows}


def _users(ids: set[int]) -> dict[int, Named]:
    return {row.pk: Named(str(row), code=row.email) for row in User.objects.filter(pk__in=ids)}


def _customers(ids: set[int]) -> dict[int, Named]:
    rows = Customer.objects.filter(pk__in=ids)
    return {row.pk: Named(str(row), _page("customer", row.public_id), row.phone) for row in rows}


def _devices(ids: set[int]) -> dict[int, Named]:
    rows = Device.objects.filter(pk__in=ids).select_related("customer")
    return {
        row.pk: Named(
            row.label, _page("device", row.public_id), row.serial, str(row.customer or "")
        )
        for row in rows
    }


def _plans(ids: set[int]) -> dict[int, Named]:
    rows = Plan.objects.filter(pk__in=ids).select_related("customer", "appliance")
    words = _("{appliance} of {customer}")
    return {
        row.pk: Named(
            format_lazy(words, appliance=row.appliance.name, customer=row.customer),
            _page("customer", row.customer.public_id),
            str(row.public_id),
        )
        for row in rows
    }


def _payments(ids: set[int]) -> dict[int, Named]:
    rows = Payment.objects.filter(pk__in=ids).only("public_id", "reference", "receipt")
    return {
        row.pk: Named(row.receipt or row.reference, _page("payment", row.public_id), row.reference)
        for row in rows
    }


def _orders(ids: set[int]) -> dict[int, Named]:
    rows = TokenOrder.objects.filter(pk__in=ids).select_related("device")
    words = _("Token for {device}")
    return {
        row.pk: Named(
            format_lazy(words, device=row.device.serial),
            _page("order", row.public_id),
            str(row.public_id),
        )
        for row in rows
    }


def _corrections(ids: set[int]) -> dict[int, Named]:
    rows = Correction.objects.filter(pk__in=ids).select_related("payment", "customer", "device")
    return {
        row.pk: Named(
            format_lazy(
                "{kind} {of}",
                kind=row.get_kind_display(),
                of=(row.payment and (row.payment.receipt or row.payment.reference))
                or row.device
                or row.customer
                or "",
            ),
            _page("correction", row.public_id),
            str(row.public_id),
        )
        for row in rows
    }


def _fees(ids: set[int]) -> dict[int, Named]:
    rows = AccessFee.objects.filter(pk__in=ids).select_related("device")
    words = _("Access fee of {device}, {day}")
    return {
        row.pk: Named(
            format_lazy(words, device=row.device.serial, day=row.due_date.isoformat()),
            _page("device", row.device.public_id),
            f"{row.device.serial} {row.due_date.isoformat()}",
        )
        for row in rows
    }


_NAMERS: Mapping[str, Callable[[set[int]], dict[int, Named]]] = {
    "connection": _connections,
    "user": _users,
    "customer": _customers,
    "device": _devices,
    "plan": _plans,
    "payment": _payments,
    "order": _orders,
    "correction": _corrections,
    "access_fee": _fees,
}


def _page(noun: str, public_id: Any) -> str:
    return reverse(f"desk:{noun}", args=[public_id])


# --- finding subjects ------------------------------------------------------------------------------------

_OF_CUSTOMER = ("first_name", "last_name", "phone")
_FOUND_BY: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "connection": (Connection, ("plugin",)),
    "user": (User, ("name", "email")),
    "customer": (Customer, _OF_CUSTOMER),
    "device": (Device, ("serial", *(f"customer__{name}" for name in _OF_CUSTOMER))),
    "plan": (Plan, ("appliance__name", *(f"customer__{name}" for name in _OF_CUSTOMER))),
    "payment": (Payment, ("reference", "receipt", "payer_name")),
    "order": (TokenOrder, ("device__serial",)),
    "correction": (
        Correction,
        ("payment__reference", "payment__receipt", "payment__payer_name", "device__serial"),
    ),
}
MOST = 5_000


def subjects_matching(account: Account, text: str) -> list[int]:
    """Return the ids of an account's subjects that have each word in a name, number or phone."""
    kind = SUBJECTS.get(account)
    if kind is None:
        return []
    model, fields = _FOUND_BY[kind]
    condition = Q()
    for word in clean_query(text).split()[:6]:
        one = Q()
        for name in fields:
            one |= Q(**{f"{name}__icontains": word})
        condition &= one
    ids: list[int] = list(model.objects.filter(condition).values_list("pk", flat=True)[:MOST])
    return ids
