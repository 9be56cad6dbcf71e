"""Writing down who did what."""

from typing import Any

from accounts.models import AuditEntry, User
from common.http import current_remote_ip


def audit(
    *, actor: User | None, action: str, target: str = "", remote_ip: str = "", **facts: Any
) -> AuditEntry:
    """Record one action in the caller's transaction; ``actor`` None means a command or the system.

    ``facts`` hold what changed as ``name=new, name_before=old``; never a secret. ``remote_ip`` is where the
    request came from, unless it is given.
    """
    return AuditEntry.objects.create(
        actor=actor,
        actor_name=str(actor) if actor else "system",
        action=action,
        target=target,
        remote_ip=remote_ip or current_remote_ip(),
        facts={
            name: value if isinstance(value, int | bool) else str(value)
            for name, value in facts.items()
        },
    )
