"""What a page's map shows: drawn by the server as SVG, and as data for the map that a person opens.

A page builds one with ``make_map`` and includes ``components/_map.html``. Without script and without tiles
the drawing and the list beside it say the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.http import HttpRequest

from common.http import allow_images_from
from locations.drawing import Drawing, draw
from locations.geometry import Outline, Spot
from locations.map_settings import map_settings
from locations.models import MapSettings
from locations.tiles import source_of

MOST_SPOTS = 1000
COST_KB, COST_WITH_TILES_KB = 45, 140  # Leaflet compressed; with the tiles of one screen


class Edit(StrEnum):
    """What a person may do on the map: nothing, move one point, or draw one outline."""

    NOTHING = ""
    POINT = "point"
    OUTLINE = "outline"


@dataclass(frozen=True, slots=True)
class Dot:
    """One thing on the map. ``weight`` sizes it among the others; ``tone`` is a tone class of the style sheet."""

    spot: Spot
    label: str
    url: str = ""
    text: str = ""  # one line: "412 customers"
    weight: int = 0
    tone: str = "p2"
    is_square: bool = False  # a mini-grid among villages


@dataclass(frozen=True, slots=True)
class Area:
    """The outline of a cluster."""

    corners: Outline
    label: str


@dataclass(frozen=True, slots=True)
class Map:
    """One map of a page. ``element`` starts the ids of its parts: one map a name and page."""

    element: str
    drawing: Drawing | None
    data: dict[str, Any]
    edit: Edit = Edit.NOTHING
    fields: dict[str, str] = field(default_factory=dict)  # what the map fills in: name → id
    cost_kb: int = COST_KB
    label: str = ""

    @property
    def data_id(self) -> str:
        return f"{self.element}-data"

    @property
    def is_empty(self) -> bool:
        return self.drawing is None


def make_map(
    request: HttpRequest,
    *,
    dots: Sequence[Dot] = (),
    areas: Sequence[Area] = (),
    edit: Edit = Edit.NOTHING,
    fields: dict[str, str] | None = None,
    element: str = "map",
    label: str = "",
) -> Map:
    """Return a map of these things, and let this page load its tiles; one query.

    :param fields: of an editing map, the ids of the inputs it fills: ``latitude`` and ``longitude``, or
        ``outline``
    :param label: what the drawing shows, for those who do not see it
    """
    chosen = map_settings()
    allow_images_from(request, source_of(chosen.tile_address))
    shown = list(dots[:MOST_SPOTS])
    return Map(
        element=element,
        drawing=draw(shown, areas),
        data=_data(chosen, shown, areas),
        edit=edit,
        fields=fields or {},
        cost_kb=COST_WITH_TILES_KB if chosen.tile_address else COST_KB,
        label=label,
    )


def _data(chosen: MapSettings, dots: Sequence[Dot], areas: Sequence[Area]) -> dict[str, Any]:
    """Return what the script draws; positions as [latitude, longitude]."""
    return {
        "start": _position(chosen.spot) if chosen.spot else None,
        "zoom": chosen.zoom,
        "tiles": chosen.tile_address,
        "credit": chosen.tile_credit,
        "dots": [_dot(each) for each in dots],
        "areas": [
            {"label": each.label, "corners": [_position(corner) for corner in each.corners]}
            for each in areas
            if each.corners
        ],
    }


def _dot(dot: Dot) -> dict[str, Any]:
    return {
        "at": _position(dot.spot),
        "label": dot.label,
        "url": dot.url,
        "text": dot.text,
        "tone": dot.tone,
        "weight": dot.weight,
        "square": dot.is_square,
    }


def _position(spot: Spot) -> list[float]:
    return [float(spot.latitude), float(spot.longitude)]
