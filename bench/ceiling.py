"""The ceiling: the rows of a payment written by one hand-made statement, over plain psycopg2.

The rows are copies of those that the product wrote for one payment in the same run, so both sides write the
same columns, indexes, constraints and triggers. Accept: callback, payment, posting, entries, due work. Line:
these, and the order, its postings, the message and the exchanges.
"""

import contextlib
import itertools
import threading
import time
from collections.abc import Mapping
from typing import Any

import psycopg2
from psycopg2 import extras

ANNOUNCE = """(SELECT id FROM public.tenants_duework WHERE kind = 'line' FOR KEY SHARE)"""
UNIQUE = "@NUMBER@"
# What may stand once only, and is made anew for every copy.
FRESH = {
    "public_id": "gen_random_uuid()",
    "digest": f"'{UNIQUE}'",
    "token": f"lpad('{UNIQUE}', 20, '0')",
}
Row = Mapping[str, Any]
_numbers = itertools.count(1)


class Statement:
    """One INSERT per row, joined as common table expressions."""

    def __init__(self, schema: str) -> None:
        self.schema = schema
        self.parts: list[str] = []
        self.values: dict[str, Any] = {}

    def add(self, table: str, row: Row, **links: str) -> str:
        """Insert a copy of the row; ``links`` are SQL for columns; return SQL for the new id."""
        name, columns = f"r{len(self.parts)}", [column for column in row if column != "id"]
        fresh = {column: sql for column, sql in FRESH.items() if row.get(column)}
        rendered = []
        for column in columns:
            sql = links.get(column) or fresh.get(column)
            if sql is None:
                key = f"{name}_{column}"
                self.values[key] = _adapted(row[column])
                sql = f"%({key})s"
            rendered.append(sql)
        listed = ", ".join(f'"{column}"' for column in columns)
        self.parts.append(
            f"{name} AS (INSERT INTO {self.schema}.{table} ({listed})"
            f" VALUES ({', '.join(rendered)}) RETURNING id)"
        )
        return f"(SELECT id FROM {name})"

    def ready(self, cursor: Any) -> str:
        """Return the text with all values in it; only UNIQUE is left to replace."""
        text = f"WITH {', '.join(self.parts)} SELECT 1 FROM {ANNOUNCE} AS due"
        rendered: bytes = cursor.mogrify(text, self.values)
        return rendered.decode()


def statements(dsn: str, schema: str, *, payment_id: int) -> tuple[Statement, Statement]:
    """Return the statement of the accept and that of the whole line."""
    with psycopg2.connect(dsn) as db, db.cursor(cursor_factory=extras.RealDictCursor) as cursor:
        reader = _Reader(cursor, schema)
        payment = reader.one("payments_payment", id=payment_id)
        callback = reader.one("payments_callback", payment_id=payment_id)
        accept, line = Statement(schema), Statement(schema)
        for statement in (accept, line):
            _accept(statement, reader, payment, callback)
        _rest(line, reader, payment_id)
    return accept, line


def _accept(statement: Statement, reader: "_Reader", payment: Row, callback: Row) -> None:
    new = statement.add("payments_payment", payment, reference=f"'{UNIQUE}'")
    statement.add("payments_callback", callback, payment_id=new, reference=f"'{UNIQUE}'")
    for posting in reader.all(
        "ledger_posting", source="payment", source_id=payment["id"], event="booked"
    ):
        _post(statement, reader, posting, new)


def _rest(statement: Statement, reader: "_Reader", payment_id: int) -> None:
    paid = "(SELECT id FROM r0)"
    for posting in reader.all(
        "ledger_posting", source="payment", source_id=payment_id, event="settled"
    ):
        _post(statement, reader, posting, paid)
    order = reader.one("vending_tokenorder", source="payment", source_id=payment_id)
    new = statement.add("vending_tokenorder", order, source_id=paid)
    for posting in reader.all("ledger_posting", source="order", source_id=order["id"]):
        _post(statement, reader, posting, new)
    message = reader.one("messaging_message", source="payment", source_id=payment_id)
    sent = statement.add("messaging_message", message, source_id=paid)
    for source, old, fresh in (("order", order["id"], new), ("message", message["id"], sent)):
        for exchange in reader.all("plugins_exchange", source=source, source_id=old):
            statement.add("plugins_exchange", exchange, source_id=fresh)


def _post(statement: Statement, reader: "_Reader", posting: Row, source: str) -> None:
    new = statement.add("ledger_posting", posting, source_id=source)
    for entry in reader.all("ledger_entry", posting_id=posting["id"]):
        subject = source if entry["subject_id"] == posting["source_id"] else None
        links = {"subject_id": subject} if subject else {}
        statement.add("ledger_entry", entry, posting_id=new, **links)


class _Reader:
    def __init__(self, cursor: Any, schema: str) -> None:
        self.cursor, self.schema = cursor, schema

    def all(self, table: str, **wanted: Any) -> list[Row]:
        condition = " AND ".join(f"{column} = %({column})s" for column in wanted)
        self.cursor.execute(f"SELECT * FROM {self.schema}.{table} WHERE {condition}", wanted)
        return list(self.cursor.fetchall())

    def one(self, table: str, **wanted: Any) -> Row:
        return self.all(table, **wanted)[0]


def _adapted(value: Any) -> Any:
    return extras.Json(value) if isinstance(value, dict | list) else value


def write(dsn: str, statement: Statement, *, clients: int, seconds: float) -> float:
    """Write payments over so many connections; return how many per second."""
    counts = [0] * clients
    deadline = time.perf_counter() + seconds

    def work(client: int) -> None:
        with contextlib.closing(psycopg2.connect(dsn)) as db, db.cursor() as cursor:
            text = statement.ready(cursor)
            while time.perf_counter() < deadline:
                cursor.execute(text.replace(UNIQUE, str(next(_numbers))))
                db.commit()
                counts[client] += 1

    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - started)
