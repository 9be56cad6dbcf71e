"""From the bytes of a file to rows of cells: CSV in any common encoding, and XLSX, both bounded.

Nothing here knows what the columns mean. A file that is too large, or made to burst, is refused before it is read.
"""

import csv
import datetime as dt
import io
import re
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from openpyxl import load_workbook

from common.errors import DomainError
from common.words import _

MEGABYTE = 1024 * 1024
MAX_BYTES = 10 * MEGABYTE
MAX_ROWS = 100_000
MAX_COLUMNS = 80
MAX_CELL = 500  # letters; longer ones are cut
MAX_PARTS = 500  # of an XLSX
MAX_UNPACKED_BYTES = 150 * MEGABYTE
MAX_STRINGS_BYTES = 50 * MEGABYTE  # the one part that is held in memory as a whole
MAX_RATIO = 400  # of one large part; what spreadsheets write shrinks thirty-fold at most
LARGE_PART_BYTES = 20 * MEGABYTE
MAX_ELEMENTS = 4_000_000  # of XML; an empty one is four bytes in the file and 300 in memory
MAX_SHEET_ROWS = 1_048_576  # a spreadsheet has no more; a row may claim to be the 2,000,000,000th
DELIMITERS = ",;\t|"
SNIFFED_LINES = 60
XLSX_MAGIC, OLD_EXCEL, PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"

Cell = str | Decimal | dt.datetime
Row = tuple[int, list[Cell]]
_TOO_MANY_ROWS = _("It has more than %(most)s rows. Upload it in parts.")


class NotASheet(DomainError):
    """What is wrong with a file, as a sentence for whoever uploaded it."""

    message = _("%(why)s")


@dataclass(frozen=True, slots=True)
class Table:
    """A file that passed the guards; ``rows`` reads it anew each time, numbered as people count them."""

    content: bytes
    is_xlsx: bool
    encoding: str = ""
    delimiter: str = ""

    @property
    def is_guessed(self) -> bool:
        """Whether nothing in the file says its encoding, so that letters with accents may come out wrong."""
        return self.encoding == "cp1252"

    def rows(self) -> Iterator[Row]:
        """Yield rows that hold anything.

        :raises NotASheet: it breaks off, or holds more than ``MAX_ROWS``
        """
        for count, row in enumerate(_xlsx_rows(self) if self.is_xlsx else _csv_rows(self)):
            if count >= MAX_ROWS:
                raise NotASheet(why=_TOO_MANY_ROWS % {"most": MAX_ROWS})
            yield row


def open_table(content: bytes) -> Table:
    """Return a file as a table.

    :raises NotASheet: neither CSV nor XLSX, too large, or made to burst
    """
    if not content.strip():
        raise NotASheet(why=_("The file is empty."))
    if len(content) > MAX_BYTES:
        raise NotASheet(why=_("The file is larger than 10 MB. Upload it in parts."))
    if content.startswith(XLSX_MAGIC):
        _require_harmless(content)
        return Table(content, is_xlsx=True)
    _require_text(content)
    encoding = _encoding_of(content)
    head = content.decode(encoding, "replace").replace("\0", "").splitlines()[:SNIFFED_LINES]
    return Table(content, is_xlsx=False, encoding=encoding, delimiter=_delimiter_of(head))


# --- CSV ------------------------------------------------------------------------------------------


def _require_text(content: bytes) -> None:
    """:raises NotASheet: a kind of file that people take for a table, with what to do instead"""
    if content.startswith(OLD_EXCEL):
        raise NotASheet(
            why=_("This is an old Excel file (.xls). Open it and save it as .xlsx or CSV.")
        )
    if content.startswith(PDF):
        raise NotASheet(why=_("This is a PDF. Ask whoever made it for CSV or Excel."))
    start = content[:MAX_CELL].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<html", b"<!doctype", b"<table", b"<?xml")):
        raise NotASheet(
            why=_(
                "This is a web page with the ending of a table. Open it in a spreadsheet and save it as .xlsx."
            )
        )


