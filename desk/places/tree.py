"""The list of places: clusters, their mini-grids, their villages, as rows in the order of the tree."""

from collections import defaultdict
from dataclasses import dataclass

from desk.places.counts import Counts, counts_by_village, total
from desk.places.kinds import CLUSTER, MINI_GRID, VILLAGE, AnyPlace, Kind
from locations.changing import is_outside
from locations.models import Cluster, MiniGrid, Village


@dataclass(frozen=True, slots=True)
class Row:
    """One place in the tree. ``level`` 0 is a cluster, 2 a village."""

    kind: Kind
    place: AnyPlace
    counts: Counts
    level: int

    @property
    def url(self) -> str:
        return self.kind.url(self.place)

    @property
    def is_placed(self) -> bool:
        """Whether it stands on the map."""
        place = self.place
        return bool(place.outline) if isinstance(place, Cluster) else place.spot is not None

    @property
    def is_outside(self) -> bool:
        return not isinstance(self.place, Cluster) and is_outside(self.place)


@dataclass(slots=True)
class _Branch:
    row: Row
    inside: list["_Branch"]


def rows(text: str = "") -> list[Row]:
    """Return the places whose name has this text, with what they lie in and what lies in them.

    Five queries whatever their number.
    """
    wanted = " ".join(text.lower().split())
    found: list[Row] = []
    for branch in _tree():
        found += _matching(branch, wanted)
    return found


def _tree() -> list[_Branch]:
    counted = counts_by_village()
    clusters = list(Cluster.objects.all())
    grids = list(MiniGrid.objects.select_related("cluster"))
    villages = list(Village.objects.select_related("mini_grid__cluster"))
    in_grid: defaultdict[int, list[_Branch]] = defaultdict(list)
    for village in villages:
        counts = counted.get(village.pk, Counts())
        counts.villages = 1
        in_grid[village.mini_grid_id].append(_Branch(Row(VILLAGE, village, counts, 2), []))
    in_cluster: defaultdict[int, list[_Branch]] = defaultdict(list)
    for grid in grids:
        in_cluster[grid.cluster_id].append(_branch(MINI_GRID, grid, in_grid[grid.pk], 1))
    return _sorted([_branch(CLUSTER, each, in_cluster[each.pk], 0) for each in clusters])


def _branch(kind: Kind, place: AnyPlace, inside: list[_Branch], level: int) -> _Branch:
    counts = total(each.row.counts for each in inside)
    return _Branch(Row(kind, place, counts, level), _sorted(inside))


def _sorted(branches: list[_Branch]) -> list[_Branch]:
    return sorted(branches, key=lambda each: each.row.place.name.casefold())


def _matching(branch: _Branch, wanted: str) -> list[Row]:
    """Return the rows of a branch that are shown: all below a match, and the way to a match."""
    if wanted in branch.row.place.name.lower():
        wanted = ""
    inside = [row for each in branch.inside for row in _matching(each, wanted)]
    return [branch.row, *inside] if inside or not wanted else []


def above(found: list[Row], first: int) -> list[Row]:
    """Return what the row at this place of the list lies in, where that stands further up, topmost first."""
    path: list[Row] = []
    level = found[first].level if first < len(found) else 0
    for row in reversed(found[:first]):
        if row.level < level:
            path.append(row)
            level = row.level
    return path[::-1]
