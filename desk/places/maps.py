"""The maps of the list of places and of one place."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as say
from django.utils.translation import ngettext

from desk.places.kinds import MINI_GRID, VILLAGE, AnyPlace
from desk.places.tree import Row
from locations.changing import is_outside
from locations.geometry import Outline, Spot, make_spot
from locations.maps import Area, Dot, Edit, Map, make_map
from locations.models import Cluster, MiniGrid, Village

MOST_DOTS = 120  # those with most customers; the list has all
MOST_CORNERS = 60  # of each outline where many are shown


def cluster_of(place: AnyPlace) -> Cluster:
    """Return the cluster in which a place lies; a cluster is its own."""
    if isinstance(place, Cluster):
        return place
    return place.cluster if isinstance(place, MiniGrid) else place.mini_grid.cluster


def map_of(request: HttpRequest, place: AnyPlace, rows: Sequence[Row]) -> Map:
    """Return the map of one place: the outline around it, itself, and the rows in it that have a point."""
    dots = _heaviest([_dot(row, row.place) for row in rows if not isinstance(row.place, Cluster)])
    if not isinstance(place, Cluster) and place.spot:
        is_grid = isinstance(place, MiniGrid)
        dots.append(Dot(place.spot, place.name, tone=_tone(place), is_square=is_grid))
    label = say("%(name)s, drawn from coordinates. The lists on this page say the same.")
    return make_map(request, dots=dots, areas=_around(place), label=label % {"name": place.name})


def map_of_all(request: HttpRequest, rows: Sequence[Row]) -> Map:
    """Return the map above the list: outlines, and one dot for each mini-grid."""
    places = _of_grids(rows)
    dots = [
        Dot(
            spot=spot,
            label=row.place.name,
            url=row.url,
            text=customers(row.counts.customers),
            weight=row.counts.customers,
            tone="warn" if row.is_outside else "p2",
        )
        for row in rows
        if row.kind is MINI_GRID and (spot := places.get(row.place.pk))
    ]
    areas = [
        Area(_thinned(row.place.corners), row.place.name)
        for row in rows
        if isinstance(row.place, Cluster) and row.place.outline
    ]
    label = say("Clusters and mini-grids, drawn from coordinates. The list below says the same.")
    return make_map(request, dots=_heaviest(dots), areas=areas, label=label)


def map_to_edit(
    request: HttpRequest, place: AnyPlace | None, parent: AnyPlace | None, edit: Edit
) -> Map:
    """Return the map on which a point is chosen or an outline drawn, with what stands around it."""
    names = ("outline",) if edit is Edit.OUTLINE else ("latitude", "longitude")
    around = place or parent
    return make_map(
        request,
        dots=_neighbours(place, parent),
        areas=_around(around) if around and edit is Edit.POINT else [],
        edit=edit,
        fields={name: f"id_{name}" for name in names},
        label=say("What stands around it, drawn from coordinates."),
    )


def customers(count: int) -> str:
    return ngettext("%(count)d customer", "%(count)d customers", count) % {"count": count}


def _neighbours(place: AnyPlace | None, parent: AnyPlace | None) -> list[Dot]:
    """Return what stands in the same cluster, for orientation."""
    around = place or parent
    if around is None:
        return []
    cluster = cluster_of(around)
    grids = MiniGrid.objects.filter(cluster=cluster, latitude__isnull=False)
    villages = Village.objects.filter(mini_grid__cluster=cluster, latitude__isnull=False)
    if isinstance(place, MiniGrid):
        grids = grids.exclude(pk=place.pk)
    if isinstance(place, Village):
        villages = villages.exclude(pk=place.pk)
    dots = [_neighbour(each, tone="p1", is_square=True) for each in grids[:MOST_DOTS]]
    return dots + [_neighbour(each) for each in villages[:MOST_DOTS]]


def _neighbour(place: MiniGrid | Village, **look: Any) -> Dot:
    assert place.spot
    return Dot(place.spot, place.name, **look)


def _around(place: AnyPlace) -> list[Area]:
    cluster = cluster_of(place)
    return [Area(cluster.corners, cluster.name)] if cluster.outline else []


def _dot(row: Row, place: MiniGrid | Village) -> Dot | None:
    if place.spot is None:
        return None
    is_grid = row.kind is MINI_GRID
    return Dot(
        spot=place.spot,
        label=place.name,
        url=row.url,
        text=say("Mini-grid") if is_grid else customers(row.counts.customers),
        weight=0 if is_grid else row.counts.customers,
        tone=_tone(place),
        is_square=is_grid,
    )


def _tone(place: MiniGrid | Village) -> str:
    if is_outside(place):
        return "warn"
    return "p1" if isinstance(place, MiniGrid) else "p2"


def _heaviest(dots: Sequence[Dot | None]) -> list[Dot]:
    found = [dot for dot in dots if dot is not None]
    return sorted(found, key=lambda dot: (not dot.is_square, -dot.weight))[:MOST_DOTS]


def _of_grids(rows: Sequence[Row]) -> dict[int, Spot]:
    """Return where mini-grids stand; one without a point stands amid its villages."""
    amid: dict[int, list[Spot]] = {}
    found: dict[int, Spot] = {}
    for row in rows:
        place: Any = row.place
        if row.kind is MINI_GRID and place.spot:
            found[place.pk] = place.spot
        if row.kind is VILLAGE and place.spot:
            amid.setdefault(place.mini_grid_id, []).append(place.spot)
    return {**{pk: _middle(spots) for pk, spots in amid.items()}, **found}


def _middle(spots: Sequence[Spot]) -> Spot:
    count = Decimal(len(spots))
    return make_spot(
        sum((each.latitude for each in spots), Decimal(0)) / count,
        sum((each.longitude for each in spots), Decimal(0)) / count,
    )


def _thinned(corners: Outline) -> Outline:
    step = -(-len(corners) // MOST_CORNERS)
    return corners[::step] if step > 1 else corners