def _encoding_of(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if content.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    sample = content[:MAX_CELL]
    if sample[1::2].count(0) > len(sample) // 4:
        return "utf-16-le"
    if sample[::2].count(0) > len(sample) // 4:
        return "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _delimiter_of(lines: list[str]) -> str:
    """Return the delimiter that gives most rows the same number of columns, the more columns the better."""

    def score(delimiter: str) -> int:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
        return max(((width - 1) * count for width, count in widths.items() if width > 1), default=0)

    try:
        return max(DELIMITERS, key=score)
    except csv.Error:
        return DELIMITERS[0]


def _csv_rows(table: Table) -> Iterator[Row]:
    text = io.TextIOWrapper(
        io.BytesIO(table.content), encoding=table.encoding, errors="replace", newline=""
    )
    lines = (line.replace("\0", "") for line in text)
    reader = csv.reader(lines, delimiter=table.delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, [_cut(cell) for cell in cells[:MAX_COLUMNS]]
    except csv.Error as error:
        facts = {"number": reader.line_num, "problem": error}
        raise NotASheet(why=_("It breaks off in line %(number)s: %(problem)s.") % facts) from error


def _cut(text: str) -> str:
    return text.strip()[:MAX_CELL]


# --- XLSX -----------------------------------------------------------------------------------------

_DAMAGED = (zipfile.BadZipFile, zlib.error)
_TOO_MUCH = _("The workbook unpacks to more than we read. Save only the sheet that is needed.")


def _require_harmless(content: bytes) -> None:
    """Look at what the archive says it holds before anything is unpacked.

    What a part unpacks to is never more than it says: ``zipfile`` stops there.

    :raises NotASheet: damaged, locked, no workbook, or made to burst
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            sizes = [part.file_size for part in parts]
            strings = [
                p.file_size for p in parts if p.filename.lower().endswith("sharedstrings.xml")
            ]
            if "xl/workbook.xml" not in names:
                raise NotASheet(why=_("This is no Excel workbook."))
            is_bomb = sum(sizes) > MAX_UNPACKED_BYTES or sum(strings) > MAX_STRINGS_BYTES
            if is_bomb or len(parts) > MAX_PARTS or any(map(_is_squeezed, parts)):
                raise NotASheet(why=_TOO_MUCH)
            _require_plain_xml(archive, parts)
    except (*_DAMAGED, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        raise NotASheet(why=_("The workbook is damaged or locked with a password.")) from error


def _is_squeezed(part: zipfile.ZipInfo) -> bool:
    """Whether a part unpacks to so much more than its size that nobody wrote it."""
    is_large = part.file_size > LARGE_PART_BYTES
    return is_large and part.file_size > part.compress_size * MAX_RATIO


def _require_plain_xml(archive: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> None:
    """Count elements and look for document types, in every part: a part of any name may be read as XML."""
    elements = 0
    for part in parts:
        end = b""
        with archive.open(part) as opened:
            while read := opened.read(MEGABYTE):
                text = end + read.replace(b"\0", b"")
                if b"<!DOCTYPE" in text:
                    raise NotASheet(why=_("The workbook holds what no spreadsheet writes."))
                elements += text.count(b"<") - text.count(b"</")
                if elements > MAX_ELEMENTS:
                    raise NotASheet(why=_TOO_MUCH)
                end = text[-8:]


def _xlsx_rows(table: Table) -> Iterator[Row]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles that are missing
        try:
            book = load_workbook(
                io.BytesIO(table.content), read_only=True, data_only=True, keep_links=False
            )
            sheet = next((each for each in book.worksheets if each.sheet_state == "visible"), None)
            if sheet is None:
                raise NotASheet(why=_("The workbook has no visible sheet."))
            sheet.reset_dimensions()  # some writers say A1 and write a thousand rows
            for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
                if number > MAX_SHEET_ROWS:
                    raise NotASheet(why=_TOO_MANY_ROWS % {"most": MAX_ROWS})
                row = _without_end([_xlsx_cell(cell) for cell in cells[:MAX_COLUMNS]])
                if row:
                    yield number, row
        except NotASheet:
            raise
        # openpyxl raises whatever its parser ran into.
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            IndexError,
            OSError,
            SyntaxError,
        ) as error:
            raise NotASheet(why=_("The workbook is damaged.")) from error
        except _DAMAGED as error:
            raise NotASheet(why=_("The workbook is damaged.")) from error


def _without_end(row: list[Cell]) -> list[Cell]:
    """Take the empty cells off the end of a row."""
    while row and row[-1] == "":
        row.pop()
    return row


def _xlsx_cell(value: Any) -> Cell:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001  made aware when it is read
    if isinstance(value, dt.time):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        number = Decimal(repr(value))
        return number if number.is_finite() else ""
    return _cut(str(value))


_DIGITS = 15  # more than these, a spreadsheet does not keep


def text_of(cell: Cell) -> str:
    """Return a cell as people see it; a number whose digits a spreadsheet lost is written with its E."""
    if isinstance(cell, dt.datetime):
        has_time = (cell.hour, cell.minute, cell.second) != (0, 0, 0)
        return f"{cell:%Y-%m-%d %H:%M:%S}" if has_time else f"{cell:%Y-%m-%d}"
    if isinstance(cell, Decimal):
        if cell != cell.to_integral_value():
            return f"{cell:f}"
        is_whole = len(str(abs(int(cell)))) <= _DIGITS
        return str(int(cell)) if is_whole else f"{cell:.5E}"
    return re.sub(r"\s+", " ", cell)
