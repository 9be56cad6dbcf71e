"""A connection to the database that broke in the middle of something."""

from django.db import connection as default
from django.db.backends.base.base import BaseDatabaseWrapper


def mend_connection(connection: BaseDatabaseWrapper | None = None) -> None:
    """Forget a transaction that nobody is in, so that the next statement may open a new connection.

    Call it where no transaction can be open: before a request or a task. Django sets ``in_atomic_block`` before it
    makes a savepoint; when the connection breaks there the mark stays, and Django refuses a new connection "in an
    atomic block" for as long as the process lives.
    """
    broken = connection or default
    if not broken.in_atomic_block or broken.atomic_blocks:
        return
    broken.in_atomic_block = broken.closed_in_transaction = broken.needs_rollback = False
    broken.savepoint_ids = []
    broken.close()
