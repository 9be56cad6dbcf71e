"""What a kWh costs at a moment of the company's day, as pure functions: no ORM, no clock, no settings."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

WORKDAYS, WEEKEND = range(5), range(5, 7)  # as ``date.weekday`` counts
DAYS = {"all": range(7), "workdays": WORKDAYS, "weekend": WEEKEND}
A_DAY = 24 * 60
GRID = Decimal("0.0001")  # what a price is kept with


@dataclass(frozen=True, slots=True)
class Band:
    """Hours with a price of their own, VAT included, or with so many per cent of the normal price.

    From ``begins`` up to ``ends``, over midnight where it ends earlier, the whole day where both are the same.
    The day that counts is that of the moment itself, so the early hours of a Saturday are the weekend's.
    """

    name: str
    begins: dt.time
    ends: dt.time
    days: str = "all"
    percent: Decimal | None = None
    price: Decimal | None = None

    def holds_at(self, local: dt.datetime) -> bool:
        """Return whether this moment, on the company's clock, is within."""
        return local.weekday() in DAYS[self.days] and _minute(local.time()) in self.minutes

    @property
    def minutes(self) -> Sequence[int]:
        """The minutes of a day that it covers."""
        begins, ends = _minute(self.begins), _minute(self.ends)
        if begins < ends:
            return range(begins, ends)
        return [*range(ends), *range(begins, A_DAY)]

    def price_for(self, normal: Decimal) -> Decimal:
        """Return the price per kWh in these hours, half up to the grid that prices are kept on."""
        if self.price is not None:
            return self.price
        assert self.percent is not None
        return (normal * self.percent / 100).quantize(GRID, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Fault:
    """Where bands do not make a whole day: two at once (``names``), or none, from a minute on."""

    days: str
    begins: dt.time
    names: tuple[str, ...] = ()

    @property
    def is_gap(self) -> bool:
        return not self.names


def price_of(base: Decimal | None, components: Iterable[Decimal] = ()) -> Decimal | None:
    """Return the price per kWh: the base and everything on top of it; None where no energy is sold."""
    return None if base is None else sum(components, base)


def band_at(bands: Iterable[Band], local: dt.datetime) -> Band | None:
    """Return the band that holds at a moment on the company's clock; None where there are no bands."""
    return next((band for band in bands if band.holds_at(local)), None)


def fault_of(bands: Sequence[Band]) -> Fault | None:
    """Return the first minute, on a workday or at the weekend, that no band or more than one covers."""
    if not bands:
        return None
    for days in ("workdays", "weekend"):
        names: list[list[str]] = [[] for _ in range(A_DAY)]
        for band in bands:
            if band.days in {"all", days}:
                for minute in band.minutes:
                    names[minute].append(band.name)
        for minute, found in enumerate(names):
            if len(found) != 1:
                return Fault(days, dt.time(*divmod(minute, 60)), tuple(found))
    return None


def month_of(local: dt.datetime) -> tuple[dt.date, dt.date]:
    """Return the first days of this month and of the next, on the company's calendar."""
    first = local.date().replace(day=1)
    return first, (first + dt.timedelta(days=31)).replace(day=1)


def _minute(time: dt.time) -> int:
    return time.hour * 60 + time.minute
