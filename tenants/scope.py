"""Opening a company outside of a web request: always explicit, never inside a transaction."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django_tenants.utils import schema_context

from common.errors import MpmError
from common.schema import current_schema, open_company
from tenants.models import Company

CACHE_SECONDS = 5.0
_companies: dict[str, tuple[float, Company]] = {}


class NoCompany(MpmError):
    """There is no active company of this name; work for it is refused."""


class CompanyChangedInTransaction(MpmError):
    """A transaction belongs to one company from its first statement to its last."""


def company_by_schema(schema: str) -> Company:
    """Return an active company, at most five seconds old.

    :raises NoCompany: unknown, switched off, or the public schema
    """
    kept = _companies.get(schema)
    if kept and kept[0] > time.monotonic():
        return kept[1]
    company: Company | None = Company.objects.filter(schema_name=schema, is_active=True).first()
    if company is None or schema == "public":
        raise NoCompany(schema)
    _companies[schema] = (time.monotonic() + CACHE_SECONDS, company)
    return company


def forget_companies() -> None:
    """Drop what ``company_by_schema`` remembers, after a change in this process."""
    _companies.clear()


@contextlib.contextmanager
def in_company(schema: str) -> Iterator[Company]:
    """Open a company's schema and yield the company.

    :raises NoCompany: unknown, switched off, or the public schema
    :raises CompanyChangedInTransaction: another schema is open inside a transaction
    """
    if current_schema() != schema and _in_transaction():
        raise CompanyChangedInTransaction(schema)
    company = company_by_schema(schema)
    with schema_context(schema):
        open_company(company)
        yield company


def _in_transaction() -> bool:
    """Whether our own code opened one; the block that a test case wraps around itself does not count."""
    blocks: list[Any] = connection.atomic_blocks
    return any(not block._from_testcase for block in blocks)


def current_company() -> Company:
    """Return the company whose schema is open.

    :raises NoCompany: the public schema is open
    """
    tenant = getattr(connection, "tenant", None)
    if isinstance(tenant, Company) and tenant.slug != "public":
        return tenant
    return company_by_schema(current_schema())
