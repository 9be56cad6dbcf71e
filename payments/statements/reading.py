"""From a table and a layout to lines: what each row says, or why it cannot be read. Nothing is dropped."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from common.money import MAX_AMOUNT, AmountTooFine, on_grid
from common.sheets import Cell, Row, Table, text_of
from common.texts import is_text
from common.words import _
from payments.statements.layouts import (
    Field,
    Head,
    Layout,
    Places,
    is_no_payment,
    is_taken_back,
)
from payments.statements.values import amount_of, bare, is_spoiled, moment_of

LONGEST_REFERENCE = 64
WIDEST = 300
_PHONE = re.compile(r"\+?\d[\d ]{7,18}\d")


class Sort(StrEnum):
    """What a row is, before it is compared."""

    PAYMENT = "payment"
    TAKEN_BACK = "taken_back"
    OTHER = "other"  # not one of the kinds that count, or no payment
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is compared. ``amount`` is below zero where money was taken back."""

    number: int
    sort: Sort
    reference: str = ""
    receipt: str = ""
    amount: Decimal | None = None
    at: dt.datetime | None = None
    has_time: bool = False
    account: str = ""
    phone: str = ""
    name: str = ""
    kind: str = ""
    problem: str = ""


def lines_of(
    table: Table, head: Head, layout: Layout, *, currency: str, zone: str
) -> Iterator[Line]:
    """Yield every row below the headings as a line.

    :raises NotASheet: while it is read: the file cannot be read to its end
    """
    below = (row for row in table.rows() if row[0] > head.number)
    return read_rows(below, head, layout, currency=currency, zone=zone)


def read_rows(
    rows: Iterable[Row], head: Head, layout: Layout, *, currency: str, zone: str
) -> Iterator[Line]:
    """Yield a line for each row."""
    reader = _Reader(layout, Places.of(layout, head), currency, zone)
    return (reader.line(number, cells) for number, cells in rows)


@dataclass(frozen=True, slots=True)
class _Reader:
    layout: Layout
    places: Places
    currency: str
    zone: str

    def line(self, number: int, cells: list[Cell]) -> Line:
        kind, status = self._text(cells, Field.KIND), self._text(cells, Field.STATUS)
        phone, name = self._payer(cells)
        moment = self._moment(cells)
        amount, problem = self._amount(cells, takes_back=is_taken_back(f"{kind} {status}"))
        reference = self._text(cells, Field.REFERENCE)
        line = Line(
            number=number,
            sort=Sort.OTHER,
            reference=bare(reference)[:LONGEST_REFERENCE],
            receipt=bare(self._text(cells, Field.RECEIPT))[:LONGEST_REFERENCE],
            amount=amount,
            at=moment[0] if moment else None,
            has_time=bool(moment and moment[1]),
            account=self._account(cells),
            phone=phone,
            name=name,
            kind=(kind or status)[:100],
        )
        if not self.layout.counts(kind, status) or _is_remark(line):
            return line
        problem = problem or _problem(reference, line)
        if problem:
            problem = f"{problem} {_shown(cells)}"[:WIDEST]
            return replace(line, sort=Sort.UNREADABLE, problem=problem)
        return replace(line, sort=_sort(line))

    def _moment(self, cells: list[Cell]) -> tuple[dt.datetime, bool] | None:
        day = self.places.cell(cells, Field.DATE)
        time = self.places.cell(cells, Field.TIME)
        return moment_of(day, time, self.layout.order, self.zone)

    def _payer(self, cells: list[Cell]) -> tuple[str, str]:
        """Return phone and name, also where one column holds both."""
        text, name = self._text(cells, Field.PHONE), self._text(cells, Field.NAME)
        found = _PHONE.search(text)
        if found is None:
            return text[:40], name[:100]
        rest = (text[: found.start()] + text[found.end() :]).strip(" -–:,/()")
        return found[0].strip()[:40], (name or rest)[:100]

    def _text(self, cells: list[Cell], name: Field) -> str:
        text = text_of(self.places.cell(cells, name))
        return text if is_text(text) else text.encode("utf-8", "replace").decode().replace("\0", "")

    def _account(self, cells: list[Cell]) -> str:
        account = self._text(cells, Field.ACCOUNT).strip("'’` ")
        return "" if is_spoiled(account) else account[:LONGEST_REFERENCE]

    def _amount(self, cells: list[Cell], *, takes_back: bool) -> tuple[Decimal | None, str]:
        """Return what came in, below zero for what went out, and what is wrong with it."""
        style = self.layout.style
        came_in = self.places.cell(cells, Field.AMOUNT)
        went_out = self.places.cell(cells, Field.DEBIT)
        amount = amount_of(came_in, style)
        if not amount and (out := amount_of(went_out, style)):
            amount = -abs(out)
        if amount is None:
            written = text_of(came_in) or text_of(went_out)
            return None, _("“%(value)s” is no amount.") % {"value": written[:40]}
        if abs(amount) >= MAX_AMOUNT:
            return None, str(_("The amount is absurdly large."))
        try:
            exact = on_grid(amount, self.currency)
        except AmountTooFine as refusal:
            return None, str(refusal)
        return (-abs(exact) if takes_back else exact), ""


def _is_remark(line: Line) -> bool:
    """Whether it is a sum or a remark above or below the rows: no date, and nothing like a reference."""
    return line.at is None and not any(letter.isdigit() for letter in line.reference)


def _sort(line: Line) -> Sort:
    amount = line.amount or Decimal(0)
    if not amount or (amount < 0 and is_no_payment(line.kind)):
        return Sort.OTHER
    return Sort.PAYMENT if amount > 0 else Sort.TAKEN_BACK


def _problem(reference: str, line: Line) -> str:
    if not line.reference:
        return str(_("There is no reference."))
    if is_spoiled(reference):
        words = _(
            "A spreadsheet made “%(value)s” of the reference. Upload the operator's file as it came."
        )
        return str(words % {"value": reference})
    if len(bare(reference)) > LONGEST_REFERENCE:
        return str(_("The reference is longer than 64 letters."))
    if line.at is None:
        return str(_("The date cannot be read."))
    return ""


def _shown(cells: list[Cell]) -> str:
    return " | ".join(text for cell in cells if (text := text_of(cell)))
