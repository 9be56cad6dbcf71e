"""The pretend meters and kits: each takes every token once, and only its own."""

import re
import time
from dataclasses import dataclass
from decimal import Decimal
from sqlite3 import Connection

from sandbox import charges, phonebook
from sandbox.store import Row, Store

UNITS = {"kWh": "kWh", "day": "days"}


@dataclass(frozen=True, slots=True)
class Display:
    """What a meter shows."""

    device: str
    balance: Decimal
    unit: str
    is_unlocked: bool

    @property
    def kind(self) -> str:
        return "Kit" if self.unit == "days" else "Meter"

    @property
    def text(self) -> str:
        """Return the line on the display, `16.4 kWh`, `9 days` or `Unlocked`."""
        return "Unlocked" if self.is_unlocked else amount_text(self.balance, self.unit)


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody typed a code: whether the device took it, and what happened."""

    id: int
    device: str
    typed: str
    accepted: bool
    message: str


def display(store: Store, device: str) -> Display:
    """Return what the device shows now; one that was never fed shows what it came with."""
    row = store.row("SELECT * FROM meters WHERE device = ?", device)
    return _display(row) if row else _fresh(store, device)


def enter(store: Store, device: str, typed: str) -> Entry:
    """Type a code into a device and return what it says."""
    token = re.sub(r"\D", "", typed)
    before = display(store, device)
    sold = charges.by_token(store, token)
    with store.transaction() as db:
        refusal = _refusal(db, device, token, sold)
        accepted = refusal is None and sold is not None
        message = refusal or ""
        if accepted and sold is not None:
            message = _feed(db, before, sold)
        entry = (device, token, typed, accepted, message, time.time())
        number = db.execute(
            "INSERT INTO entries (device, token, typed, accepted, message, at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            entry,
        ).lastrowid
    return Entry(number or 0, device, typed, accepted, message)


def entry(store: Store, number: int) -> Entry | None:
    """Return what a device said to an earlier code."""
    row = store.row("SELECT * FROM entries WHERE id = ?", number)
    if row is None:
        return None
    return Entry(row["id"], row["device"], row["typed"], bool(row["accepted"]), row["message"])


def amount_text(balance: Decimal, unit: str) -> str:
    """Return `16.4 kWh` or `9 days`."""
    if unit == "days":
        return f"{balance:f} day" if balance == 1 else f"{balance:f} days"
    return f"{balance:.1f} {unit}"


def _refusal(db: Connection, device: str, token: str, sold: Row | None) -> str | None:
    if not token:
        return "A token is made of digits."
    if sold is None:
        return "No manufacturer has made this token."
    if sold["device"] != device:
        return "This token is for another device."
    used = db.execute(
        "SELECT 1 FROM entries WHERE device = ? AND token = ? AND accepted", (device, token)
    ).fetchone()
    return "This token was used before." if used else None


def _feed(db: Connection, before: Display, sold: Row) -> str:
    unit = UNITS.get(sold["unit"], before.unit)
    balance, is_unlocked = before.balance, before.is_unlocked
    if sold["kind"] == "credit":
        balance += Decimal(sold["quantity"])
    elif sold["kind"] == "clear":
        balance = Decimal(0)
    else:
        is_unlocked = True
    after = Display(before.device, balance, unit, is_unlocked)
    db.execute(
        "INSERT OR REPLACE INTO meters VALUES (?, ?, ?, ?)",
        (after.device, str(after.balance), after.unit, after.is_unlocked),
    )
    if sold["kind"] == "unlock":
        return "Unlocked for good."
    return f"{amount_text(before.balance, unit)} became {amount_text(balance, unit)}."


def _display(row: Row) -> Display:
    return Display(row["device"], Decimal(row["balance"]), row["unit"], bool(row["is_unlocked"]))


def _fresh(store: Store, device: str) -> Display:
    known = phonebook.phonebook(store).device(device)
    if known is not None:
        return Display(device, Decimal(known.balance), known.unit, False)
    unit = "days" if len(device) == 9 else "kWh"
    return Display(device, Decimal(0), unit, False)
