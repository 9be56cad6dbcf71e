"""The jobs: what runs by the clock, for the installation or in every company. Each room names its own.

Only a job that is named here can be missed when it does not run. ``tenants.runs`` notes how each ran.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from common.words import _

A_DAY = dt.timedelta(days=1)
GRACE = dt.timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Job:
    """One job. Without ``every`` it comes when there is work, and its row of due work says since when."""

    name: str  # of its beat entry or its kind of due work
    label: Any
    text: Any  # what it does and when, in a sentence
    every: dt.timedelta | None = None
    is_of_company: bool = True

    @property
    def late_after(self) -> dt.timedelta:
        """How long after the last run the next one is missed."""
        return self.every + max(GRACE, self.every / 8) if self.every else GRACE


OWN = (
    Job(
        "sweep",
        _("Sweeper"),
        _("Looks every 5 seconds where work is due, and calls a worker."),
        every=dt.timedelta(seconds=5),
        is_of_company=False,
    ),
    Job(
        "tidy",
        _("Tidying, the call"),
        _("Asks every company once a night to forget what is too old."),
        every=A_DAY,
        is_of_company=False,
    ),
    Job(
        "tidy_company",
        _("Tidying"),
        _("Forgets old logs of calls, sessions and used form keys, once a night."),
        every=A_DAY,
    ),
)

_jobs: dict[str, Job] = {}


def register(job: Job) -> None:
    """Called from an app's ``ready``."""
    _jobs[job.name] = job


def registered() -> list[Job]:
    """Return all jobs, those of the installation first."""
    return sorted(_jobs.values(), key=lambda job: job.is_of_company)


def job_named(name: str) -> Job | None:
    return _jobs.get(name)
