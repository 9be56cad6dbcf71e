"""Points and outlines on the earth, in degrees (WGS 84). Pure; a cluster is small enough to be flat."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from common.errors import DomainError
from common.words import _

MOST_CORNERS = 300
MOST_CHARS = 40_000  # of an outline as text
STEP = Decimal("0.000001")  # what is stored: 11 cm


class NotDegrees(DomainError):
    message = _("“%(value)s” is no number of degrees. Write it like -1.8500.")


class OffTheEarth(DomainError):
    message = _("Latitude goes from -90 to 90, longitude from -180 to 180.")


class OutlineUnreadable(DomainError):
    message = _(
        "Line %(line)s does not say where a corner is. Write latitude, comma, longitude, like"
        " -1.8500, 33.0500."
    )


class NotAnOutline(DomainError):
    message = _("This is no GeoJSON with exactly one polygon without holes.")


class TooFewCorners(DomainError):
    message = _("An outline needs at least three different corners.")


class TooManyCorners(DomainError):
    message = _("An outline has at most %(most)s corners; this one has %(count)s.")


class OutlineCrosses(DomainError):
    message = _("The outline crosses itself between the corners %(first)s and %(second)s.")


@dataclass(frozen=True, slots=True)
class Spot:
    """A point in degrees, six decimals."""

    latitude: Decimal
    longitude: Decimal

    def __str__(self) -> str:
        return f"{self.latitude.normalize():f}, {self.longitude.normalize():f}"


def spot_of(latitude: Decimal | None, longitude: Decimal | None) -> Spot | None:
    """Return the point that two columns say, or None."""
    if latitude is None or longitude is None:
        return None
    return Spot(latitude, longitude)


def make_spot(latitude: Decimal, longitude: Decimal) -> Spot:
    """:raises OffTheEarth: there is no such place"""
    if not (latitude.is_finite() and longitude.is_finite()):
        raise OffTheEarth
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise OffTheEarth
    return Spot(latitude.quantize(STEP), longitude.quantize(STEP))


def read_degrees(text: str) -> Decimal:
    """Return what somebody wrote, with a point or a comma.

    :raises NotDegrees: no number
    """
    written = text.strip().replace("\u2212", "-").rstrip("°").replace(",", ".")
    if not re.fullmatch(r"[-+]?\d{1,3}(\.\d{0,20})?", written):
        raise NotDegrees(value=text.strip()[:40])
    try:
        return Decimal(written)
    except InvalidOperation:
        raise NotDegrees(value=text.strip()[:40]) from None


Outline = list[Spot]


def read_outline(text: str) -> Outline:
    """Return the corners of a text: one “latitude, longitude” a line, or GeoJSON.

    :raises DomainError: it cannot be read, or is no simple polygon
    """
    text = text.strip()[: MOST_CHARS + 1]
    if text.startswith("{"):
        try:
            return outline_of(json.loads(text))
        except (ValueError, RecursionError):
            raise NotAnOutline from None
    return checked(
        [_corner(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    )


def _corner(number: int, line: str) -> Spot:
    parts = [part for part in re.split(r"[,;\s]+", line.strip()) if part]
    if len(parts) != 2:
        raise OutlineUnreadable(line=number)
    try:
        return make_spot(read_degrees(parts[0]), read_degrees(parts[1]))
    except NotDegrees:
        raise OutlineUnreadable(line=number) from None


def outline_of(geojson: Any) -> Outline:
    """Return the corners of a GeoJSON Polygon, of a Feature with one, or a collection of one.

    :raises DomainError: anything else, or no simple polygon
    """
    found = geojson
    if isinstance(found, dict) and found.get("type") == "FeatureCollection":
        features = found.get("features")
        found = features[0] if isinstance(features, list) and len(features) == 1 else None
    if isinstance(found, dict) and found.get("type") == "Feature":
        found = found.get("geometry")
    if not isinstance(found, dict) or found.get("type") not in {"Polygon", "MultiPolygon"}:
        raise NotAnOutline
    rings = found.get("coordinates")
    if found["type"] == "MultiPolygon":
        rings = rings[0] if isinstance(rings, list) and len(rings) == 1 else None
    if not isinstance(rings, list) or len(rings) != 1 or not isinstance(rings[0], list):
        raise NotAnOutline
    if len(rings[0]) > MOST_CORNERS + 1:
        raise TooManyCorners(most=MOST_CORNERS, count=len(rings[0]) - 1)
    return checked([_position(each) for each in rings[0]])


def _position(value: Any) -> Spot:
    is_pair = isinstance(value, list) and len(value) in {2, 3}
    if not is_pair or not all(type(each) in {int, float} for each in value):
        raise NotAnOutline
    longitude, latitude = (Decimal(str(each)) for each in value[:2])
    return make_spot(latitude, longitude)


def checked(corners: Outline) -> Outline:
    """Return the corners once each, the first not repeated at the end.

    :raises TooFewCorners: no area
    :raises TooManyCorners: more than ``MOST_CORNERS``
    :raises OutlineCrosses: two sides cross or touch
    """
    kept = [each for n, each in enumerate(corners) if n == 0 or each != corners[n - 1]]
    if len(kept) > 1 and kept[0] == kept[-1]:
        kept.pop()
    if len(kept) > MOST_CORNERS:
        raise TooManyCorners(most=MOST_CORNERS, count=len(kept))
    if len(set(kept)) < 3:
        raise TooFewCorners
    _refuse_crossing([(float(each.longitude), float(each.latitude)) for each in kept])
    return kept


def as_text(outline: Outline) -> str:
    """Return the corners as people read and write them, one a line."""
    return "\n".join(str(each) for each in outline)


def as_geojson(outline: Outline) -> dict[str, Any]:
    """Return a GeoJSON Polygon, closed."""
    ring = [[float(each.longitude), float(each.latitude)] for each in outline]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def stored_outline(geojson: dict[str, Any]) -> Outline:
    """Return the corners of what ``as_geojson`` made; it was checked before it was stored."""
    ring = geojson["coordinates"][0]
    return [Spot(Decimal(str(y)), Decimal(str(x))) for x, y in ring[:-1]]


Point = tuple[float, float]


def _refuse_crossing(points: Sequence[Point]) -> None:
    count = len(points)
    sides = [(points[n], points[(n + 1) % count]) for n in range(count)]
    for first in range(count):
        for second in range(first + 1, count):
            are_neighbours = second == first + 1 or (first == 0 and second == count - 1)
            if are_neighbours:
                if _folds_back(
                    sides[first], sides[second], closes=second == count - 1 and not first
                ):
                    raise OutlineCrosses(first=first + 1, second=second + 1)
            elif _may_meet(sides[first], sides[second]) and _meet(*sides[first], *sides[second]):
                raise OutlineCrosses(first=first + 1, second=second + 1)


def _may_meet(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Return whether the boxes around two sides touch."""
    return all(
        max(one[0][axis], one[1][axis]) >= min(other[0][axis], other[1][axis])
        and max(other[0][axis], other[1][axis]) >= min(one[0][axis], one[1][axis])
        for axis in (0, 1)
    )


