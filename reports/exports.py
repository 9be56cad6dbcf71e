"""Lists as files for a spreadsheet: CSV and XLSX, streamed, with formulas made harmless.

A customer's name may be ``=HYPERLINK(…)``: a spreadsheet must show it, never run it.
"""

import csv
import datetime as dt
import itertools
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import IO, Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import translation
from django.utils.http import content_disposition_header
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from tenants.scope import current_company

T = TypeVar("T")
Cell = str | int | Decimal | dt.date | dt.datetime | None
ROWS_AT_ONCE = 500
BOM = "\ufeff"  # without it Excel reads UTF-8 as something else
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_STARTS_LATER = re.compile(r"([;\t\r\n] *)(?=[=+\-@])")
_HARMLESS = re.compile(r"\+?[0-9][0-9 ]*")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """One column: its heading, and how its cell is read. Money and quantities are Decimals."""

    heading: Any
    value: Callable[[T], Any]


def export(
    rows: Iterable[T], columns: Sequence[Column[T]], name: str, format: str | Format
) -> HttpResponseBase:
    """Return the rows as a file to download, named ``<name>-<day>.<format>``.

    Rows are read in portions, so hand over ``queryset.iterator(chunk_size=…)`` or a generator.
    Times are written in the company's zone, words in the language of the request.

    :raises ValueError: a format we do not write
    """
    kind = Format(format)
    zone = ZoneInfo(current_company().timezone)
    filename = f"{name}-{dt.datetime.now(zone):%Y-%m-%d}.{kind}"
    headings = [str(column.heading) for column in columns]
    lines = _lines(rows, columns, zone)
    if kind == Format.XLSX:
        return FileResponse(
            _workbook(headings, lines),
            as_attachment=True,
            filename=filename,
            content_type=XLSX_TYPE,
        )
    return StreamingHttpResponse(
        _csv(headings, lines),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": content_disposition_header(True, filename) or ""},
    )


def _lines(rows: Iterable[T], columns: Sequence[Column[T]], zone: ZoneInfo) -> Iterator[list[Cell]]:
    """Return the cells of each row; they are read when the request and its language are gone."""
    language = translation.get_language() or "en"

    def read() -> Iterator[list[Cell]]:
        for portion in _portions(rows):
            with translation.override(language):
                made = [[_cell(column.value(row), zone) for column in columns] for row in portion]
            yield from made

    return read()


def _portions(rows: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(rows)
    while portion := list(itertools.islice(iterator, ROWS_AT_ONCE)):
        yield portion


def _cell(value: Any, zone: ZoneInfo) -> Cell:
    if isinstance(value, dt.datetime):
        # Spreadsheets know no zones: the time on the clock of the company is written.
        return value.astimezone(zone).replace(tzinfo=None, microsecond=0)
    if value is None or isinstance(value, int | Decimal | dt.date):
        return value
    return _UNPRINTABLE.sub("", str(value))


# --- CSV ------------------------------------------------------------------------------------------


class _Echo:
    """A file that hands back what is written, for ``csv.writer``."""

    def write(self, text: str) -> str:
        return text


def _csv(headings: list[str], lines: Iterable[list[Cell]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield BOM + writer.writerow(headings)
    for line in lines:
        yield writer.writerow([_csv_cell(cell) for cell in line])


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell.normalize():f}"
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, str):
        return neutral(cell)
    return str(cell)


def neutral(text: str) -> str:
    """Return text that no spreadsheet runs: what could start a formula gets an apostrophe.

    So does what follows a semicolon, tab or line end: in other countries these end a cell.
    """
    text = _STARTS_LATER.sub(r"\1'", text)
    if text.lstrip(" ").startswith(_STARTS_FORMULA) and not _HARMLESS.fullmatch(text):
        return f"'{text}"
    return text


# --- XLSX -----------------------------------------------------------------------------------------


def _workbook(headings: list[str], lines: Iterable[list[Cell]]) -> IO[bytes]:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    bold = []
    for heading in headings:
        cell = WriteOnlyCell(sheet, value=heading)
        cell.font = Font(bold=True)
        bold.append(cell)
    sheet.append(bold)
    for line in lines:
        sheet.append([_xlsx_cell(sheet, cell) for cell in line])
    file = tempfile.TemporaryFile()  # noqa: SIM115  the answer closes it
    book.save(file)
    file.seek(0)
    return file


def _xlsx_cell(sheet: Any, value: Cell) -> Any:
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value=value[:32_767])
    cell.data_type = "s"  # text, also when it begins like a formula
    return cell
