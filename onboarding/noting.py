"""What an import did to each thing: counted once per thing, told per line, kept for undoing."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Model


class Kind(StrEnum):
    CUSTOMERS = "customers"
    DEVICES = "devices"
    TARIFFS = "tariffs"
    VILLAGES = "villages"


class How(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


_RANK = {How.UNCHANGED: 0, How.CHANGED: 1, How.CREATED: 2}


@dataclass(frozen=True, slots=True)
class Noted:
    """A row of the database that a line made, or changed: then ``before`` is what stood there, by attribute."""

    line: int
    thing: Model
    before: Mapping[str, Any] | None = None


class Notes:
    """What was done. It counts once it is kept; what was rolled back is forgotten."""

    def __init__(self, on_noted: Callable[[Noted], None]) -> None:
        self._on_noted = on_noted
        self._counted: dict[tuple[Kind, int], How] = {}
        self._new_counts: list[tuple[Kind, int, How]] = []
        self._new_notes: list[Noted] = []
        self._lines: dict[int, How] = {}

    def count(self, kind: Kind, thing: Model, line: int, how: How) -> None:
        """Count a thing; the strongest that was said of it stays."""
        self._new_counts.append((kind, int(thing.pk), how))
        self.tell_line(line, how)

    def tell_line(self, line: int, how: How) -> None:
        """Say what became of a line; the strongest that was said of it stays."""
        if _RANK[how] >= _RANK[self._lines.get(line, How.UNCHANGED)]:
            self._lines[line] = how

    def made(self, line: int, thing: Model) -> None:
        self._new_notes.append(Noted(line, thing))

    def changed(self, line: int, thing: Model, before: Mapping[str, Any]) -> None:
        self._new_notes.append(Noted(line, thing, before))

    def keep(self) -> dict[int, How]:
        """Let what was said since the last time count; return what became of each line."""
        for kind, pk, how in self._new_counts:
            had = self._counted.get((kind, pk), How.UNCHANGED)
            self._counted[kind, pk] = max(had, how, key=_RANK.__getitem__)
        for noted in self._new_notes:
            self._on_noted(noted)
        lines = self._lines
        self.forget()
        return lines

    def forget(self) -> None:
        """Drop what was said since the last time: it was rolled back."""
        self._new_counts, self._new_notes, self._lines = [], [], {}

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many distinct things were created, changed and left alone, by kind."""
        counter = Counter((how, kind) for (kind, _pk), how in self._counted.items())
        return {how: {kind: counter[how, kind] for kind in Kind} for how in How}
