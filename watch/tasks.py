"""Doorbells of this room."""

from typing import Any

from celery import shared_task

from common.queue import ring
from tenants import runs
from tenants.scope import in_company
from tenants.selectors import companies


@shared_task
def mail(*, schema: str, **_: Any) -> None:
    """Mail a company's news of what waits too long."""
    from watch import mailing

    with in_company(schema) as company:
        mailing.mail(company)


@shared_task
def check_books(**_: Any) -> None:
    """Have every active company check its books."""
    with runs.noted("check_books"):
        for company in companies():
            ring(check_books_of_company, schema=company.slug)


@shared_task
def check_books_of_company(*, schema: str, **_: Any) -> None:
    from watch import services

    with in_company(schema) as company:
        services.check_books(company)
