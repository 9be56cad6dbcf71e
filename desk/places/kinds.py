"""What the pages of the three kinds of place say and do differently."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import User
from common.words import _
from locations import changing
from locations.forms import ClusterForm, MiniGridForm, VillageForm
from locations.maps import Edit
from locations.models import Cluster, MiniGrid, Village

AnyPlace = Cluster | MiniGrid | Village
AnyForm = ClusterForm | MiniGridForm | VillageForm


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of place. ``asked`` is its name in the addresses of lists, ``views`` starts its views' names."""

    model: type[AnyPlace]
    view: str
    asked: str
    one: Any
    add: Any
    change: Any
    remove: Any
    keep: Any
    remove_question: Any
    save_new: Any
    edit: Edit
    form: Callable[..., AnyForm]
    parent: type[AnyPlace] | None = None

    def url(self, place: AnyPlace, step: str = "") -> str:
        """Return the address of a place's page, or of one of its steps: ``change``, ``remove``."""
        name = f"desk:{self.view}-{step}" if step else f"desk:{self.view}"
        return reverse(name, args=[place.public_id])

    def add_url(self, parent: AnyPlace | None = None) -> str:
        """Return where one is added, with its parent chosen already."""
        address = reverse(f"desk:{self.view}-add")
        return f"{address}?in={parent.public_id}" if parent else address

    def rows(self) -> "QuerySet[Any]":
        """Return the places of this kind, with what they lie in."""
        above = {Cluster: (), MiniGrid: ("cluster",), Village: ("mini_grid__cluster",)}[self.model]
        rows: QuerySet[Any] = self.model._default_manager.all()
        return rows.select_related(*above) if above else rows


CLUSTER = Kind(
    model=Cluster,
    view="cluster",
    asked="cluster",
    one=_("Cluster"),
    add=_("Add a cluster"),
    change=_("Change the cluster"),
    remove=_("Remove the cluster"),
    keep=_("Keep the cluster"),
    remove_question=_("Remove this cluster?"),
    save_new=_("Add the cluster"),
    edit=Edit.OUTLINE,
    form=ClusterForm,
)
MINI_GRID = Kind(
    model=MiniGrid,
    view="mini-grid",
    asked="mini_grid",
    one=_("Mini-grid"),
    add=_("Add a mini-grid"),
    change=_("Change the mini-grid"),
    remove=_("Remove the mini-grid"),
    keep=_("Keep the mini-grid"),
    remove_question=_("Remove this mini-grid?"),
    save_new=_("Add the mini-grid"),
    edit=Edit.POINT,
    form=MiniGridForm,
    parent=Cluster,
)
VILLAGE = Kind(
    model=Village,
    view="village",
    asked="village",
    one=_("Village"),
    add=_("Add a village"),
    change=_("Change the village"),
    remove=_("Remove the village"),
    keep=_("Keep the village"),
    remove_question=_("Remove this village?"),
    save_new=_("Add the village"),
    edit=Edit.POINT,
    form=VillageForm,
    parent=MiniGrid,
)
KINDS = {kind.view: kind for kind in (CLUSTER, MINI_GRID, VILLAGE)}
OF_MODEL: dict[type[AnyPlace], Kind] = {kind.model: kind for kind in KINDS.values()}


def blank_form(kind: Kind, data: Any, parent: AnyPlace | None) -> AnyForm:
    """Return the form that adds one, with its parent chosen where it is known."""
    if kind is CLUSTER:
        return ClusterForm(data)
    return kind.form(data, **{_parent_field(kind): parent})


def filled_form(kind: Kind, data: Any, place: AnyPlace) -> AnyForm:
    """Return the form that changes one."""
    return kind.form(data, **{kind.asked: place})


def _parent_field(kind: Kind) -> str:
    return "cluster" if kind is MINI_GRID else "mini_grid"


def parent_asked(kind: Kind, text: str) -> AnyPlace | None:
    """Return the place that ``?in=`` of an address names; None where there is none such."""
    if kind.parent is None:
        return None
    try:
        public_id = UUID(text)
    except ValueError:
        return None
    return OF_MODEL[kind.parent].rows().filter(public_id=public_id).first()


def add(kind: Kind, form: AnyForm, actor: User) -> AnyPlace:
    """Add what a valid form says.

    :raises DomainError: see ``locations.changing``
    """
    said = form.cleaned_data
    if isinstance(form, ClusterForm):
        return changing.add_cluster(actor=actor, name=said["name"], outline=form.corners)
    if isinstance(form, MiniGridForm):
        return changing.add_mini_grid(
            actor=actor, cluster=said["cluster"], name=said["name"], spot=form.spot
        )
    return changing.add_village(
        actor=actor, mini_grid=said["mini_grid"], name=said["name"], spot=form.spot
    )


def change(place: AnyPlace, form: AnyForm, actor: User) -> AnyPlace:
    """Change a place to what a valid form says.

    :raises DomainError: see ``locations.changing``
    """
    said = form.cleaned_data
    if isinstance(form, ClusterForm):
        return changing.change_cluster(
            cluster_id=place.pk, actor=actor, name=said["name"], outline=form.corners
        )
    if isinstance(form, MiniGridForm):
        return changing.change_mini_grid(
            mini_grid_id=place.pk,
            actor=actor,
            name=said["name"],
            cluster=said["cluster"],
            spot=form.spot,
        )
    return changing.change_village(
        village_id=place.pk,
        actor=actor,
        name=said["name"],
        mini_grid=said["mini_grid"],
        spot=form.spot,
    )
