"""Writing balanced postings; the only way into the books."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from common.errors import MpmError
from ledger.models import Account, Event


class UnbalancedPosting(MpmError):
    """The lines of a posting do not add up to zero: a bug of the caller."""


@dataclass(frozen=True, slots=True)
class Line:
    """Debit positive, credit negative; a line of zero is left out of the books."""

    account: Account
    amount: Decimal
    subject_id: int | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """One posting to be: what happened, to which row it belongs, and its lines."""

    event: Event
    source: str
    source_id: int
    lines: Sequence[Line]
    memo: str = ""


def debit(account: Account, amount: Decimal, subject_id: int | None = None) -> Line:
    return Line(account, amount, subject_id)


def credit(account: Account, amount: Decimal, subject_id: int | None = None) -> Line:
    return Line(account, -amount, subject_id)


_POST = """
WITH posted AS (
    INSERT INTO ledger_posting
        (public_id, event, source, source_id, memo, actor_name, occurred_at, recorded_at)
    SELECT gen_random_uuid(), event, source, source_id, memo, %s, %s, clock_timestamp()
    FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[]) WITH ORDINALITY
        AS movement (event, source, source_id, memo, number)
    ORDER BY number
    RETURNING id
), numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS number FROM posted)
INSERT INTO ledger_entry (posting_id, account, subject_id, amount)
SELECT numbered.id, line.account, line.subject_id, line.amount
FROM unnest(%s::int[], %s::text[], %s::bigint[], %s::numeric[])
    AS line (number, account, subject_id, amount)
JOIN numbered USING (number)
"""


def post(*movements: Movement, occurred_at: dt.datetime, actor_name: str = "") -> None:
    """Write all movements in one statement, inside the caller's transaction.

    :raises UnbalancedPosting: a movement does not add up to zero; nothing was written
    """
    movements = tuple(m for m in movements if any(line.amount for line in m.lines))
    if not movements:
        return
    for movement in movements:
        if sum(line.amount for line in movement.lines) != 0:
            raise UnbalancedPosting(movement)
    numbered = [
        (number, line)
        for number, movement in enumerate(movements, start=1)
        for line in movement.lines
        if line.amount
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            _POST,
            [
                actor_name,
                occurred_at,
                [str(m.event) for m in movements],
                [m.source for m in movements],
                [m.source_id for m in movements],
                [m.memo for m in movements],
                [number for number, _ in numbered],
                [str(line.account) for _, line in numbered],
                [line.subject_id for _, line in numbered],
                [line.amount for _, line in numbered],
            ],
        )
