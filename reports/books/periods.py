"""Whole days of a company, as instants."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q

from common.clock import midnight, today_in

ONE_DAY = dt.timedelta(days=1)
# A posting outside these years is nobody's; nearer to the ends of the calendar, zones cannot be computed.
FIRST_DAY, LAST_DAY = dt.date(2000, 1, 1), dt.date(2199, 12, 31)


@dataclass(frozen=True, slots=True)
class Span:
    """From the start of ``first`` to the end of ``last``; ``first`` None: since the books began."""

    first: dt.date | None
    last: dt.date
    zone: str

    @property
    def start(self) -> dt.datetime | None:
        return midnight(self.first, self.zone) if self.first else None

    @property
    def end(self) -> dt.datetime:
        """The first instant that no longer belongs to it."""
        return midnight(self.last + ONE_DAY, self.zone)

    @property
    def is_one_day(self) -> bool:
        return self.first == self.last

    def before(self) -> "Span":
        """Everything before it; what its opening balances are made of. Only where it has a first day."""
        assert self.first is not None
        return Span(None, self.first - ONE_DAY, self.zone)

    def until(self) -> "Span":
        """Everything up to its end; what its closing balances are made of."""
        return Span(None, self.last, self.zone)

    def query(self) -> dict[str, str]:
        """Return it as the address of a page of the books writes it."""
        since = {"since": self.first.isoformat()} if self.first else {}
        return {**since, "until": self.last.isoformat()}

    def holds(self, moment: str) -> Q:
        """Return what the rows fulfil whose ``moment`` lies in it."""
        inside = Q(**{f"{moment}__lt": self.end})
        return inside & Q(**{f"{moment}__gte": self.start}) if self.start else inside


def one_day(day: dt.date, zone: str) -> Span:
    return Span(day, day, zone)


def month_to(day: dt.date, zone: str) -> Span:
    return Span(day.replace(day=1), day, zone)


def asked_span(
    since: dt.date | None, until: dt.date | None, *, zone: str, now: dt.datetime
) -> Span:
    """Return the days that were asked: this month where none were, turned round where they were mixed up."""
    today = today_in(zone, now)
    if since is None and until is None:
        return month_to(today, zone)
    last = until or max(today, since or today)
    if since and since > last:
        since, last = last, since
    return Span(since, last, zone)


def is_a_day(day: dt.date | None) -> bool:
    """Whether a day can be that of a posting."""
    return day is None or FIRST_DAY < day < LAST_DAY


def usual_spans(zone: str, now: dt.datetime) -> dict[str, Span]:
    """Return the periods that people ask for most, by name."""
    today = today_in(zone, now)
    month = today.replace(day=1)
    last_month = month - ONE_DAY
    return {
        "today": one_day(today, zone),
        "month": Span(month, today, zone),
        "last_month": Span(last_month.replace(day=1), last_month, zone),
        "year": Span(month.replace(month=1), today, zone),
    }
