"""An adapter's memory on its connection: encrypted, with an end."""

import datetime as dt
from typing import Any

from django.db import transaction

from plugins.models import Connection


class ConnectionMemory:
    """Implements ``contracts.Memory`` for one connection."""

    def __init__(self, connection_id: int) -> None:
        self.connection_id = connection_id

    def get(self, name: str) -> str | None:
        memory: Any = Connection.objects.values_list("memory", flat=True).get(pk=self.connection_id)
        kept = (memory or {}).get(name)
        if kept is None or dt.datetime.fromisoformat(kept["expires_at"]) <= dt.datetime.now(dt.UTC):
            return None
        return str(kept["value"])

    def put(self, name: str, value: str, *, expires_at: dt.datetime) -> None:
        self._change({name: {"value": value, "expires_at": expires_at.isoformat()}})

    def drop(self, name: str) -> None:
        self._change({name: None})

    @transaction.atomic
    def _change(self, changes: dict[str, object]) -> None:
        connection = Connection.objects.select_for_update(no_key=True).get(pk=self.connection_id)
        kept: Any = connection.memory or {}
        memory: dict[str, Any] = {**kept, **changes}
        connection.memory = {name: kept for name, kept in memory.items() if kept}
        connection.save(update_fields=["memory"])
