"""How every job of a company and of the installation stands: also those that never ran."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from common.badges import Badge, Tone
from common.words import _
from tenants import jobs, runs
from tenants.jobs import Job
from tenants.models import Company, DueWork, JobRecord

FAILED_OFTEN = 3
BOOKS_WRONG = "BooksDoNotHold"

GOOD = Badge(Tone.GOOD, _("Ran"), is_bare=True)
RUNNING = Badge(Tone.BUSY, _("Running"))
FAILED = Badge(Tone.BAD, _("Failed"))
KILLED = Badge(Tone.BAD, _("Started, never ended"))
LATE = Badge(Tone.WARN, _("Late"))
NOT_YET = Badge(Tone.QUIET, _("Not run yet"), icon="clock", is_bare=True)
NOTHING_TO_DO = Badge(Tone.QUIET, _("Nothing to do yet"), icon="clock", is_bare=True)

# Classes of errors whose meaning a person can use; the rest is for whoever reads the log.
ERRORS = {
    runs.NEVER_ENDED: _("It was stopped in the middle of its work and never ended."),
    BOOKS_WRONG: _(
        "Figures do not add up, or rows are not what was sealed. verify_books on the server names them."
    ),
    "FeesIncomplete": _("Some devices were being worked on for too long. It comes again for them."),
    "OperationalError": _("The database did not answer, or not in time."),
    "InterfaceError": _("The connection to the database was lost."),
}


def error_words(error: str) -> str:
    """Return a sentence for the class of an error. It holds nothing of the error's own text."""
    if not error:
        return ""
    if error in ERRORS:
        return str(ERRORS[error])
    return str(_("The program failed (%(error)s). The log says where.")) % {"error": error}


@dataclass(frozen=True, slots=True)
class JobLine:
    """One job, its last run, and the words for it."""

    job: Job
    record: JobRecord | None
    badge: Badge
    error: str
    trouble_since: dt.datetime | None  # late, or failing again and again
    failing_since: dt.datetime | None

    @property
    def started_at(self) -> dt.datetime | None:
        return self.record.started_at if self.record else None

    @property
    def ended_at(self) -> dt.datetime | None:
        return self.record.ended_at if self.record else None

    @property
    def good_at(self) -> dt.datetime | None:
        return self.record.good_at if self.record else None

    @property
    def duration(self) -> Any:
        """The length of the last run that ended, in words."""
        if self.record is None or self.record.duration_ms is None:
            return None
        return dt.timedelta(milliseconds=self.record.duration_ms)

    @property
    def is_quick(self) -> bool:
        return self.record is not None and (self.record.duration_ms or 0) < 1000

    @property
    def books_are_wrong(self) -> bool:
        return self.record is not None and self.record.error == BOOKS_WRONG

    @property
    def is_well(self) -> bool:
        return self.badge in {GOOD, RUNNING, NOT_YET, NOTHING_TO_DO}


def job_lines(company: Company, now: dt.datetime) -> list[JobLine]:
    """Return every job that is named, the installation's first, in two queries."""
    asked = JobRecord.objects.filter(Q(company=company) | Q(company=None))
    records = {(each.job, each.company_id): each for each in asked}
    due = dict(DueWork.objects.filter(company=company).values_list("kind", "due_at"))
    return [
        _line(
            job,
            records.get((job.name, company.pk if job.is_of_company else None)),
            due.get(job.name),
            now,
        )
        for job in jobs.registered()
    ]


def _line(
    job: Job, record: JobRecord | None, due_at: dt.datetime | None, now: dt.datetime
) -> JobLine:
    late_since = _late_since(job, record, due_at, now)
    failing_since = _failing_since(record, now)
    often = record is not None and record.failures >= FAILED_OFTEN
    troubles = [late_since, failing_since if often or was_killed(record, now) else None]
    return JobLine(
        job=job,
        record=record,
        badge=_badge(job, record, is_late=late_since is not None, now=now),
        error=error_words(record.error) if record and record.failures else "",
        trouble_since=min((at for at in troubles if at), default=None),
        failing_since=failing_since,
    )


def _late_since(
    job: Job, record: JobRecord | None, due_at: dt.datetime | None, now: dt.datetime
) -> dt.datetime | None:
    """Return since when the next run is missed; None when it is not."""
    if job.every is None:
        expected = due_at
    else:
        last = (record.started_at or record.created_at) if record else None
        expected = last + job.every if last else None
    if expected is None:
        return None
    grace = job.late_after - (job.every or dt.timedelta(0))
    return expected if now > expected + grace else None


def _failing_since(record: JobRecord | None, now: dt.datetime) -> dt.datetime | None:
    if record is None or not (record.failures or was_killed(record, now)):
        return None
    return record.good_at or record.created_at


def is_open(record: JobRecord | None) -> bool:
    """Whether the last run started and has not ended."""
    if record is None or record.started_at is None:
        return False
    return record.ended_at is None or record.ended_at < record.started_at


def was_killed(record: JobRecord | None, now: dt.datetime) -> bool:
    """Whether the last run started so long ago that it cannot be going on."""
    if record is None or record.started_at is None:
        return False
    return is_open(record) and now - record.started_at > runs.LONGEST


def _badge(job: Job, record: JobRecord | None, *, is_late: bool, now: dt.datetime) -> Badge:
    if was_killed(record, now):
        return KILLED
    if is_late:
        return LATE
    if record is not None and record.failures:
        return FAILED
    if record is None or record.started_at is None:
        return NOT_YET if job.every else NOTHING_TO_DO
    return RUNNING if is_open(record) else GOOD
