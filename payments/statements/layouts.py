"""Which column is which: found by its heading, guessed from the words that operators use, kept once confirmed."""

import datetime as dt
import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from common.sheets import Cell, Row, Table, text_of
from payments.statements.values import (
    DateOrder,
    DecimalStyle,
    date_order,
    decimal_style,
    distinct,
)

HEAD_ROWS = 40  # titles and blanks above the headings
SAMPLE_ROWS = 2000
MAX_KINDS = 40


class Field(StrEnum):
    REFERENCE = "reference"
    RECEIPT = "receipt"
    AMOUNT = "amount"  # or what came in, where DEBIT holds what went out
    DEBIT = "debit"
    DATE = "date"
    TIME = "time"
    ACCOUNT = "account"
    PHONE = "phone"
    NAME = "name"
    KIND = "kind"
    STATUS = "status"


# Headings as operators write them, most telling first; compared without case, accents and signs.
WORDS: Mapping[Field, tuple[str, ...]] = {
    Field.REFERENCE: (
        "receipt no", "receipt number", "transaction id", "transfer id", "txn id", "trans id", "transid",
        "financial transaction id", "id da transacao", "id transacao", "transaction reference", "mpesa receipt",
        "receipt", "transaction number", "external transaction id", "id de la transaction",
        "numero de transaction",
        "reference no", "reference number", "reference id", "referencia", "recibo", "id",
    ),
    Field.RECEIPT: ("receipt no", "receipt number", "receipt", "external id", "reference number"),
    Field.AMOUNT: (
        "paid in", "transaction amount", "amount", "credit", "credit amount", "money in", "deposit",
        "valor", "montante", "montant", "entrada", "credito", "kiasi", "value",
    ),
    Field.DEBIT: (
        "withdrawn", "debit", "debit amount", "money out", "paid out", "saida", "debito", "withdrawal",
    ),
    Field.DATE: (
        "completion time", "transaction date and time", "transaction date", "transfer date", "date time",
        "datetime", "completed on", "initiation time", "date", "data", "data e hora", "timestamp", "tarehe",
        "value date",
    ),
    Field.TIME: ("transaction time", "time", "hora", "heure", "saa"),
    Field.ACCOUNT: (
        "a c no", "account no", "account number", "bill reference", "bill ref number", "customer reference",
        "account reference", "reference", "referencia", "meter number", "meter", "device", "conta",
        "referencia do cliente", "message", "account", "compte",
    ),
    Field.PHONE: (
        "sender msisdn", "payer msisdn", "customer msisdn", "msisdn", "from msisdn", "sender mobile number",
        "phone number", "phone", "mobile", "sender", "telefone", "telephone", "simu", "other party info", "from",
    ),
    Field.NAME: (
        "payer name", "sender name", "customer name", "other party", "name", "nome", "nom", "jina",
        "opposite party",
    ),
    Field.KIND: (
        "transaction type", "reason type", "type", "service type", "tipo", "details", "description", "linked type",
    ),
    Field.STATUS: ("transaction status", "status", "state", "estado", "statut", "hali"),
}  # fmt: skip
# Rows that are no payments of customers, and rows that take one back.
_NO_PAYMENT = re.compile(
    r"\b(fees?|charges?|commission|comissao|comissão|frais|taxa|makato|tax|levy|withdraw\w*|payout|settlement"
    r"|organi[sz]ation settlement|salary|b2c|disburs\w+|float|opening|closing|balance|fail\w*|pending|cancel\w*"
    r"|declin\w+|expired|falh\w+|pendente|initiated|processing)\b",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"\b(revers|rollback|refund|estorn|annul|anulad|chargeback)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How statements of one operator are read. Columns are known by their headings."""

    columns: Mapping[Field, str]
    # Which rows count, by their kind and status, and which do not; of others their words decide.
    kinds: frozenset[str] = frozenset()
    other_kinds: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    other_statuses: frozenset[str] = frozenset()
    order: DateOrder = DateOrder.DMY
    style: DecimalStyle = DecimalStyle.POINT

    def counts(self, kind: str, status: str) -> bool:
        """Whether a row of this kind and status is a payment, or takes one back.

        A kind nobody has seen counts unless its words say otherwise: it shows up, and is not lost. Where kinds are
        free text they say nothing.
        """
        is_free = not self.kinds and not self.other_kinds
        is_kind = is_free or _counts(kind, self.kinds, self.other_kinds)
        return is_kind and _counts(status, self.statuses, self.other_statuses)

    def to_json(self) -> dict[str, Any]:
        return {
            "columns": {str(name): heading for name, heading in self.columns.items()},
            "kinds": sorted(self.kinds),
            "other_kinds": sorted(self.other_kinds),
            "statuses": sorted(self.statuses),
            "other_statuses": sorted(self.other_statuses),
            "order": str(self.order),
            "style": str(self.style),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Layout":
        return cls(
            columns={Field(name): heading for name, heading in content["columns"].items()},
            kinds=frozenset(content["kinds"]),
            other_kinds=frozenset(content["other_kinds"]),
            statuses=frozenset(content["statuses"]),
            other_statuses=frozenset(content["other_statuses"]),
            order=DateOrder(content["order"]),
            style=DecimalStyle(content["style"]),
        )


@dataclass(frozen=True, slots=True)
class Head:
    """The row with the headings; equal ones are told apart by their place."""

    number: int
    headings: tuple[str, ...]

    def place_of(self, heading: str) -> int | None:
        wanted = plain(heading)
        names = [plain(each) for each in self.headings]
        return names.index(wanted) if wanted in names else None


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a table: its headings and the rows below them."""

    head: Head
    rows: Sequence[Row]
    values: Mapping[str, list[str]] = field(default_factory=dict)  # of more rows than are here

    def column(self, heading: str) -> list[Cell]:
        place = self.head.place_of(heading)
        if place is None:
            return []
        return [cells[place] for _number, cells in self.rows if place < len(cells)]


def sample_to_json(sample: Sample, most: int) -> dict[str, Any]:
    """Return a sample as JSON keeps it, with at most so many of its rows."""
    values = {
        heading: found
        for heading in sample.head.headings
        if len(found := distinct(sample.column(heading), MAX_KINDS + 1)) <= MAX_KINDS
    }
    rows = [[number, [_kept(cell) for cell in cells]] for number, cells in sample.rows[:most]]
    headings = list(sample.head.headings)
    return {"number": sample.head.number, "headings": headings, "rows": rows, "values": values}


def sample_from_json(content: Mapping[str, Any]) -> Sample:
    head = Head(content["number"], tuple(content["headings"]))
    rows = [(number, [_cell(cell) for cell in cells]) for number, cells in content["rows"]]
    return Sample(head, rows, content["values"])


def _kept(cell: Cell) -> Any:
    if isinstance(cell, Decimal):
        return {"number": str(cell)}
    return {"time": cell.isoformat()} if isinstance(cell, dt.datetime) else cell


def _cell(kept: Any) -> Cell:
    if isinstance(kept, str):
        return kept
    if "number" in kept:
        return Decimal(kept["number"])
    return dt.datetime.fromisoformat(kept["time"])


def plain(heading: str) -> str:
    """Return a heading in lower case, without accents and signs: ``A/C No.`` is ``a c no``."""
    letters = unicodedata.normalize("NFKD", heading)
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", bare.lower()).split())


def sample_of(table: Table, *, layout: Layout | None = None) -> Sample:
    """Return the headings and the first rows; with a layout, the row that holds its headings.

    :raises NotASheet: the file cannot be read
    """
    rows = list(itertools.islice(table.rows(), HEAD_ROWS + SAMPLE_ROWS))
    at = _head_place(rows[:HEAD_ROWS], layout)
    number, cells = rows[at] if rows else (0, [])
    return Sample(Head(number, _headings(cells)), rows[at + 1 :])


def _head_place(rows: Sequence[Row], layout: Layout | None) -> int:
    wanted = {plain(heading) for heading in layout.columns.values()} if layout else set()
    known = wanted or {word for words in WORDS.values() for word in words}
    best, most = 0, 0
    for place, (_number, cells) in enumerate(rows):
        names = {plain(text_of(cell)) for cell in cells}
        found = len(known & names)
        if found > most:
            best, most = place, found
    if most or not rows:
        return best
    return max(range(len(rows)), key=lambda each: (_width(rows[each]), -each))


def _width(row: Row) -> int:
    return sum(cell != "" for cell in row[1])


def _headings(cells: Sequence[Cell]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    headings = []
    for place, cell in enumerate(cells, start=1):
        text = text_of(cell)[:100] or f"#{place}"
        seen[plain(text)] = seen.get(plain(text), 0) + 1
        headings.append(text if seen[plain(text)] == 1 else f"{text} #{seen[plain(text)]}")
    return tuple(headings)


def fits(layout: Layout, head: Head) -> bool:
    """Whether every column of a layout is among these headings."""
    return all(head.place_of(heading) is not None for heading in layout.columns.values())


def guess(sample: Sample, *, latest: dt.date) -> Layout:
    """Return the likeliest layout of a table nobody has confirmed; columns nothing points to are left out."""
    columns: dict[Field, str] = {}
    for name in Field:
        heading = _best(sample.head, WORDS[name], set(columns.values()))
        if heading:
            columns[name] = heading
    if Field.TIME in columns and Field.DATE not in columns:
        columns[Field.DATE] = columns.pop(Field.TIME)
    return styled(Layout(columns), sample, latest=latest)


def _best(head: Head, words: Sequence[str], taken: set[str]) -> str:
    names = {plain(heading): heading for heading in head.headings if heading not in taken}
    for word in words:
        if word in names:
            return names[word]
    for word in words:
        if len(word) < 4:
            continue
        for name, heading in names.items():
            if re.search(rf"\b{re.escape(word)}\b", name) and not name.startswith("balance"):
                return heading
    return ""


def styled(layout: Layout, sample: Sample, *, latest: dt.date) -> Layout:
    """Return the layout with date order, decimal style and counting rows as the values show them."""
    amounts = [
        cell
        for name in (Field.AMOUNT, Field.DEBIT)
        for cell in sample.column(layout.columns.get(name, ""))
    ]
    kinds = kinds_of(sample, layout, Field.KIND)
    statuses = kinds_of(sample, layout, Field.STATUS)
    return replace(
        layout,
        style=decimal_style(amounts),
        order=date_order(sample.column(layout.columns.get(Field.DATE, "")), latest=latest),
        kinds=frozenset(kind for kind in kinds if not is_no_payment(kind)),
        other_kinds=frozenset(kind for kind in kinds if is_no_payment(kind)),
        statuses=frozenset(status for status in statuses if not is_no_payment(status)),
        other_statuses=frozenset(status for status in statuses if is_no_payment(status)),
    )


def kinds_of(sample: Sample, layout: Layout, name: Field) -> list[str]:
    """Return the different values of the column that tells rows apart; none where there are too many."""
    heading = layout.columns.get(name, "")
    found = sample.values.get(heading) or distinct(sample.column(heading), MAX_KINDS + 1)
    return found if len(found) <= MAX_KINDS else []


def _counts(value: str, counting: frozenset[str], others: frozenset[str]) -> bool:
    return value in counting or (value not in others and not is_no_payment(value))


def is_taken_back(kind: str) -> bool:
    """Whether a row of this kind takes a payment back."""
    return bool(_TAKEN_BACK.search(kind))


def is_no_payment(kind: str) -> bool:
    """Whether a row of this kind is the operator's fee, a payout or the like."""
    return bool(_NO_PAYMENT.search(kind)) and not is_taken_back(kind)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the columns of a layout stand in one file."""

    by_field: Mapping[Field, int] = field(default_factory=dict)

    @classmethod
    def of(cls, layout: Layout, head: Head) -> "Places":
        found = {name: head.place_of(heading) for name, heading in layout.columns.items()}
        return cls({name: place for name, place in found.items() if place is not None})

    def cell(self, cells: Sequence[Cell], name: Field) -> Cell:
        place = self.by_field.get(name)
        return cells[place] if place is not None and place < len(cells) else ""
