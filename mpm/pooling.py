"""Refusing a pool that would mix companies.

The search path that opens a company belongs to the database session. A pool that hands sessions out per
transaction (PgBouncer in transaction mode) gives the next transaction another session, and with it another
company. Two connections that are open at the same time and speak to one session give such a pool away.
"""

from django.core.exceptions import ImproperlyConfigured
from django.db import connections


def session_of(connection: object) -> int:
    """Return the process id of the database session behind a connection."""
    with connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def refuse_transaction_pooling() -> None:
    """:raises ImproperlyConfigured: two open connections share a session"""
    first = connections["default"].copy()
    second = connections["default"].copy()
    try:
        sessions = {session_of(first), session_of(second)}
    finally:
        first.close()
        second.close()
    if len(sessions) == 1:
        raise ImproperlyConfigured(
            "DATABASE_URL leads to a pool that shares sessions between transactions (PgBouncer in"
            " transaction mode). Companies would see each other's rows: use session pooling or none."
        )
