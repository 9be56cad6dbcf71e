"""The page of one cluster, mini-grid or village: what is in it, on a map, with counts and links."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest
from django.urls import reverse

from common.clock import midnight, today_in
from desk.bought import GIVEN_BACK
from desk.places.counts import Counts, counts_by_village, total
from desk.places.kinds import MINI_GRID, OF_MODEL, VILLAGE, AnyPlace
from desk.places.maps import map_of
from desk.places.tree import Row
from devices.models import Device
from locations.changing import is_outside
from locations.maps import Map
from locations.models import Cluster, MiniGrid, Village
from payments.models import Payment
from tenants.models import Company

MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Line:
    """How many of something are there, and the list that shows them."""

    label: Any
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class PlacePage:
    counts: Counts
    devices: list[Line]  # by kind
    customers_url: str
    devices_url: str
    paid: Decimal  # this month
    payments: int
    inside: list[Row]  # mini-grids of a cluster, villages of a mini-grid
    inside_count: int
    outside: list[Row]  # of what lies in it, what stands outside the outline
    is_outside: bool
    map: Map


def villages_in(place: AnyPlace) -> "QuerySet[Village]":
    """Return the villages of a place; a village is in itself."""
    villages = Village.objects.select_related("mini_grid__cluster")
    if isinstance(place, Village):
        return villages.filter(pk=place.pk)
    if isinstance(place, MiniGrid):
        return villages.filter(mini_grid=place)
    return villages.filter(mini_grid__cluster=place)


def place_page(
    request: HttpRequest, company: Company, place: AnyPlace, *, now: dt.datetime
) -> PlacePage:
    """Gather what the page of a place shows; the number of queries is constant."""
    villages = villages_in(place)
    counted = counts_by_village(villages)
    found = list(villages.order_by("name", "pk"))
    inside, standing = _inside(place, found, counted)
    counts = total(counted.values())
    counts.villages = len(found)
    money = _paid(villages, company, now)
    return PlacePage(
        counts=counts,
        devices=_devices(place, counts),
        customers_url=list_url("desk:customer-list", place),
        devices_url=list_url("desk:device-list", place),
        paid=money["total"] or Decimal(0),
        payments=money["count"],
        inside=inside[:MOST_ROWS],
        inside_count=len(inside),
        outside=[row for row in standing if row.is_outside],
        is_outside=not isinstance(place, Cluster) and is_outside(place),
        map=map_of(request, place, standing),
    )


def list_url(view: str, place: AnyPlace, **asked: str) -> str:
    """Return the address of a list with what is in this place only."""
    return f"{reverse(view)}?{urlencode({OF_MODEL[type(place)].asked: place.public_id, **asked})}"


def _inside(
    place: AnyPlace, villages: list[Village], counted: dict[int, Counts]
) -> tuple[list[Row], list[Row]]:
    """Return the rows one step below a place, and all rows that may stand on its map."""
    leaves = [Row(VILLAGE, each, counted.get(each.pk, Counts()), 0) for each in villages]
    if isinstance(place, Village):
        return [], []
    if isinstance(place, MiniGrid):
        return leaves, leaves
    grids = []
    for grid in MiniGrid.objects.filter(cluster=place).select_related("cluster").order_by("name"):
        of_grid = [each for each in villages if each.mini_grid_id == grid.pk]
        counts = total(counted.get(each.pk, Counts()) for each in of_grid)
        counts.villages = len(of_grid)
        grids.append(Row(MINI_GRID, grid, counts, 0))
    return grids, grids + leaves


def _devices(place: AnyPlace, counts: Counts) -> list[Line]:
    return [
        Line(kind.label, counts.kinds[kind], list_url("desk:device-list", place, kind=kind))
        for kind in Device.Kind
        if counts.kinds[kind]
    ]


def _paid(villages: "QuerySet[Village]", company: Company, now: dt.datetime) -> dict[str, Any]:
    first = midnight(today_in(company.timezone, now).replace(day=1), company.timezone)
    kept = Payment.objects.filter(
        booked_at__gte=first, customer__village__in=villages.order_by().values("pk")
    ).exclude(state__in=GIVEN_BACK)
    return kept.aggregate(total=Sum("amount"), count=Count("pk"))
