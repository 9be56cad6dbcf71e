"""Adding to a chain what has been committed since."""

import datetime as dt
import logging
import time
from dataclasses import dataclass

from django.db import connection, transaction

from common.chain.definition import GENESIS, Chain, link_hash, seal_hash
from common.schema import current_schema

logger = logging.getLogger(__name__)

BATCH = 5000
# No transaction lasts longer. What commits later all the same is named by `verify_books`.
LONGEST_TRANSACTION = dt.timedelta(hours=1)

_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0)), clock_timestamp()"

_UNSEALED = """
SELECT fresh.id, fresh.written_at, row.parts, row.content
FROM (
    SELECT id, {written_at} AS written_at FROM {rows}
    WHERE id > %s AND NOT EXISTS (SELECT FROM {links} WHERE {row} = {rows}.id)
    ORDER BY id LIMIT %s
) AS fresh
CROSS JOIN LATERAL ({content}) AS row
ORDER BY fresh.id
"""

_COMPLETE_TO = """
SELECT id FROM {rows} WHERE id > %s AND id <= %s AND {written_at} < %s ORDER BY id DESC LIMIT 1
"""

_ADD_LINKS = """
INSERT INTO {links} (position, {row}, parts, hash)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::bytea[])
"""


@dataclass(frozen=True, slots=True)
class _Unsealed:
    id: int
    written_at: dt.datetime
    parts: int
    content: str


def seal(chain: Chain, *, seconds: float = 20.0, batch: int = BATCH) -> int:
    """Seal what is committed, batch by batch, in the open company; stop after so many seconds.

    Return how many rows were sealed: 0 also when somebody else is sealing. Call it outside a transaction.
    """
    sealed, ends_at = 0, time.monotonic() + seconds
    while count := seal_batch(chain, batch=batch):
        sealed += count
        if count < batch or time.monotonic() > ends_at:
            break
    return sealed


@transaction.atomic
def seal_batch(chain: Chain, *, batch: int = BATCH, stragglers: bool = False) -> int:
    """Seal the first rows that are not yet; return how many. One transaction.

    The lock is taken by sealers only, so nobody who writes waits for it. ``stragglers`` looks at everything from
    the beginning: also at what turned up when the past was thought complete.
    """
    now = _lock(chain)
    if now is None:
        return 0
    last = chain.seal._default_manager.order_by("-number").first()
    begin = last.complete_to if last else 0
    rows = _unsealed(chain, 0 if stragglers else begin, batch)
    if not rows:
        return 0
    previous = bytes(last.hash) if last else GENESIS
    first = last.last_position + 1 if last else 1
    hashes = _hashes(previous, rows)
    _add_links(chain, first, rows, hashes)
    number, end = (last.number + 1 if last else 1), first + len(rows) - 1
    complete_to = _complete_to(chain, begin, rows[-1].id, now - LONGEST_TRANSACTION)
    made = chain.seal._default_manager.create(
        number=number,
        first_position=first,
        last_position=end,
        complete_to=complete_to,
        previous_hash=previous,
        hash=seal_hash(
            hashes[-1], number=number, first=first, last=end, complete_to=complete_to, at=now
        ),
        sealed_at=now,
    )
    _tell(chain, made.number, made.fingerprint, len(rows))
    return len(rows)


def _lock(chain: Chain) -> dt.datetime | None:
    """Keep other sealers of this chain out until the commit; return the time, or None when one is there.

    The number of an advisory lock is shared by all companies, so the schema is part of it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [f"chain:{current_schema()}:{chain.name}"])
        is_ours, now = cursor.fetchone()
    return now if is_ours else None


def _unsealed(chain: Chain, begin: int, batch: int) -> list[_Unsealed]:
    sql = _UNSEALED.format(content=chain.content.format(row="fresh.id"), **chain.names)
    with connection.cursor() as cursor:
        cursor.execute(sql, [begin, batch])
        return [_Unsealed(*row) for row in cursor.fetchall()]


def _hashes(previous: bytes, rows: list[_Unsealed]) -> list[bytes]:
    hashes = []
    for row in rows:
        previous = link_hash(previous, row.content)
        hashes.append(previous)
    return hashes


def _add_links(chain: Chain, first: int, rows: list[_Unsealed], hashes: list[bytes]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _ADD_LINKS.format(**chain.names),
            [
                list(range(first, first + len(rows))),
                [row.id for row in rows],
                [row.parts for row in rows],
                hashes,
            ],
        )


def _complete_to(chain: Chain, begin: int, end: int, before: dt.datetime) -> int:
    """Return up to which id no transaction is open any more that could still add a row."""
    with connection.cursor() as cursor:
        cursor.execute(_COMPLETE_TO.format(**chain.names), [begin, end, before])
        row = cursor.fetchone()
    return row[0] if row else begin


def _tell(chain: Chain, number: int, fingerprint: str, count: int) -> None:
    """Say the fingerprint in the log as well: logs are kept elsewhere."""
    facts = {"chain": chain.name, "seal": number, "fingerprint": fingerprint, "count": count}
    transaction.on_commit(lambda: logger.info("chain.sealed", extra=facts))
