"""What a chain is made of, and how fingerprints are computed."""

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from typing import Any

from common.chain.models import LinkModel, SealModel

GENESIS = bytes(32)


def text(column: str) -> str:
    """Return the SQL for a text with its length in bytes in front, so that no two contents read the same."""
    return f"octet_length({column}) || ':' || {column}"


def moment(column: str) -> str:
    """Return the SQL for a point in time as microseconds since 1970, whatever zone the session shows."""
    return f"(extract(epoch FROM {column}) * 1000000)::bigint"


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain in each company's schema.

    ``content`` is a SELECT of ``parts`` and ``content`` of the row whose id stands at ``{row}``; the content holds
    every column of the row and of the rows below it, and depends on no setting of the session.
    """

    name: str
    link: type[LinkModel]
    seal: type[SealModel]
    row: str  # field of the link that points to the row
    written_at: str  # column that says when a row was written
    content: str
    below: dict[str, str] = field(default_factory=dict)  # tables of the rows below, and their key

    @property
    def names(self) -> dict[str, str]:
        """Tables and columns, for SQL."""
        key: Any = self.link._meta.get_field(self.row)
        return {
            "rows": key.related_model._meta.db_table,
            "row": key.column,
            "links": self.link._meta.db_table,
            "seals": self.seal._meta.db_table,
            "written_at": self.written_at,
        }


def link_hash(previous: bytes, content: str) -> bytes:
    """Return the fingerprint of a row that follows ``previous``."""
    return hashlib.sha256(previous + content.encode()).digest()


def seal_hash(
    previous: bytes, *, number: int, first: int, last: int, complete_to: int, at: dt.datetime
) -> bytes:
    """Return the fingerprint of a seal whose last row has the fingerprint ``previous``."""
    facts = "|".join(map(str, (number, first, last, complete_to, microseconds(at))))
    return hashlib.sha256(previous + facts.encode()).digest()


def microseconds(at: dt.datetime) -> int:
    """Return a point in time as ``moment`` does, exactly."""
    return (at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
