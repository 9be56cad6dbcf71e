"""Whom a process connects to the database as."""

from collections.abc import Sequence

# What makes or changes tables. Everything else needs no more than the application's rights.
OWNER_COMMANDS = frozenset({"migrate_schemas", "migrate", "create_company", "grant_roles"})

# The Celery app of the worker that makes the companies of people who sign up.
MAKER = "mpm.maker"


def needs_owner(arguments: Sequence[str]) -> bool:
    """Return whether this command line runs a command of the owner, or the maker."""
    return (len(arguments) > 1 and arguments[1] in OWNER_COMMANDS) or MAKER in arguments
