"""Adding, renaming, moving and removing places. Each change is written down with what was before."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, QuerySet

from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.words import _
from locations.geometry import Outline, Spot, as_geojson, contains
from locations.models import Cluster, MiniGrid, Village

AnyPlace = Cluster | MiniGrid | Village
P = TypeVar("P", Cluster, MiniGrid, Village)
LONGEST_NAME = 100
KINDS: dict[type[AnyPlace], str] = {Cluster: "cluster", MiniGrid: "mini_grid", Village: "village"}


class NameMissing(DomainError):
    message = _("Give it a name of 1 to 100 characters.")


class NameTaken(DomainError):
    """A name is there already within the same parent, in capitals or not."""

    message = _("There is “%(name)s” already.")


class NameTakenIn(NameTaken):
    message = _("There is “%(name)s” in %(parent)s already.")


class PlaceInUse(DomainError):
    message = _("“%(name)s” is not empty. Only an empty place can be removed.")


class ParentGone(DomainError):
    message = _("“%(name)s” was removed meanwhile. Choose another place.")


def add_cluster(*, actor: User | None, name: str, outline: Outline | None = None) -> Cluster:
    """Add a region; without an outline it is only a name.

    :raises NameMissing: empty or too long
    :raises NameTaken: there is one of this name
    """
    return _add(Cluster(name=name, outline=_geojson(outline)), actor)


def add_mini_grid(
    *, actor: User | None, cluster: Cluster, name: str, spot: Spot | None = None
) -> MiniGrid:
    """:raises NameMissing, NameTaken: as ``add_cluster``, within the cluster"""
    return _add(MiniGrid(cluster=cluster, name=name, **_degrees(spot)), actor)


def add_village(
    *, actor: User | None, mini_grid: MiniGrid, name: str, spot: Spot | None = None
) -> Village:
    """:raises NameMissing, NameTaken: as ``add_cluster``, within the mini-grid"""
    return _add(Village(mini_grid=mini_grid, name=name, **_degrees(spot)), actor)


def change_cluster(
    *, cluster_id: int, actor: User | None, name: str, outline: Outline | None
) -> Cluster:
    """Rename a cluster and draw its outline anew; None takes the outline away.

    :raises NameMissing, NameTaken: nothing was changed
    """
    return _change(Cluster, cluster_id, actor, name=name, outline=_geojson(outline))


def change_mini_grid(
    *, mini_grid_id: int, actor: User | None, name: str, cluster: Cluster, spot: Spot | None
) -> MiniGrid:
    """Rename a mini-grid, move it on the map or to another cluster; its villages go with it.

    :raises NameMissing, NameTaken: nothing was changed
    """
    return _change(MiniGrid, mini_grid_id, actor, name=name, cluster=cluster, **_degrees(spot))


def change_village(
    *, village_id: int, actor: User | None, name: str, mini_grid: MiniGrid, spot: Spot | None
) -> Village:
    """Rename a village, move it on the map or to another mini-grid; customers and devices go with it.

    :raises NameMissing, NameTaken: nothing was changed
    """
    return _change(Village, village_id, actor, name=name, mini_grid=mini_grid, **_degrees(spot))


def remove_place(*, place: AnyPlace, actor: User | None) -> None:
    """Delete a place in which nothing is.

    :raises PlaceInUse: something belongs to it, also what came while this ran; it stays
    """
    try:
        with transaction.atomic():
            place.delete()
            audit(
                actor=actor,
                action=f"{KINDS[type(place)]}.removed",
                target=str(place.public_id),
                name_before=place.name,
                **_written_before(place),
            )
    except (ProtectedError, IntegrityError):
        raise PlaceInUse(name=place.name) from None


def is_outside(place: MiniGrid | Village) -> bool:
    """Return whether a place stands outside the outline of its cluster; unknown is not outside."""
    cluster = place.cluster if isinstance(place, MiniGrid) else place.mini_grid.cluster
    corners = cluster.corners
    return bool(corners and place.spot and not contains(corners, place.spot))


def parent_of(place: AnyPlace) -> Cluster | MiniGrid | None:
    """Return what a place lies in."""
    if isinstance(place, Cluster):
        return None
    return place.cluster if isinstance(place, MiniGrid) else place.mini_grid


# --- the same for all three -------------------------------------------------------------------------


def _add(place: P, actor: User | None) -> P:
    def insert() -> None:
        place.save(force_insert=True)
        facts = {name: value for name, value in _facts(place).items() if value}
        audit(
            actor=actor,
            action=f"{KINDS[type(place)]}.added",
            target=str(place.public_id),
            **facts,
        )

    _save(place, insert)
    return place


def _change(model: type[P], pk: int, actor: User | None, **wanted: Any) -> P:
    with transaction.atomic():
        place = _locked(model, pk)
        before = _facts(place)
        for name, value in wanted.items():
            setattr(place, name, value)

        def update() -> None:
            after = _facts(place)
            changed = [name for name in after if after[name] != before[name]]
            if not changed:
                return
            place.save(update_fields=list(wanted))
            pairs = {name: after[name] for name in changed}
            pairs |= {f"{name}_before": before[name] for name in changed}
            audit(
                actor=actor,
                action=f"{KINDS[model]}.changed",
                target=str(place.public_id),
                **pairs,
            )

        _save(place, update)
    return place


def _locked(model: type[P], pk: int) -> P:
    rows: QuerySet[Any] = model._default_manager.select_for_update(of=("self",))
    if model is MiniGrid:
        rows = rows.select_related("cluster")
    if model is Village:
        rows = rows.select_related("mini_grid__cluster")
    place: P = rows.get(pk=pk)
    return place


def _save(place: AnyPlace, write: Callable[[], None]) -> None:
    place.name = " ".join(place.name.split())
    if not 1 <= len(place.name) <= LONGEST_NAME:
        raise NameMissing
    try:
        with transaction.atomic():
            _hold_parent(place)
            if _siblings(place).filter(name__iexact=place.name).exclude(pk=place.pk).exists():
                raise _taken(place)
            write()
    except IntegrityError as error:
        if "_once_per_" in str(error) or "cluster_name" in str(error):
            raise _taken(place) from None
        raise


def _hold_parent(place: AnyPlace) -> None:
    """Keep what the place is to lie in from being removed meanwhile."""
    parent = parent_of(place)
    if parent is None:
        return
    rows = type(parent).objects.select_for_update(no_key=True)
    if rows.filter(pk=parent.pk).values_list("pk").first() is None:
        raise ParentGone(name=parent.name)


def _siblings(place: AnyPlace) -> "QuerySet[Any]":
    if isinstance(place, Cluster):
        return Cluster.objects.all()
    if isinstance(place, MiniGrid):
        return MiniGrid.objects.filter(cluster=place.cluster)
    return Village.objects.filter(mini_grid=place.mini_grid)


def _taken(place: AnyPlace) -> NameTaken:
    parent = parent_of(place)
    return NameTakenIn(name=place.name, parent=parent) if parent else NameTaken(name=place.name)


def _facts(place: AnyPlace) -> dict[str, str]:
    """Return what of a place can change, as the audit log writes it."""
    facts = {"name": place.name, **_written_parent(place)}
    if isinstance(place, Cluster):
        facts["outline"] = "; ".join(map(str, place.corners))
    else:
        facts["position"] = str(place.spot or "")
    return facts


def _written_parent(place: AnyPlace) -> dict[str, str]:
    if isinstance(place, Cluster):
        return {}
    if isinstance(place, MiniGrid):
        return {"cluster": place.cluster.name}
    return {"mini_grid": f"{place.mini_grid.name}, {place.mini_grid.cluster.name}"}


def _written_before(place: AnyPlace) -> dict[str, str]:
    return {f"{name}_before": value for name, value in _written_parent(place).items()}


def _geojson(outline: Outline | None) -> dict[str, Any] | None:
    return as_geojson(outline) if outline else None


def _degrees(spot: Spot | None) -> dict[str, Any]:
    return {
        "latitude": spot.latitude if spot else None,
        "longitude": spot.longitude if spot else None,
    }
