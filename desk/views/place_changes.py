"""Adding, changing and removing a cluster, mini-grid or village."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as say
from django.views.decorators.http import require_http_methods

from accounts.access import requires
from accounts.models import User
from common.errors import DomainError
from desk.places import kinds
from desk.places.blockers import blockers
from desk.places.kinds import KINDS, AnyForm, AnyPlace, Kind
from desk.places.maps import map_to_edit
from desk.views.places import path_of
from locations import changing
from locations.models import Cluster


@require_http_methods(["GET", "POST"])
@requires("locations.change_location")
def place_add(request: HttpRequest, kind: str) -> HttpResponse:
    """Add one; ``?in=`` names what it is to lie in."""
    of_kind = KINDS[kind]
    parent = kinds.parent_asked(of_kind, request.GET.get("in", ""))
    form = kinds.blank_form(of_kind, _posted(request), parent)
    if request.method == "POST" and form.is_valid():
        try:
            added = kinds.add(of_kind, form, _actor(request))
        except DomainError as refusal:
            form.add_error(_field(refusal), str(refusal))
        else:
            messages.success(request, say("“%(name)s” was added.") % {"name": added.name})
            _warn(request, added)
            return redirect(of_kind.url(added))
    return _page(request, of_kind, form, None, parent)


@require_http_methods(["GET", "POST"])
@requires("locations.change_location")
def place_change(request: HttpRequest, public_id: UUID, kind: str) -> HttpResponse:
    """Rename a place, move it on the map or to another parent, draw its outline."""
    of_kind = KINDS[kind]
    place = get_object_or_404(of_kind.rows(), public_id=public_id)
    form = kinds.filled_form(of_kind, _posted(request), place)
    if request.method == "POST" and form.is_valid():
        try:
            changed = kinds.change(place, form, _actor(request))
        except DomainError as refusal:
            form.add_error(_field(refusal), str(refusal))
        else:
            messages.success(request, say("“%(name)s” is saved.") % {"name": changed.name})
            _warn(request, changed)
            return redirect(of_kind.url(changed))
    return _page(request, of_kind, form, place, None)


@require_http_methods(["GET", "POST"])
@requires("locations.change_location")
def place_remove(request: HttpRequest, public_id: UUID, kind: str) -> HttpResponse:
    """Asks before an empty place goes; of any other, says what is in it."""
    of_kind = KINDS[kind]
    place = get_object_or_404(of_kind.rows(), public_id=public_id)
    parent = changing.parent_of(place)
    refusal = ""
    if request.method == "POST":
        try:
            changing.remove_place(place=place, actor=_actor(request))
        except DomainError as error:
            refusal = str(error)
        else:
            messages.success(request, say("“%(name)s” was removed.") % {"name": place.name})
            return redirect(
                kinds.OF_MODEL[type(parent)].url(parent) if parent else "desk:location-list"
            )
    context = {
        "place": place,
        "kind": of_kind,
        "path": [*path_of(place), (place.name, of_kind.url(place))],
        "back_url": of_kind.url(place),
        "blockers": blockers(place),
        "refusal": refusal,
    }
    status = 409 if refusal else 200
    return render(request, "desk/place_remove.html", context, status=status)


def _page(
    request: HttpRequest,
    kind: Kind,
    form: AnyForm,
    place: AnyPlace | None,
    parent: AnyPlace | None,
) -> HttpResponse:
    form.use_required_attribute = False
    lies_in = place or parent
    path = path_of(lies_in) if lies_in else []
    if lies_in:
        path.append((lies_in.name, kinds.OF_MODEL[type(lies_in)].url(lies_in)))
    context = {
        "form": form,
        "kind": kind,
        "place": place,
        "path": path,
        "back_url": path[-1][1] if path else "",
        "map": map_to_edit(request, place, parent, kind.edit),
    }
    status = 422 if form.errors else 200
    return render(request, "desk/place_form.html", context, status=status)


def _posted(request: HttpRequest) -> object:
    return request.POST if request.method == "POST" else None


def _actor(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _field(refusal: DomainError) -> str | None:
    is_name = isinstance(refusal, changing.NameMissing | changing.NameTaken)
    return "name" if is_name else None


def _warn(request: HttpRequest, place: AnyPlace) -> None:
    """Say that something stands outside the outline: it may be right, so nobody is kept from it."""
    if isinstance(place, Cluster) or not changing.is_outside(place):
        return
    words = say("It stands outside the outline of its cluster. Look whether the point is right.")
    messages.warning(request, words)
