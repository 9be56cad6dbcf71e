"""What keeps a place from being removed, with the lists that show it."""

from typing import Any

from common.words import _
from customers.models import Customer
from desk.places.kinds import OF_MODEL, AnyPlace
from desk.places.page import Line, list_url
from devices.models import Device
from locations.models import Cluster, MiniGrid


def blockers(place: AnyPlace) -> list[Line]:
    """Return what lies in a place, archived customers and devices counted apart; empty: it may go."""
    if isinstance(place, Cluster):
        count, label = place.mini_grids.count(), _("Mini-grids")
        return [Line(label, count, OF_MODEL[Cluster].url(place))] if count else []
    if isinstance(place, MiniGrid):
        count, label = place.villages.count(), _("Villages")
        return [Line(label, count, OF_MODEL[MiniGrid].url(place))] if count else []
    customers, devices = (
        Customer.objects.filter(village=place),
        Device.objects.filter(village=place),
    )
    archived: dict[str, Any] = {"archived_at__isnull": False}
    found = [
        Line(
            _("Customers"),
            customers.exclude(**archived).count(),
            list_url("desk:customer-list", place),
        ),
        Line(
            _("Archived customers"),
            customers.filter(**archived).count(),
            list_url("desk:customer-list", place, state="archived"),
        ),
        Line(
            _("Devices"), devices.exclude(**archived).count(), list_url("desk:device-list", place)
        ),
        Line(
            _("Archived devices"),
            devices.filter(**archived).count(),
            list_url("desk:device-list", place, state="archived"),
        ),
    ]
    return [line for line in found if line.count]
