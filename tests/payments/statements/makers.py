"""Statements as operators write them, and payments to lay beside them."""

import csv
import datetime as dt
import io
import random
from dataclasses import dataclass, replace
from decimal import Decimal
from zoneinfo import ZoneInfo

from openpyxl import Workbook

from payments.models import Payment

ZONE = ZoneInfo("Africa/Dar_es_Salaam")
DAY = dt.datetime(2026, 10, 1, 6, 0, tzinfo=ZONE)
HEADINGS = [
    "Transaction ID", "Transaction Date and Time", "Service Type", "Sender MSISDN", "Sender Name",
    "Reference", "Transaction Amount", "Transaction Status",
]  # fmt: skip


@dataclass(frozen=True)
class Paid:
    """One payment as the operator has it."""

    reference: str
    amount: Decimal
    at: dt.datetime
    account: str = "47000100011"
    phone: str = "754123456"
    name: str = "Neema Bahati"
    kind: str = "Merchant Payment"
    status: str = "Transaction Success"

    def cells(self):
        at = f"{self.at.astimezone(ZONE):%d/%m/%Y %H:%M:%S}"
        return [
            self.reference, at, self.kind, self.phone, self.name, self.account,
            f"{self.amount:,.2f}", self.status,
        ]  # fmt: skip


def paid(number, amount="5000", minutes=0, **more):
    values = {"reference": f"MP2610{number:06d}", "at": DAY + dt.timedelta(minutes=minutes)}
    return Paid(**values | {"amount": Decimal(amount), **more})


def as_csv(rows, *, headings=HEADINGS, titles=(), encoding="utf-8", delimiter=","):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([[title] for title in titles])
    writer.writerow(headings)
    writer.writerows(row.cells() if isinstance(row, Paid) else row for row in rows)
    return text.getvalue().encode(encoding)


def as_xlsx(rows, *, headings=HEADINGS, titles=()):
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for title in titles:
        sheet.append([title])
    sheet.append(headings)
    for row in rows:
        sheet.append(row.cells() if isinstance(row, Paid) else row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def booked(world, row, *, state="settled", late=dt.timedelta(seconds=9), **more):
    """The payment that our books hold for a row."""
    values = {
        "connection": world.airtel,
        "reference": row.reference,
        "amount": row.amount,
        "account": row.account,
        "device": world.meter,
        "customer": world.neema,
        "state": state,
        "booked_at": row.at + late,
    }
    return Payment(**values | more)


GAPS = {
    "dropped": 15, "amount": 10, "foreign": 10, "here": 5, "twice": 5, "reversed": 5,
}  # fmt: skip


@dataclass
class Seeded:
    """A statement with known gaps: for each kind the references that must be found."""

    rows: list
    payments: list
    expected: dict


def seeded(world, *, lines=10_000, seed=1):
    """Make a statement of a month and our payments, with 50 gaps of all kinds and none at the edges."""
    draw = random.Random(seed)
    step = dt.timedelta(days=29) / lines
    rows = [
        Paid(
            f"MP{draw.randrange(10**9):09d}.{n:05d}",
            Decimal(draw.choice([500, 1000, 1500, 2500, 5000, 12000])),
            DAY + step * n + dt.timedelta(seconds=draw.randrange(20)),
        )
        for n in range(lines)
    ]
    at = draw.sample(range(lines // 50, lines - lines // 50), sum(GAPS.values()))
    picked = {}
    for kind, count in GAPS.items():
        picked[kind], at = at[:count], at[count:]
    payments, kept = [], list(rows)
    dropped = {*picked["dropped"], *picked["foreign"]}
    for n, row in enumerate(rows):
        late = dt.timedelta(seconds=draw.choice([2, 5, 9, 60, 600, 3600]) if n > 200 else 5)
        if n not in dropped:
            payments.append(booked(world, row, late=late))
    for n in picked["amount"]:
        kept[n] = replace(rows[n], amount=rows[n].amount + draw.choice([-100, 500, 4500]))
    for n in picked["foreign"]:
        kept[n] = replace(rows[n], reference=f"FOREIGN{n}", account="somebody else")
    extra = [rows[n] for n in picked["twice"]]
    extra += [
        replace(rows[n], amount=-rows[n].amount, kind="Transaction Reversal")
        for n in picked["reversed"]
    ]
    hidden = set(picked["here"])
    written = [row for n, row in enumerate(kept) if n not in hidden] + extra
    written.sort(key=lambda row: row.at)
    expected = {
        "operator": {kept[n].reference for n in dropped},
        "differs": {rows[n].reference for n in picked["amount"]},
        "here": {rows[n].reference for n in hidden},
        "twice": {rows[n].reference for n in picked["twice"]},
        "reversed": {rows[n].reference for n in picked["reversed"]},
    }
    return Seeded(written, payments, expected)
