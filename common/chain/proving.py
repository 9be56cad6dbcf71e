"""Computing a chain anew and naming what is not what was sealed.

Only what differs leaves the database, a span of positions at a time, so a chain of any length needs little memory.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from common.chain.definition import GENESIS, Chain, link_hash, moment

_FACTS = (
    f"concat_ws('|', number, first_position, last_position, complete_to, {moment('sealed_at')})"
)
SPAN = 20_000
MOST_FINDINGS = 100
GRACE = dt.timedelta(hours=1)

_LINKS = """
WITH ordered AS (
    SELECT position, {row} AS row_id, parts, hash,
        lag(position) OVER turn AS before, lag(hash) OVER turn AS before_hash
    FROM {links} WHERE position BETWEEN %(first)s - 1 AND %(last)s
    WINDOW turn AS (ORDER BY position)
), linked AS (
    SELECT ordered.*, coalesce(
        seal.previous_hash, CASE WHEN before = position - 1 THEN before_hash END
    ) AS previous
    FROM ordered LEFT JOIN {seals} AS seal ON seal.first_position = position
    WHERE position >= %(first)s
), computed AS (
    SELECT linked.*, row.parts AS found_parts, row.content
    FROM linked LEFT JOIN LATERAL ({content}) AS row ON true
)
SELECT position, row_id, parts, hash, before, previous, found_parts, content,
    (SELECT seal.hash FROM {seals} AS seal WHERE last_position = position),
    (SELECT {facts} FROM {seals} AS seal WHERE last_position = position)
FROM computed
WHERE content IS NULL OR parts <> found_parts OR before IS DISTINCT FROM nullif(position - 1, 0)
    OR hash IS DISTINCT FROM sha256(previous || convert_to(content, 'UTF8'))
ORDER BY position LIMIT %(most)s
"""

_SEALS = """
SELECT number FROM (
    SELECT seal.*, link.hash AS last_hash,
        lag(number) OVER turn AS before, lag(last_position) OVER turn AS before_position,
        lag(seal.hash) OVER turn AS before_hash
    FROM {seals} AS seal LEFT JOIN {links} AS link ON link.position = seal.last_position
    WINDOW turn AS (ORDER BY number)
) AS seal
WHERE number <> coalesce(before, 0) + 1 OR first_position <> coalesce(before_position, 0) + 1
    OR last_position < first_position OR previous_hash <> coalesce(before_hash, %(genesis)s)
    OR hash IS DISTINCT FROM sha256(last_hash || convert_to({facts}, 'UTF8'))
ORDER BY number LIMIT %(most)s
"""

# A row that says it is of the future would not be of age for as long as it likes.
_NEVER_SEALED = """
SELECT id FROM {rows} WHERE id <= %(complete_to)s
    AND ({written_at} NOT BETWEEN clock_timestamp() - %(grace)s AND clock_timestamp() + %(grace)s)
    AND NOT EXISTS (SELECT FROM {links} WHERE {row} = {rows}.id)
ORDER BY id LIMIT %(most)s
"""

# Links and seals of one moment: sealing goes on while a long chain is proven. A link before the beginning would
# keep its row out of the chain, since it looks as if it were sealed.
_UNSEALED_LINKS = """
SELECT min(position) FROM {links}
WHERE position > (SELECT coalesce(max(last_position), 0) FROM {seals})
    OR position < 1
"""

_WITHOUT_ROW = """
SELECT DISTINCT {column} FROM {below} AS part
WHERE NOT EXISTS (SELECT FROM {rows} WHERE id = part.{column})
    AND NOT EXISTS (SELECT FROM {links} AS link WHERE link.{row} = part.{column})
