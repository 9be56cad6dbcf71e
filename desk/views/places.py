"""The list of places, and the page of one cluster, mini-grid or village."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import may, requires
from common.filters import clean_query
from common.paging import part_of
from common.words import _
from desk.places import tree
from desk.places.kinds import CLUSTER, KINDS, MINI_GRID, OF_MODEL, VILLAGE, AnyPlace, Kind
from desk.places.maps import map_of_all
from desk.places.page import MOST_ROWS, place_page
from locations.changing import parent_of
from tenants.scope import current_company

BELOW = {"cluster": MINI_GRID, "mini-grid": VILLAGE}


@require_safe
@requires("locations.view_location")
def location_list(request: HttpRequest) -> HttpResponse:
    """All places as a tree, fifty rows a page; the first page has the map."""
    text = clean_query(request.GET.get("q", ""))
    rows = tree.rows(text)
    page = part_of(rows, request.GET)
    context = {
        "page": page,
        "rows": [*tree.above(rows, max(page.first - 1, 0)), *page.rows],
        "map": map_of_all(request, rows) if page.is_first else None,
        "q": text,
        "may_change": may(request.user, "locations.change_location"),
        "add_url": CLUSTER.add_url(),
        "is_new": not rows and not text,
        "find": {
            "url": reverse("desk:location-list"),
            "label": _("Find in locations"),
            "q": text,
        },
    }
    return render(request, "desk/location_list.html", context)


@require_safe
@requires("locations.view_location")
def place(request: HttpRequest, public_id: UUID, kind: str) -> HttpResponse:
    """One cluster, mini-grid or village; ``kind`` comes with the address."""
    of_kind = KINDS[kind]
    found: AnyPlace = get_object_or_404(of_kind.rows(), public_id=public_id)
    company = current_company()
    below = BELOW.get(kind)
    context = {
        "place": found,
        "kind": of_kind,
        "path": path_of(found),
        "page": place_page(request, company, found, now=timezone.now()),
        "most_rows": MOST_ROWS,
        "currency": company.currency,
        "below": below,
        "add_url": below.add_url(found) if below else "",
        "change_url": of_kind.url(found, "change"),
        "remove_url": of_kind.url(found, "remove"),
        "may_change": may(request.user, "locations.change_location"),
    }
    return render(request, "desk/place.html", context)


def path_of(place: AnyPlace) -> list[tuple[str, str]]:
    """Return name and address of what a place lies in, topmost first."""
    path: list[tuple[str, str]] = []
    parent = parent_of(place)
    while parent is not None:
        kind: Kind = OF_MODEL[type(parent)]
        path.insert(0, (parent.name, kind.url(parent)))
        parent = parent_of(parent)
    return path
