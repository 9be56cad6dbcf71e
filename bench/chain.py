"""python -m bench.chain: how long the books take to seal and to prove, and whether one changed row is found.

The servers are its own, in a folder that is thrown away.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from bench import cost
from bench.site import CannotMeasure
from mpm import embedded
from mpm.embedded.given import given

AT_ONCE = 20_000
COMPANY = "bench"
_POSTINGS = """
INSERT INTO ledger_posting (public_id, event, source, source_id, memo, actor_name, occurred_at, recorded_at)
SELECT gen_random_uuid(), (ARRAY['booked', 'settled', 'credit_spent', 'issued'])[number %% 4 + 1],
    'payment', number / 4, '', '', clock_timestamp(), clock_timestamp()
FROM generate_series(%s, %s) AS number RETURNING id
"""
_ENTRIES = """
INSERT INTO ledger_entry (posting_id, account, subject_id, amount)
SELECT id, account, id / 4, amount
FROM unnest(%s::bigint[]) AS id, (
    VALUES ('suspense', 5000), ('energy_revenue', -4237.29), ('vat_payable', -762.71)
) AS line (account, amount)
"""
_TAMPER = """
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE ledger_entry SET amount = amount + 0.0001 WHERE id = {entry};
COMMIT
"""


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the figures as JSON, and return the exit code: 1 when the row was not found."""
    parser = argparse.ArgumentParser(prog="python -m bench.chain", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="postings (default 1,000,000)")
    options = parser.parse_args(arguments)
    try:
        figures = measure(options.rows)
    except (CannotMeasure, embedded.EmbeddedError) as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(figures, indent=2))
    return 0 if figures["found"] else 1


def measure(rows: int) -> dict[str, Any]:
    """Fill the books of a new company, seal and prove them, change one entry and prove them again.

    :raises CannotMeasure: a database of yours is named, which the bench must not use
    """
    if given("DATABASE_URL") or given("REDIS_URL"):
        raise CannotMeasure(
            "Unset DATABASE_URL and REDIS_URL: the bench makes a database of its own."
        )
    with tempfile.TemporaryDirectory(prefix="mpm-bench-") as folder:
        os.environ |= {"MPM_LOCAL_DIR": folder, "LOG_LEVEL": "WARNING", "DEVELOPMENT": "1"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mpm.settings")
        with embedded.ensure(role="bench"):
            import django

            django.setup()
            try:
                return _measure(rows)
            finally:
                from django.db import connection

                connection.close()


def _measure(rows: int) -> dict[str, Any]:
    from django.core.management import call_command

    from ledger.chain import seal_books
    from ledger.proof import prove_books
    from tenants.models import Company
    from tenants.scope import in_company

    call_command("migrate_schemas", shared=True, verbosity=0)
    facts = {"name": "Bench", "country": "TZ", "currency": "TZS", "timezone": "UTC"}
    Company.objects.create(schema_name=COMPANY, **facts)
    with in_company(COMPANY):
        fill, _ = _timed(lambda: _fill(rows))
        seal, _ = _timed(lambda: seal_books(seconds=3600))
        first, (proof, sound) = _timed(prove_books)
        changed = _tamper(rows)
        second, (_, found) = _timed(prove_books)
    return {
        "postings": proof.sealed,
        "fill": fill,
        "seal": seal,
        "prove": [first, second],
        "sound": not sound,
        "found": [each.written_later for each in found] == [[("ledger_entry", changed)]],
        "sentence": [each.sentence for each in found],
    }


def _timed(work: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """Return how long something took, also as processor time, which other programs do not change."""
    pids = {"database": _database_pid(), "here": os.getpid()}
    before, started = cost.cpu_seconds(pids), time.monotonic()
    result = work()
    seconds, after = time.monotonic() - started, cost.cpu_seconds(pids)
    used = sum(after[name] - before[name] for name in pids)
    return {"seconds": round(seconds, 2), "cpu_seconds": round(used, 2)}, result


def _database_pid() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _fill(rows: int) -> None:
    from django.db import connection, transaction

    for first in range(0, rows, AT_ONCE):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_POSTINGS, [first, min(first + AT_ONCE, rows) - 1])
            cursor.execute(_ENTRIES, [[posting_id for (posting_id,) in cursor.fetchall()]])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ledger_posting, ledger_entry")


def _tamper(rows: int) -> int:
    """Change one entry in the middle, past the triggers; return its id."""
    from django.db import connection

    from ledger.models import Entry

    entry = Entry.objects.order_by("pk")[rows * 3 // 2].pk
    with connection.cursor() as cursor:
        cursor.execute(_TAMPER.format(entry=entry))
    return entry


if __name__ == "__main__":
    sys.exit(main())