ORDER BY 1 LIMIT %(most)s
"""

_KNOWN = "SELECT 1 FROM {seals} WHERE starts_with(encode(hash, 'hex'), %(noted)s) LIMIT 1"

_WAITING = """
SELECT count(*), min({written_at}) FROM {rows}
WHERE id > %s AND NOT EXISTS (SELECT FROM {links} WHERE {row} = {rows}.id)
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was sealed. ``kind`` is one of the constants below."""

    kind: str
    position: int | None = None
    row_id: int | None = None
    seal: int | None = None


CHANGED = "changed"  # the row, or a row below it, holds something else
PARTS_ADDED = "parts_added"  # rows below it were added
PARTS_REMOVED = "parts_removed"  # rows below it are gone
MISSING = "missing"  # the row is gone
GAP = "gap"  # a link is gone
FINGERPRINT = "fingerprint"  # the row is as it was, its link is not
BAD_SEAL = "bad_seal"  # a seal was changed, or one before it is gone
UNSEALED_LINKS = "unsealed_links"  # links behind the last seal, or before the first
WITHOUT_ROW = "without_row"  # rows below one that there never was
NEVER_SEALED = "never_sealed"  # a row that appeared behind the chain's back
UNKNOWN_NOTE = "unknown_note"  # the fingerprint that was noted is in no seal


@dataclass(frozen=True, slots=True)
class Proof:
    """What a chain showed: findings (at most ``MOST_FINDINGS``), and how much of it there is."""

    findings: list[Finding]
    sealed: int
    waiting: int
    waiting_since: dt.datetime | None
    fingerprint: str


def prove(chain: Chain, *, noted: str = "") -> Proof:
    """Compute the chain of the open company anew; ``noted`` is a fingerprint kept outside, or its beginning."""
    last = chain.seal._default_manager.order_by("-number").first()
    end = last.last_position if last else 0
    findings: list[Finding] = []
    for finding in _findings(chain, end, last.complete_to if last else 0, noted):
        findings.append(finding)
        if len(findings) == MOST_FINDINGS:
            break
    waiting, since = _waiting(chain, last.complete_to if last else 0)
    return Proof(findings, end, waiting, since, last.fingerprint if last else "")


def _findings(chain: Chain, end: int, complete_to: int, noted: str) -> Iterator[Finding]:
    if noted and not _is_known(chain, noted):
        yield Finding(UNKNOWN_NOTE)
    for first in range(1, end + 1, SPAN):
        yield from _links(chain, first, min(first + SPAN - 1, end))
    ((unsealed,),) = _rows(_UNSEALED_LINKS, chain, {})
    if unsealed is not None:
        yield Finding(UNSEALED_LINKS, position=unsealed)
    for (number,) in _rows(_SEALS, chain, {"genesis": GENESIS}):
        yield Finding(BAD_SEAL, seal=number)
    for (row_id,) in _rows(_NEVER_SEALED, chain, {"complete_to": complete_to, "grace": GRACE}):
        yield Finding(NEVER_SEALED, row_id=row_id)
    for below, column in chain.below.items():
        for (row_id,) in _rows(_WITHOUT_ROW, chain, {}, below=below, column=column):
            yield Finding(WITHOUT_ROW, row_id=row_id)


def _is_known(chain: Chain, noted: str) -> bool:
    return bool(_rows(_KNOWN, chain, {"noted": noted.lower()}))


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A link that does not fit, as the database found it."""

    position: int
    row_id: int
    parts: int
    hash: bytes
    before: int | None
    previous: bytes | None
    found_parts: int | None
    content: str | None
    seal: bytes | None  # of the batch that it closes
    seal_facts: str | None

    @property
    def should_be(self) -> bytes | None:
        if self.previous is None or self.content is None:
            return None
        return link_hash(bytes(self.previous), self.content)


def _links(chain: Chain, first: int, last: int) -> Iterator[Finding]:
    """Name what does not fit among these positions."""
    content = chain.content.format(row="linked.row_id")
    found = _rows(_LINKS, chain, {"first": first, "last": last}, content=content)
    suspects = [_Suspect(*row) for row in found]
    following = {each.position: each for each in suspects}
    forgiven: set[int] = set()
    for suspect in suspects:
        if suspect.before != (suspect.position - 1 or None):
            yield Finding(GAP, position=suspect.position - 1)
        if suspect.position in forgiven:
            continue
        if _is_only_fingerprint(suspect, following.get(suspect.position + 1)):
            forgiven.add(suspect.position + 1)
            yield Finding(FINGERPRINT, suspect.position, suspect.row_id)
        elif kind := _kind(suspect):
            yield Finding(kind, suspect.position, suspect.row_id)


def _kind(suspect: _Suspect) -> str | None:
    if suspect.content is None:
        return MISSING
    assert suspect.found_parts is not None
    if suspect.found_parts != suspect.parts:
        return PARTS_ADDED if suspect.found_parts > suspect.parts else PARTS_REMOVED
    if suspect.previous is None or bytes(suspect.hash) == suspect.should_be:
        return None  # it stands behind a gap, which is named already
    return CHANGED


def _is_only_fingerprint(suspect: _Suspect, after: _Suspect | None) -> bool:
    """Whether what follows fits what this link should be: then the row is right, and its link is not."""
    should_be = suspect.should_be
    if should_be is None or should_be == bytes(suspect.hash):
        return False
    if suspect.seal is not None and suspect.seal_facts is not None:
        return link_hash(should_be, suspect.seal_facts) == bytes(suspect.seal)
    if after is None or after.content is None:
        return False
    return link_hash(should_be, after.content) == bytes(after.hash)


def _waiting(chain: Chain, complete_to: int) -> tuple[int, dt.datetime | None]:
    """Return how many rows wait for their seal, and since when."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING.format(**chain.names), [complete_to])
        count, since = cursor.fetchone()
    return count, since


def _rows(sql: str, chain: Chain, values: dict[str, Any], **names: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            sql.format(facts=_FACTS, **chain.names, **names), {"most": MOST_FINDINGS, **values}
        )
        found: list[Any] = cursor.fetchall()
    return found
