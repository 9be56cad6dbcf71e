"""What audit entries are about: what it is called now, and where its page is. One query per kind of thing."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model, Q
from django.urls import reverse

from accounts.models import AuditEntry, User
from common.words import _
from customers.models import Customer
from customers.selectors import matching
from devices.models import Device, Tariff
from locations.models import Cluster, MiniGrid, Village
from payments.models import Correction, Payment
from payments.statements.models import Statement
from plugins.models import Connection
from vending.models import TokenOrder

MOST_FOUND = 200


@dataclass(frozen=True, slots=True)
class Target:
    """A thing by name; ``url`` is empty where it has no page or is gone."""

    name: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """How things of one kind are looked up: all at once, by the public ids in the log."""

    model: type[Model]
    name: Callable[[Any], str]
    view: str = ""
    related: tuple[str, ...] = ()


_PAYMENT = Kind(Payment, lambda each: each.reference or str(_("Payment")), "desk:payment")
_CORRECTION = Kind(Correction, lambda each: str(each.get_kind_display()), "desk:correction")
_USER = Kind(User, str, "accounts:user")
KINDS = {
    "cluster": Kind(Cluster, str),
    "credit": Kind(Customer, lambda each: each.name, "desk:customer"),
    "customer": Kind(Customer, lambda each: each.name, "desk:customer"),
    "device": Kind(Device, lambda each: str(each.label), "desk:device"),
    "invitation": _USER,
    "login": _USER,
    "mini_grid": Kind(MiniGrid, str),
    "order": Kind(TokenOrder, lambda each: each.device.serial, "desk:order", ("device",)),
    "payment": _PAYMENT,
    "refund": _CORRECTION,
    "result": _PAYMENT,
    "reversal": _CORRECTION,
    "statement": Kind(Statement, lambda each: each.name),
    "tariff": Kind(Tariff, str),
    "user": _USER,
    "village": Kind(Village, str),
}


def targets_of(entries: Iterable[AuditEntry]) -> dict[tuple[str, str], Target]:
    """Return for (thing, target) of each entry what it is called now and where it is shown."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    found: dict[tuple[str, str], Target] = {}
    for entry in entries:
        thing = entry.action.partition(".")[0]
        pk = _as_uuid(entry.target)
        if thing in KINDS and pk is not None:
            wanted[thing].add(pk)
        elif entry.target:
            found[thing, entry.target] = _plain(thing, entry.target)
    for thing, ids in wanted.items():
        found |= _look_up(thing, ids)
    return found


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _plain(thing: str, target: str) -> Target:
    """What is named in the log itself: an e-mail, a plug-in, a company."""
    if thing == "connection":
        return Target(Connection(plugin=target).label, reverse("plugins:connection", args=[target]))
    return Target("" if _as_uuid(target) else target)


def _look_up(thing: str, ids: set[UUID]) -> dict[tuple[str, str], Target]:
    kind = KINDS[thing]
    rows: Any = kind.model._default_manager.filter(public_id__in=ids)
    if kind.related:
        rows = rows.select_related(*kind.related)
    return {
        (thing, str(row.public_id)): Target(
            kind.name(row), reverse(kind.view, args=[row.public_id]) if kind.view else ""
        )
        for row in rows
    }


def called(text: str, *, country: str) -> list[str]:
    """Return the targets in the log of what has this text as name, number, phone or reference."""
    searches: list[Any] = [
        Customer.objects.filter(matching(text, country=country)),
        Device.objects.filter(serial__iexact=text),
        TokenOrder.objects.filter(device__serial__iexact=text),
        Payment.objects.filter(reference__iexact=text),
        User.objects.filter(Q(name__icontains=text) | Q(email__icontains=text)),
        Tariff.objects.filter(name__icontains=text),
    ]
    found = []
    for search in searches:
        ids = search.order_by("-pk").values_list("public_id", flat=True)[:MOST_FOUND]
        found += [str(each) for each in ids]
    return found
