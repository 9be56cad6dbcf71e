"""A map as SVG, drawn by the server from coordinates: dots, outlines, a scale. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from locations.geometry import Spot

if TYPE_CHECKING:
    from locations.maps import Area, Dot

WIDTH, HEIGHT, MARGIN = 400, 230, 34
KM_PER_DEGREE = 111.32
LEAST_KM = 0.4  # what one screen shows when everything stands in one place
MOST_LABELS = 12
LONGEST_LABEL = 18
LEAST_RADIUS, MOST_RADIUS = 5.0, 15.0


@dataclass(frozen=True, slots=True)
class Mark:
    """One dot of the drawing, in its units."""

    x: float
    y: float
    radius: float
    tone: str
    label: str
    text: str
    url: str
    word: str  # the label as it is written beside the dot; empty where there is no room
    word_x: float
    word_y: float
    anchor: str
    is_square: bool

    @property
    def left(self) -> float:
        return round(self.x - self.radius, 1)

    @property
    def top(self) -> float:
        return round(self.y - self.radius, 1)

    @property
    def size(self) -> float:
        return round(self.radius * 2, 1)


@dataclass(frozen=True, slots=True)
class Scale:
    """A bar of round length at the foot."""

    label: str
    length: float


@dataclass(frozen=True, slots=True)
class Drawing:
    marks: list[Mark]
    outlines: list[str]  # the points attribute of each polygon
    scale: Scale
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True, slots=True)
class _Frame:
    """How degrees become units: longitude shrinks with the cosine of latitude."""

    west: float
    north: float
    shrink: float
    units: float  # per degree of latitude
    left: float
    top: float

    def place(self, spot: Spot) -> tuple[float, float]:
        x = (float(spot.longitude) - self.west) * self.shrink * self.units + self.left
        y = (self.north - float(spot.latitude)) * self.units + self.top
        return round(x, 1), round(y, 1)


def draw(dots: "Sequence[Dot]", areas: "Sequence[Area]") -> Drawing | None:
    """Return the drawing, or None when nothing has a place."""
    spots = [dot.spot for dot in dots] + [corner for area in areas for corner in area.corners]
    if not spots:
        return None
    frame = _frame(spots)
    return Drawing(
        marks=_marks(dots, frame),
        outlines=[_points(area.corners, frame) for area in areas if area.corners],
        scale=_scale(frame),
    )


def _frame(spots: Sequence[Spot]) -> _Frame:
    south = min(float(each.latitude) for each in spots)
    north = max(float(each.latitude) for each in spots)
    west = min(float(each.longitude) for each in spots)
    east = max(float(each.longitude) for each in spots)
    shrink = max(math.cos(math.radians((north + south) / 2)), 0.02)
    least = LEAST_KM / KM_PER_DEGREE
    tall, wide = max(north - south, least), max((east - west) * shrink, least)
    units = min((HEIGHT - 2 * MARGIN) / tall, (WIDTH - 2 * MARGIN) / wide)
    return _Frame(
        west=west,
        north=north,
        shrink=shrink,
        units=units,
        left=(WIDTH - (east - west) * shrink * units) / 2,
        top=(HEIGHT - (north - south) * units) / 2,
    )


def _points(corners: Sequence[Spot], frame: _Frame) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in map(frame.place, corners))


def _scale(frame: _Frame) -> Scale:
    """A bar of 1, 2 or 5 times a power of ten, at most a fifth of the width."""
    units_per_km = frame.units / KM_PER_DEGREE
    most = WIDTH / 5 / units_per_km
    power = 10.0 ** math.floor(math.log10(most))
    length = max(step * power for step in (1, 2, 5) if step * power <= most)
    label = f"{length:g} km" if length >= 1 else f"{length * 1000:g} m"
    return Scale(label, round(length * units_per_km, 1))


def _marks(dots: "Sequence[Dot]", frame: _Frame) -> list[Mark]:
    heaviest = max((dot.weight for dot in dots), default=0)
    placed = [(dot, *frame.place(dot.spot), _radius(dot.weight, heaviest)) for dot in dots]
    placed.sort(key=lambda each: -each[3])  # small ones on top
    taken: list[tuple[float, float, float, float]] = [
        (x - r, y - r, x + r, y + r) for _dot, x, y, r in placed
    ]
    marks: list[Mark] = []
    for dot, x, y, radius in placed:
        room = _room(dot.label, x, y, radius, taken) if len(marks) < MOST_LABELS else None
        word, word_x, word_y, anchor = room or ("", 0.0, 0.0, "start")
        marks.append(
            Mark(
                x=x,
                y=y,
                radius=radius,
                tone=dot.tone,
                label=dot.label,
                text=dot.text,
                url=dot.url,
                word=word,
                word_x=word_x,
                word_y=word_y,
                anchor=anchor,
                is_square=dot.is_square,
            )
        )
    return marks


def _radius(weight: int, heaviest: int) -> float:
    """By area, so that twice the customers look like twice as much."""
    if not heaviest:
        return LEAST_RADIUS + 1
    return round(max(LEAST_RADIUS, MOST_RADIUS * math.sqrt(weight / heaviest)), 1)


def _room(label: str, x: float, y: float, radius: float, taken: list[Any]) -> Any:
    """Return the word and where it may stand beside its dot, or None; the place is then taken."""
    word = label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1].rstrip()}…"
    wide, high, gap = 7.4 * len(word), 15.0, radius + 5
    for anchor, left, base in (
        ("start", x + gap, y + 4.5),
        ("end", x - gap - wide, y + 4.5),
        ("middle", x - wide / 2, y + gap + 9),
        ("middle", x - wide / 2, y - gap - 2),
    ):
        box = (left, base - high + 4, left + wide, base + 4)
        inside = box[0] >= 2 and box[2] <= WIDTH - 2 and box[1] >= 2 and box[3] <= HEIGHT - 20
        if inside and not any(_overlap(box, other) for other in taken):
            taken.append(box)
            word_x = {"start": left, "end": left + wide, "middle": x}[anchor]
            return word, round(word_x, 1), round(base, 1), anchor
    return None


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
