"""Noting how jobs ran: one row a job, so that what did not run, failed or was killed can be seen.

Times are the database's. Trouble with the note never stops the job.
"""

import contextlib
import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, connection

logger = logging.getLogger(__name__)

Facts = dict[str, str | int | dt.datetime | None]

KEPT_FAILURES = 20
# No task lives longer (CELERY_TASK_TIME_LIMIT): a run that has not ended by then was killed.
LONGEST = dt.timedelta(seconds=300)
NEVER_ENDED = "NeverEnded"

# What a run before this one left as started counts as killed once it is older than any task may get.
_BEGIN = """
WITH former AS (
    SELECT id, started_at, coalesce(started_at < clock_timestamp() - %(longest)s::interval
        AND (ended_at IS NULL OR ended_at < started_at), false) AS was_killed
    FROM public.tenants_jobrecord WHERE company_id IS NOT DISTINCT FROM %(company)s AND job = %(job)s
    FOR NO KEY UPDATE
)
UPDATE public.tenants_jobrecord AS record SET
    started_at = clock_timestamp(),
    failures = record.failures + former.was_killed::int,
    error = CASE WHEN former.was_killed THEN %(killed)s ELSE record.error END
FROM former WHERE record.id = former.id
RETURNING record.id, record.started_at, former.was_killed, former.started_at
"""
_FIRST = """
INSERT INTO public.tenants_jobrecord (company_id, job, started_at)
VALUES (%(company)s, %(job)s, clock_timestamp())
ON CONFLICT (company_id, job) DO UPDATE SET started_at = excluded.started_at
RETURNING id, started_at, false, NULL
"""
_GOOD = """
UPDATE public.tenants_jobrecord SET ended_at = statement_timestamp(), good_at = statement_timestamp(),
    duration_ms = greatest(0, extract(epoch FROM statement_timestamp() - %(started)s) * 1000),
    failures = 0, error = ''
WHERE id = %(id)s
"""
_BAD = """
UPDATE public.tenants_jobrecord SET ended_at = statement_timestamp(),
    duration_ms = greatest(0, extract(epoch FROM statement_timestamp() - %(started)s) * 1000),
    failures = failures + 1, error = %(error)s
WHERE id = %(id)s
"""
_KEEP = """
INSERT INTO public.tenants_jobfailure (record_id, started_at, ended_at, error)
VALUES (%(id)s, %(started)s, CASE WHEN %(ended)s THEN clock_timestamp() END, %(error)s)
"""
_FORGET = """
DELETE FROM public.tenants_jobfailure WHERE id IN (
    SELECT id FROM public.tenants_jobfailure WHERE record_id = %(id)s ORDER BY id DESC OFFSET %(kept)s
)
"""
_EXPECT = """
INSERT INTO public.tenants_jobrecord (company_id, job)
SELECT %(company)s, name FROM unnest(%(names)s) AS name
ON CONFLICT (company_id, job) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Run:
    record_id: int
    started_at: dt.datetime


@contextlib.contextmanager
def noted(job: str, company_id: int | None = None) -> Iterator[None]:
    """Note that a job runs, and how it ends; its error goes on. Call it outside of transactions.

    :param company_id: None for a job of the installation
    """
    run = _begin(job, company_id)
    try:
        yield
    except Exception as error:
        _note_failure(run, type(error).__name__)
        raise
    _note_success(run)


def expect(names: list[str], company_id: int | None) -> None:
    """Count from now on how long these jobs have not run, where they never did."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPECT, {"company": company_id, "names": names})


def _begin(job: str, company_id: int | None) -> Run | None:
    facts: Facts = {
        "company": company_id,
        "job": job,
        "longest": f"{LONGEST.total_seconds()} seconds",
        "killed": NEVER_ENDED,
    }
    with _quietly(job), connection.cursor() as cursor:
        cursor.execute(_BEGIN, facts)
        row = cursor.fetchone()
        if row is None:
            cursor.execute(_FIRST, facts)
            row = cursor.fetchone()
        record_id, started_at, was_killed, former_start = row
        if was_killed:
            _keep(record_id, former_start, NEVER_ENDED, ended=False)
        return Run(record_id, started_at)
    return None


def _note_success(run: Run | None) -> None:
    if run is None:
        return
    with _quietly(run.record_id), connection.cursor() as cursor:
        cursor.execute(_GOOD, {"id": run.record_id, "started": run.started_at})


def _note_failure(run: Run | None, error: str) -> None:
    if run is None:
        return
    facts: Facts = {"id": run.record_id, "started": run.started_at, "error": error[:100]}
    with _quietly(run.record_id), connection.cursor() as cursor:
        cursor.execute(_BAD, facts)
        _keep(run.record_id, run.started_at, error, ended=True)


def _keep(record_id: int, started_at: dt.datetime, error: str, *, ended: bool) -> None:
    facts: Facts = {
        "id": record_id,
        "started": started_at,
        "ended": ended,
        "error": error[:100],
        "kept": KEPT_FAILURES,
    }
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, facts)
        cursor.execute(_FORGET, facts)


@contextlib.contextmanager
def _quietly(job: object) -> Iterator[None]:
    """A database that is away is the job's own trouble; its note is worth a line in the log."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        logger.warning("job.not_noted", extra={"job": job, "error": type(error).__name__})
