"""Statements as the operators' portals give them: what was paid there, whatever the product was told."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from flask import Blueprint, Response, abort, make_response
from openpyxl import Workbook

from sandbox import phonebook
from sandbox.operators import OPERATORS
from sandbox.store import Row
from sandbox.world import world

bp = Blueprint("statements", __name__)

# Payments that were refused before the money moved are on no statement.
PAID = ("accepted", "confirmed", "unknown", "sent")
GIVEN_BACK = ("returned", "given_back")
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: money that came, or went back."""

    reference: str
    at: datetime
    phone: str
    name: str
    device: str
    amount: Decimal
    is_back: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """How one operator writes its statements."""

    titles: tuple[str, ...]
    headings: tuple[str, ...]
    rows: Callable[[Entry], list[list[str]]]
    delimiter: str = ","
    encoding: str = "utf-8"


def _airtel(entry: Entry) -> list[list[str]]:
    kind = "Transaction Reversal" if entry.is_back else "Merchant Payment"
    sign = "-" if entry.is_back else ""
    return [
        [
            entry.reference, f"{entry.at:%d/%m/%Y %H:%M:%S}", kind, entry.phone[-9:], entry.name,
            entry.device, f"{sign}{entry.amount:,.2f}", "Transaction Success",
        ]
    ]  # fmt: skip


def _vodacom_tz(entry: Entry) -> list[list[str]]:
    at, party = f"{entry.at:%d-%m-%Y %H:%M:%S}", f"{entry.phone.lstrip('+')} - {entry.name.upper()}"
    came, went = ("", f"-{entry.amount:,.2f}") if entry.is_back else (f"{entry.amount:,.2f}", "")
    kind = "Reversal of Pay Bill" if entry.is_back else "Pay Bill"
    row = [entry.reference, at, at, kind, "Completed", came, went, kind, party, entry.device]
    fee = f"-{entry.amount / 100:,.2f}"
    charge = "Pay Bill Charge"
    fees = [entry.reference, at, at, charge, "Completed", "", fee, charge, party, ""]
    return [row] if entry.is_back else [row, fees]


def _vodacom_mz(entry: Entry) -> list[list[str]]:
    amount = f"{entry.amount:,.2f}".translate(str.maketrans(",.", ".,"))
    kind, sign = ("Estorno", "-") if entry.is_back else ("Pagamento", "")
    return [
        [
            entry.reference, f"{entry.at:%d/%m/%Y %H:%M:%S}", kind, entry.phone, entry.name,
            entry.device, f"{sign}{amount}", "Concluído",
        ]
    ]  # fmt: skip


LAYOUTS = {
    "airtel": Layout(
        ("Airtel Money", "Merchant statement"),
        (
            "Transaction ID", "Transaction Date and Time", "Service Type", "Sender MSISDN",
            "Sender Name", "Reference", "Transaction Amount", "Transaction Status",
        ),
        _airtel,
    ),
    "vodacom_tz": Layout(
        ("M-Pesa", "Organization statement"),
        (
            "Receipt No.", "Completion Time", "Initiation Time", "Details", "Transaction Status",
            "Paid In", "Withdrawn", "Reason Type", "Other Party Info", "A/C No.",
        ),
        _vodacom_tz,
        encoding="utf-8-sig",
    ),
    "vodacom_mz": Layout(
        (),
        (
            "ID da Transação", "Data e Hora", "Tipo", "Telefone", "Nome", "Referência", "Valor",
            "Estado",
        ),
        _vodacom_mz,
        delimiter=";",
        encoding="utf-8-sig",
    ),
}  # fmt: skip


@bp.get("/statements/<operator>.<kind>")
def download(operator: str, kind: str) -> Response:
    """Hand out what one operator's portal would: everything that was paid there so far."""
    if operator not in LAYOUTS or kind not in {"csv", "xlsx"}:
        abort(404)
    here = world()
    book = phonebook.phonebook(here.store)
    rows = here.store.rows("SELECT * FROM payments WHERE operator = ? ORDER BY at", operator)
    entries = [entry for row in rows for entry in _entries(row, book.local(row["at"]))]
    layout = LAYOUTS[operator]
    content = _csv(layout, entries) if kind == "csv" else _xlsx(layout, entries)
    answer = make_response(content)
    answer.headers["Content-Type"] = "text/csv" if kind == "csv" else XLSX_TYPE
    answer.headers["Content-Disposition"] = f'attachment; filename="{operator}-statement.{kind}"'
    return answer


def links() -> list[tuple[str, str]]:
    """Return label and slug of each operator that has a statement."""
    return [(OPERATORS[slug].label, slug) for slug in LAYOUTS]


def _entries(row: Row, at: datetime) -> list[Entry]:
    paid = Entry(
        row["reference"], at, row["phone"], row["name"], row["device"], Decimal(row["amount"])
    )
    if row["verdict"] in PAID:
        return [paid]
    if row["verdict"] in GIVEN_BACK:
        back = Entry(
            paid.reference, at, paid.phone, paid.name, paid.device, paid.amount, is_back=True
        )
        return [paid, back]
    return []


def _lines(layout: Layout, entries: list[Entry]) -> list[list[str]]:
    titles = [[title] for title in layout.titles]
    return [*titles, list(layout.headings), *(row for each in entries for row in layout.rows(each))]


def _csv(layout: Layout, entries: list[Entry]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=layout.delimiter).writerows(_lines(layout, entries))
    return text.getvalue().encode(layout.encoding)


def _xlsx(layout: Layout, entries: list[Entry]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Statement")
    for line in _lines(layout, entries):
        sheet.append(line)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
