"""Pictures of numbers, made on the server: rows of bars and small lines, as values for an SVG.

Everything is text with a decimal point, because a template would write numbers in the language of the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

WIDTH, HEIGHT = 600, 100
BAR_SHARE = 0.72
SPARK_WIDTH, SPARK_HEIGHT, SPARK_EDGE = 100, 20, 1
ROUND_STEPS = (Decimal(1), Decimal("1.5"), Decimal(2), Decimal(3), Decimal(5), Decimal(10))


@dataclass(frozen=True, slots=True)
class Bar:
    x: str
    y: str
    width: str
    height: str
    is_now: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars from zero to ``top``, a round number. The last bar is the current one."""

    bars: tuple[Bar, ...]
    top: Decimal


def round_top(largest: Decimal) -> Decimal:
    """Return the next round number that is not below: 1, 1.5, 2, 3, 5 or 10 times a power of ten."""
    if largest <= 0:
        return Decimal(1)
    power = Decimal(10) ** largest.adjusted()
    return next(step * power for step in ROUND_STEPS if step * power >= largest)


def bar_chart(values: Sequence[Decimal]) -> Chart:
    """Return one bar a value; the last is marked as current."""
    top = round_top(max(values, default=Decimal(0)))
    room = WIDTH / max(len(values), 1)
    bars = []
    for number, value in enumerate(values):
        height = float(max(value, Decimal(0)) / top) * HEIGHT
        bars.append(
            Bar(
                x=_text(room * number + room * (1 - BAR_SHARE) / 2),
                y=_text(HEIGHT - height),
                width=_text(room * BAR_SHARE),
                height=_text(height),
                is_now=number == len(values) - 1,
            )
        )
    return Chart(tuple(bars), top.quantize(Decimal(1), ROUND_CEILING) if top > 1 else top)


def spark(values: Sequence[Decimal | float | None]) -> str:
    """Return the points of a small line; a missing value counts as zero."""
    numbers = [float(value or 0) for value in values]
    if len(numbers) < 2:
        return ""
    low, high = min(numbers), max(numbers)
    room = SPARK_HEIGHT - 2 * SPARK_EDGE
    step = SPARK_WIDTH / (len(numbers) - 1)
    points = []
    for number, value in enumerate(numbers):
        share = (value - low) / (high - low) if high > low else 0.0
        points.append(f"{_text(step * number)},{_text(SPARK_EDGE + room * (1 - share))}")
    return " ".join(points)


def _text(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
