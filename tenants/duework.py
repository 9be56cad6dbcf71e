"""Where work is due: announced beside the work itself, taken by the sweeper.

``announce`` runs in the transaction that makes the work. It holds the row against removal (FOR KEY SHARE) until
that transaction ends, so that a sweeper which sees no open work cannot remove what it could not see.
"""

from collections.abc import Callable
from datetime import datetime

from django.db import connection, transaction

from tenants.models import DueWork

LOOK_AFTER = 8  # seconds

_ANNOUNCE = """
WITH held AS (
    SELECT id, due_at FROM public.tenants_duework WHERE company_id = %(company)s AND kind = %(kind)s
    FOR KEY SHARE
), moved AS (
    UPDATE public.tenants_duework SET due_at = clock_timestamp() + %(after)s::interval
    WHERE id IN (SELECT id FROM held WHERE due_at > clock_timestamp() + %(after)s::interval * 2)
)
INSERT INTO public.tenants_duework (company_id, kind, due_at)
SELECT %(company)s, %(kind)s, clock_timestamp() + %(after)s::interval
WHERE NOT EXISTS (SELECT 1 FROM held)
ON CONFLICT (company_id, kind) DO NOTHING
"""

_TAKE = """
UPDATE public.tenants_duework SET due_at = clock_timestamp() + %(after)s::interval
WHERE id IN (
    SELECT id FROM public.tenants_duework WHERE due_at <= clock_timestamp()
    AND company_id IN (SELECT id FROM public.tenants_company WHERE is_active)
    ORDER BY due_at LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED
)
RETURNING (SELECT schema_name FROM public.tenants_company WHERE id = company_id), kind
"""

_LOCK = """
SELECT id FROM public.tenants_duework WHERE company_id = %(company)s AND kind = %(kind)s
FOR UPDATE SKIP LOCKED
"""


def announce(
    company_id: int, kind: DueWork.Kind = DueWork.Kind.LINE, *, after: int = LOOK_AFTER
) -> None:
    """Say that this company has work, in the transaction that makes it; ``after`` is in seconds."""
    with connection.cursor() as cursor:
        cursor.execute(
            _ANNOUNCE, {"company": company_id, "kind": kind, "after": f"{after} seconds"}
        )


def take_due() -> list[tuple[str, str]]:
    """Return (schema, kind) of what is due in active companies; put each off by ``LOOK_AFTER`` seconds."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"after": f"{LOOK_AFTER} seconds"})
        return list(cursor.fetchall())


@transaction.atomic
def look_again(
    company_id: int, kind: DueWork.Kind, next_due: Callable[[], datetime | None]
) -> None:
    """Set when this company is looked at again, or forget it when ``next_due`` finds nothing open.

    With the row locked nobody is announcing, so all announced work is committed and ``next_due`` sees it.
    Where somebody is just announcing, the row stays as it is and is taken again soon.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, {"company": company_id, "kind": kind})
        row = cursor.fetchone()
        if row is None:
            return
        until = next_due()
        if until is None:
            cursor.execute("DELETE FROM public.tenants_duework WHERE id = %s", row)
        else:
            cursor.execute(
                "UPDATE public.tenants_duework SET due_at ="
                " GREATEST(%s, clock_timestamp() + interval '1 second') WHERE id = %s",
                [until, *row],
            )