def _folds_back(one: tuple[Point, Point], other: tuple[Point, Point], *, closes: bool) -> bool:
    """Return whether two sides that share a corner lie on each other."""
    shared = one[0] if closes else one[1]
    a, b = (one[1], other[0]) if closes else (one[0], other[1])
    ahead = (a[0] - shared[0]) * (b[0] - shared[0]) + (a[1] - shared[1]) * (b[1] - shared[1])
    return _turn(a, shared, b) == 0 and ahead > 0


def _turn(a: Point, b: Point, c: Point) -> int:
    """Return 1 for a turn to the left at b, -1 to the right, 0 for straight on (to a millionth)."""
    cross = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return 0 if abs(cross) < 1e-13 else (1 if cross > 0 else -1)


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    turns = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if turns[0] != turns[1] and turns[2] != turns[3]:
        return True
    return any(
        turn == 0 and _within(end, side)
        for turn, end, side in zip(
            turns, (c, d, a, b), ((a, b), (a, b), (c, d), (c, d)), strict=True
        )
    )


def _within(point: Point, side: tuple[Point, Point]) -> bool:
    return all(
        min(side[0][axis], side[1][axis]) <= point[axis] <= max(side[0][axis], side[1][axis])
        for axis in (0, 1)
    )


def contains(outline: Outline, spot: Spot) -> bool:
    """Return whether a point is inside; on the line counts as inside."""
    inside = False
    x, y = spot.longitude, spot.latitude
    for n, corner in enumerate(outline):
        before = outline[n - 1]
        (x1, y1), (x2, y2) = (
            (before.longitude, before.latitude),
            (corner.longitude, corner.latitude),
        )
        cross = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
        if cross == 0 and min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2):
            return True
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside
