"""What the manufacturers sold: every token, for which device, and whether the caller was told."""

import secrets
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.store import Row, Store, plain

STARTING_BALANCE_CENTS = 100_000_000_00


@dataclass(frozen=True, slots=True)
class Order:
    """What a request asks for. `digits` is the length of the maker's tokens."""

    vendor: str
    device: str
    kind: str  # credit, unlock or clear
    quantity: Decimal
    unit: str  # kWh, day or nothing
    digits: int
    cents: int = 0


@dataclass(frozen=True, slots=True)
class Charge:
    """One token that exists, whether or not the caller learned of it."""

    order: Order
    token: str
    at: float


def charge(store: Store, order: Order, *, fault: str, answered: bool) -> Charge:
    """Make a token for the order and take its price from the company's account."""
    token = f"{secrets.randbelow(10**order.digits):0{order.digits}d}"
    at = time.time()
    with store.transaction() as db:
        db.execute(
            "INSERT INTO charges (vendor, device, kind, quantity, unit, token, cents, at,"
            " answered, fault) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                order.vendor, order.device, order.kind, str(order.quantity), order.unit, token,
                order.cents, at, answered, fault,
            ),
        )  # fmt: skip
        if order.cents:
            db.execute(
                "INSERT INTO balances VALUES (?, ?)"
                " ON CONFLICT (vendor) DO UPDATE SET cents = cents - ?",
                (order.vendor, STARTING_BALANCE_CENTS - order.cents, order.cents),
            )
    return Charge(order, token, at)


def balance_cents(store: Store, vendor: str) -> int:
    """Return what is left on the company's account with this vendor."""
    row = store.row("SELECT cents FROM balances WHERE vendor = ?", vendor)
    return STARTING_BALANCE_CENTS if row is None else int(row["cents"])


def sold(store: Store, *, vendor: str = "", device: str = "") -> list[dict[str, Any]]:
    """Return all charges, oldest first, of one vendor or device when named."""
    rows = store.rows(
        "SELECT * FROM charges WHERE (? = '' OR vendor = ?) AND (? = '' OR device = ?) ORDER BY id",
        vendor, vendor, device, device,
    )  # fmt: skip
    return [plain(row) for row in rows]


def by_token(store: Store, token: str) -> Row | None:
    return store.row("SELECT * FROM charges WHERE token = ?", token)


def is_known(store: Store, vendor: str, device: str, *, digits: int) -> bool:
    """Tell whether the maker has built this device: it is on its list, or has the right form."""
    looks_right = len(device) == digits and device.isascii() and device.isdigit()
    if looks_right and store.setting("accept_any_serial", True):
        return True
    row = store.row("SELECT 1 FROM devices WHERE vendor = ? AND device = ?", vendor, device)
    return row is not None


def make_known(store: Store, vendor: str, device: str) -> None:
    """Put a device on the maker's list."""
    store.run("INSERT OR IGNORE INTO devices VALUES (?, ?)", vendor, device)
