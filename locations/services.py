"""Adding places. Nothing here moves or renames what is there already."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from common.errors import DomainError
from common.words import _
from locations.models import Cluster, MiniGrid, Village


class PlaceIncomplete(DomainError):
    message = _("A village needs its name and the names of its mini-grid and cluster.")


class CoordinatesWrong(DomainError):
    message = _("Latitude goes from -90 to 90, longitude from -180 to 180; state both or neither.")


class VillageElsewhere(DomainError):
    """The stored coordinates stand."""

    message = _("%(village)s stands at %(stored)s already, not at %(stated)s.")


@dataclass(frozen=True, slots=True)
class Place:
    """A village as people name it. Coordinates in degrees; None where nobody said."""

    cluster: str
    mini_grid: str
    village: str
    latitude: Decimal | None = None
    longitude: Decimal | None = None

    @property
    def names(self) -> tuple[str, str, str]:
        return self.cluster, self.mini_grid, self.village


@dataclass(frozen=True, slots=True)
class EnsuredVillage:
    """A village that exists now. ``created`` counts new rows per kind of place."""

    village: Village
    created: Mapping[str, int]
    got_coordinates: bool = False  # it had none before


@transaction.atomic
def ensure_village(place: Place) -> EnsuredVillage:
    """Return the village of these names, with whatever of it was missing added.

    Coordinates are added where the village has none.

    :raises PlaceIncomplete: a name is missing
    :raises CoordinatesWrong: only one of two, or not on this planet
    :raises VillageElsewhere: the village has other coordinates already
    """
    _check(place)
    cluster, new_cluster = Cluster.objects.get_or_create(name=place.cluster)
    mini_grid, new_grid = MiniGrid.objects.get_or_create(cluster=cluster, name=place.mini_grid)
    village, new_village = Village.objects.get_or_create(
        mini_grid=mini_grid,
        name=place.village,
        defaults={"latitude": place.latitude, "longitude": place.longitude},
    )
    created = {
        "clusters": int(new_cluster),
        "mini_grids": int(new_grid),
        "villages": int(new_village),
    }
    return EnsuredVillage(village, created, not new_village and _locate(village, place))


def require_same_spot(village: Village, place: Place) -> None:
    """:raises VillageElsewhere: ``place`` states coordinates and the village has others"""
    if place.latitude is None or village.latitude is None:
        return
    stored, stated = (village.latitude, village.longitude), (place.latitude, place.longitude)
    if stored != stated:
        raise VillageElsewhere(village=village, stored=_spot(*stored), stated=_spot(*stated))


def _locate(village: Village, place: Place) -> bool:
    """Add coordinates where there are none; return whether any were added."""
    require_same_spot(village, place)
    if place.latitude is None or village.latitude is not None:
        return False
    village.latitude, village.longitude = place.latitude, place.longitude
    village.save(update_fields=["latitude", "longitude"])
    return True


def _check(place: Place) -> None:
    if not all(place.names):
        raise PlaceIncomplete
    latitude, longitude = place.latitude, place.longitude
    if latitude is None and longitude is None:
        return
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        raise CoordinatesWrong


def _spot(latitude: Decimal | None, longitude: Decimal | None) -> str:
    return ", ".join(f"{each.normalize():f}" for each in (latitude, longitude) if each is not None)
