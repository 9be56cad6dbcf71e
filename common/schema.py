"""Which company's schema is open on this thread's connection."""

from typing import Any

from django.db import connection


def current_schema() -> str:
    """Return the name of the open schema, ``public`` for none."""
    return str(connection.schema_name)  # type: ignore[attr-defined]


def open_public() -> None:
    """Leave the company: only shared tables can be seen."""
    connection.set_schema_to_public()  # type: ignore[attr-defined]


def open_company(company: Any) -> None:
    """Open a company's schema on this thread's connection; ``tenants.scope.in_company`` checks more.

    Where it is open already, nothing is sent to the database again.
    """
    if current_schema() == company.schema_name:
        connection.tenant = company  # type: ignore[attr-defined]
    else:
        connection.set_tenant(company)  # type: ignore[attr-defined]
