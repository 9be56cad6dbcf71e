"""The places that lines name: found, or made. They are few and remembered."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from common.words import _
from locations.models import Cluster, MiniGrid, Village
from locations.services import Place, VillageElsewhere, ensure_village, require_same_spot
from onboarding.cells import Problem, Row
from onboarding.noting import How, Kind, Notes

Names = tuple[str, str, str]
Tell = Callable[[Problem], None]

NO_VILLAGE = _("There is no such village yet. Name its mini-grid and cluster too, and it is added.")
MANY_VILLAGES = _(
    "There are %(count)s villages of this name. Name the mini-grid and the cluster too."
)


class Places:
    """The places of one run."""

    def __init__(self, tell: Tell, notes: Notes, updates: frozenset[str]) -> None:
        self._tell, self._notes = tell, notes
        self._moves = "latitude" in updates
        self._villages: dict[Names, Village] = {}

    def forget(self) -> None:
        self._villages = {}

    def village(self, row: Row) -> Village | None:
        """Return the village of a line, or None after telling why there is none."""
        assert row.place is not None
        if all(row.place.names):
            return self._ensured(row, row.place)
        return self._found(row, row.place)

    def area(self, row: Row) -> None:
        """Add the cluster, and the mini-grid, of a line that names no village."""
        assert row.place is not None
        cluster, is_new = Cluster.objects.get_or_create(name=row.place.cluster)
        if is_new:
            self._new_area(row, cluster)
        if row.place.mini_grid:
            grid, is_new_grid = MiniGrid.objects.get_or_create(
                cluster=cluster, name=row.place.mini_grid
            )
            if is_new_grid:
                self._new_area(row, grid)

    def _new_area(self, row: Row, area: Cluster | MiniGrid) -> None:
        self._notes.made(row.line, area)
        self._notes.tell_line(row.line, How.CREATED)

    def _found(self, row: Row, place: Place) -> Village | None:
        if place.names in self._villages:
            return self._villages[place.names]
        found = Village.objects.filter(name=place.village).select_related("mini_grid__cluster")
        if place.mini_grid:
            found = found.filter(mini_grid__name=place.mini_grid)
        if place.cluster:
            found = found.filter(mini_grid__cluster__name=place.cluster)
        villages = list(found[:10])
        if len(villages) != 1:
            sentence = str(MANY_VILLAGES) % {"count": len(villages)} if villages else NO_VILLAGE
            self._tell(Problem(row.line, "village", place.village, str(sentence)))
            return None
        self._villages[place.names] = villages[0]
        return villages[0]

    def _ensured(self, row: Row, place: Place) -> Village | None:
        known = self._villages.get(place.names)
        try:
            if known is not None and (place.latitude is None or known.latitude is not None):
                require_same_spot(known, place)
                return known
            ensured = ensure_village(place)
        except VillageElsewhere as refusal:
            return self._moved(row, place, str(refusal))
        village = ensured.village
        self._note_new(row, village, ensured.created)
        is_new = bool(ensured.created["villages"])
        if not is_new and ensured.got_coordinates:
            self._notes.changed(row.line, village, {"latitude": None, "longitude": None})
        how = How.CREATED if is_new else How.CHANGED if ensured.got_coordinates else How.UNCHANGED
        self._notes.count(Kind.VILLAGES, village, row.line, how)
        self._villages[place.names] = village
        return village

    def _note_new(self, row: Row, village: Village, created: Mapping[str, int]) -> None:
        if created["clusters"]:
            self._notes.made(row.line, village.mini_grid.cluster)
        if created["mini_grids"]:
            self._notes.made(row.line, village.mini_grid)
        if created["villages"]:
            self._notes.made(row.line, village)

    def _moved(self, row: Row, place: Place, refusal: str) -> Village | None:
        """Move a village where that was asked for; else tell that it stands elsewhere."""
        if not self._moves:
            self._tell(Problem(row.line, "latitude", _word(place.latitude), refusal))
            return None
        village = Village.objects.select_related("mini_grid__cluster").get(
            name=place.village,
            mini_grid__name=place.mini_grid,
            mini_grid__cluster__name=place.cluster,
        )
        before = {"latitude": village.latitude, "longitude": village.longitude}
        village.latitude, village.longitude = place.latitude, place.longitude
        village.save(update_fields=["latitude", "longitude"])
        self._notes.changed(row.line, village, before)
        self._notes.count(Kind.VILLAGES, village, row.line, How.CHANGED)
        self._villages[place.names] = village
        return village


def _word(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"
