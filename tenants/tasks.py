"""The sweeper: says again what the broker may have lost."""

from typing import Any

from celery import shared_task

from common import crash
from common.queue import ring
from tenants import duework, sweeping


@shared_task
def sweep(**_: Any) -> None:
    """Ring for every company that has work due."""
    due = duework.take_due()
    crash.point("sweep.taken")
    for schema, kind in due:
        ring(sweep_company, schema=schema, kind=kind)


@shared_task
def sweep_company(*, schema: str, kind: str, **_: Any) -> None:
    """Take up what stalled in one company; forget the company when nothing is open."""
    sweeping.run(schema=schema, kind=kind)
