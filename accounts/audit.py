"""Writing down who did what."""

from typing import Any

from accounts.models import AuditEntry, User


def audit(
    *, actor: User | None, action: str, target: str = "", remote_ip: str = "", **facts: Any
) -> AuditEntry:
    """Record one action in the caller's transaction; ``actor`` None means a command or the system."""
    return AuditEntry.objects.create(
        actor=actor,
        actor_name=str(actor) if actor else "system",
        action=action,
        target=target,
        remote_ip=remote_ip,
        facts={
            name: value if isinstance(value, int | bool) else str(value)
            for name, value in facts.items()
        },
    )
