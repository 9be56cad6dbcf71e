"""Pages of a list: fifty rows, then a link to the next fifty. No page numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict

ROWS = 50
MAX_OFFSET = 100_000
M = TypeVar("M", bound=Model)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Rows ``first`` to ``last`` of ``total``; links keep everything else in the address.

    ``next_url`` and ``previous_url`` are empty where there is nothing further.
    """

    rows: list[R]
    total: int
    first: int
    last: int
    next_url: str = ""
    previous_url: str = ""

    @property
    def is_first(self) -> bool:
        return self.first <= 1

    @property
    def has_others(self) -> bool:
        return bool(self.next_url or self.previous_url)


def page_of(queryset: "QuerySet[M]", params: QueryDict, *, rows: int = ROWS) -> Page[M]:
    """Return the page that ``?after=50`` of the address names: one query counts, one reads.

    Nonsense in ``after`` shows the first page.
    """
    offset = _offset(params.get("after", ""))
    total = queryset.count()
    found = list(queryset[offset : offset + rows])
    end = offset + len(found)
    return Page(
        rows=found,
        total=total,
        first=offset + 1 if found else 0,
        last=end,
        next_url=address_with(params, after=end) if end < total and found else "",
        previous_url=_previous(params, offset, rows),
    )


def part_of(rows: Sequence[R], params: QueryDict, *, portion: int = ROWS) -> Page[R]:
    """Return the page that ``?after=50`` names of rows that are in memory already."""
    offset = _offset(params.get("after", ""))
    found = list(rows[offset : offset + portion])
    end, total = offset + len(found), len(rows)
    return Page(
        rows=found,
        total=total,
        first=offset + 1 if found else 0,
        last=end,
        next_url=address_with(params, after=end) if end < total and found else "",
        previous_url=_previous(params, offset, portion),
    )


def _offset(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 8:
        return min(int(text), MAX_OFFSET)
    return 0


def _previous(params: QueryDict, offset: int, rows: int) -> str:
    if not offset:
        return ""
    return address_with(params, after=max(0, offset - rows) or None)


def address_with(params: Mapping[str, Any], **changes: Any) -> str:
    """Return ``?…`` with some values changed; None or an empty value leaves one out."""
    changed = params.copy() if isinstance(params, QueryDict) else QueryDict(mutable=True)
    for name, value in changes.items():
        changed.pop(name, None)
        if value not in (None, ""):
            changed[name] = str(value)
    for name in [name for name, value in changed.items() if value == ""]:
        del changed[name]
    return "?" + changed.urlencode()
