"""The sweeper: says again what the broker may have lost."""

from typing import Any

from celery import shared_task

from common import crash
from common.queue import ring
from tenants import duework, runs, sweeping, tidying
from tenants.selectors import companies


@shared_task
def sweep(**_: Any) -> None:
    """Ring for every company that has work due."""
    with runs.noted("sweep"):
        due = duework.take_due()
        crash.point("sweep.taken")
        for schema, kind in due:
            ring(sweep_company, schema=schema, kind=kind)
        sweeping.run_public()


@shared_task
def sweep_company(*, schema: str, kind: str, **_: Any) -> None:
    """Take up what stalled in one company; forget the company when nothing is open."""
    sweeping.run(schema=schema, kind=kind)


@shared_task
def tidy(**_: Any) -> None:
    """Have every active company forget what is too old."""
    with runs.noted("tidy"):
        for company in companies():
            ring(tidy_company, schema=company.slug)
        tidying.run_public()


@shared_task
def tidy_company(*, schema: str, **_: Any) -> None:
    """Forget what is too old in one company."""
    tidying.run(schema=schema)
