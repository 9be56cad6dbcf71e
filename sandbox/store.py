"""One SQLite database behind one lock: all that the pretend vendors remember."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS devices (vendor TEXT, device TEXT, PRIMARY KEY (vendor, device));
CREATE TABLE IF NOT EXISTS balances (vendor TEXT PRIMARY KEY, cents INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS charges (
    id INTEGER PRIMARY KEY, vendor TEXT NOT NULL, device TEXT NOT NULL, kind TEXT NOT NULL,
    quantity TEXT NOT NULL, unit TEXT NOT NULL, token TEXT NOT NULL UNIQUE,
    cents INTEGER NOT NULL, at REAL NOT NULL, answered INTEGER NOT NULL, fault TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS charges_of_device ON charges (device);
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY, gateway_id TEXT NOT NULL UNIQUE, phone TEXT NOT NULL,
    sender TEXT NOT NULL, text TEXT NOT NULL, at REAL NOT NULL, is_shown INTEGER NOT NULL,
    answered INTEGER NOT NULL, report TEXT NOT NULL, fault TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS messages_of_phone ON messages (phone);
CREATE TABLE IF NOT EXISTS payments (
    id INTEGER PRIMARY KEY, operator TEXT NOT NULL, reference TEXT NOT NULL, phone TEXT NOT NULL,
    name TEXT NOT NULL, device TEXT NOT NULL, amount TEXT NOT NULL, at REAL NOT NULL,
    verdict TEXT NOT NULL, reason TEXT NOT NULL, fault TEXT NOT NULL, wire TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS payments_by_reference ON payments (reference);
CREATE TABLE IF NOT EXISTS results (
    id INTEGER PRIMARY KEY, operator TEXT NOT NULL, reference TEXT NOT NULL, code TEXT NOT NULL,
    description TEXT NOT NULL, at REAL NOT NULL, answered INTEGER NOT NULL,
    is_contradiction INTEGER NOT NULL, fault TEXT NOT NULL, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pushes (
    id INTEGER PRIMARY KEY, third_party_reference TEXT NOT NULL UNIQUE, reference TEXT NOT NULL,
    phone TEXT NOT NULL, amount TEXT NOT NULL, conversation_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL, state TEXT NOT NULL, at REAL NOT NULL,
    answered INTEGER NOT NULL, fault TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refunds (
    id INTEGER PRIMARY KEY, operator TEXT NOT NULL, airtel_money_id TEXT NOT NULL UNIQUE,
    refund_id TEXT NOT NULL, reference TEXT NOT NULL, phone TEXT NOT NULL, amount TEXT NOT NULL,
    at REAL NOT NULL, answered INTEGER NOT NULL, fault TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS meters (
    device TEXT PRIMARY KEY, balance TEXT NOT NULL, unit TEXT NOT NULL,
    is_unlocked INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY, device TEXT NOT NULL, token TEXT NOT NULL, typed TEXT NOT NULL,
    accepted INTEGER NOT NULL, message TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS strays (
    id INTEGER PRIMARY KEY, method TEXT NOT NULL, path TEXT NOT NULL, at REAL NOT NULL);
"""

# What `reset` forgets; the settings (addresses, phone book, keys) are kept.
MEMORY = (
    "balances", "charges", "messages", "payments", "results", "pushes", "refunds", "meters",
    "entries",
    "strays",
)  # fmt: skip

Row = sqlite3.Row


class Store:
    """The database of one run; every method may be called from any thread."""

    def __init__(self, path: str) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # The sandbox may lose a second of pretending when the machine dies; it must be fast.
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the lock and a transaction; keep the body short and never call out in it."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def run(self, sql: str, *values: Any) -> int:
        """Execute one statement and return the id of the new row (or the last one)."""
        with self._lock:
            return self._db.execute(sql, values).lastrowid or 0

    def rows(self, sql: str, *values: Any) -> list[Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> Row | None:
        with self._lock:
            found: Row | None = self._db.execute(sql, values).fetchone()
            return found

    def setting(self, name: str, default: Any = None) -> Any:
        """Return one remembered setting, as it was given to `remember`."""
        row = self.row("SELECT value FROM settings WHERE name = ?", name)
        return default if row is None else json.loads(row["value"])

    def remember(self, name: str, value: Any) -> None:
        self.run("INSERT OR REPLACE INTO settings VALUES (?, ?)", name, json.dumps(value))

    def reset(self) -> None:
        """Forget all charges, messages, payments and meters; keep the settings."""
        with self.transaction() as db:
            for table in MEMORY:
                db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the list above

    def close(self) -> None:
        with self._lock:
            self._db.close()


def iso(at: float) -> str:
    """Return a moment in UTC, with milliseconds, for JSON."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def plain(row: Row) -> dict[str, Any]:
    """Return a row as JSON can carry it: times as text, marks as true and false."""
    values: dict[str, Any] = dict(row)
    for name, value in values.items():
        if name == "at":
            values[name] = iso(value)
        elif name in {"answered", "accepted"} or name.startswith("is_"):
            values[name] = bool(value)
    return values
