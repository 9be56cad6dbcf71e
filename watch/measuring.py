"""What waits now, since when, and what of it waits longer than the company allows. Reads only."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Count, Min, QuerySet, Value

from tenants.models import Company
from watch import job_lines, plugin_lines
from watch.kinds import BOOKS, JOB, KINDS, PLUGIN, WORK, Kind
from watch.models import Limit


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of one kind wait, and since when the oldest does."""

    kind: Kind
    count: int
    since: dt.datetime | None
    limit: dt.timedelta | None  # None: nobody is told

    def is_late(self, now: dt.datetime) -> bool:
        return is_over(self.since, self.limit, now)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that waits too long; ``subject`` names the plug-in or the job, where one is meant."""

    kind: Kind
    subject: str
    count: int
    since: dt.datetime | None


Limits = dict[str, dt.timedelta | None]


def is_over(since: dt.datetime | None, limit: dt.timedelta | None, now: dt.datetime) -> bool:
    return since is not None and limit is not None and now - since >= limit


def limits() -> Limits:
    """Return how long each kind may wait in this company; None where nobody is told."""
    changed = dict(Limit.objects.values_list("kind", "minutes"))
    minutes = {name: changed.get(name, kind.minutes) for name, kind in KINDS.items()}
    return {name: dt.timedelta(minutes=each) if each else None for name, each in minutes.items()}


def waiting_work(allowed: Limits) -> list[Waiting]:
    """Return every kind of work with what waits of it, in one query."""
    first, *others = [_summed(kind, rows(), since) for kind in WORK for rows, since in kind.sources]
    found: dict[str, list[tuple[int, dt.datetime]]] = {}
    for name, count, since in first.union(*others, all=True):
        found.setdefault(name, []).append((count, since))
    return [_waiting(kind, found.get(kind.name, ()), allowed[kind.name]) for kind in WORK]


def _summed(kind: Kind, rows: QuerySet[Any], since: str) -> Any:
    named = rows.order_by().annotate(which=Value(kind.name, output_field=CharField()))
    return named.values_list("which").annotate(number=Count("pk"), oldest=Min(since))


def _waiting(
    kind: Kind, found: Sequence[tuple[int, dt.datetime]], limit: dt.timedelta | None
) -> Waiting:
    since = min((oldest for _, oldest in found if oldest), default=None)
    return Waiting(kind, sum(count for count, _ in found), since, limit)


def findings(company: Company, now: dt.datetime) -> list[Finding]:
    """Return what waits too long in the company whose schema is open, in a fixed number of queries."""
    allowed = limits()
    return [
        *late_work(waiting_work(allowed), now),
        *late_plugins(plugin_lines.plugin_lines(now), allowed[PLUGIN.name], now),
        *late_jobs(job_lines.job_lines(company, now), allowed, now),
    ]


def late_work(work: Iterable[Waiting], now: dt.datetime) -> Iterator[Finding]:
    for each in work:
        if each.is_late(now):
            yield Finding(each.kind, "", each.count, each.since)


def late_plugins(
    lines: Iterable[plugin_lines.PluginLine], limit: dt.timedelta | None, now: dt.datetime
) -> Iterator[Finding]:
    for line in lines:
        if is_over(line.failing_since, limit, now):
            yield Finding(PLUGIN, line.connection.plugin, 1, line.failing_since)


def late_jobs(
    lines: Iterable[job_lines.JobLine], allowed: Limits, now: dt.datetime
) -> Iterator[Finding]:
    for line in lines:
        if line.books_are_wrong:
            if allowed[BOOKS.name] is not None:
                yield Finding(BOOKS, "", 1, line.failing_since)
        elif is_over(line.trouble_since, allowed[JOB.name], now):
            yield Finding(JOB, line.job.name, 1, line.trouble_since)
