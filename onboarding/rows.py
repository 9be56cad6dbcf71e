"""Reading a portfolio's CSV into checked rows. No database: what a row says for itself.

UTF-8 with or without a byte order mark, separated by commas or semicolons. A blank cell states nothing.
"""

import csv
from collections.abc import Iterable, Iterator

from common.words import _
from onboarding.cells import Cells, OnProblem, Problem, Row, said, tidy

COLUMNS = (
    "first_name",
    "last_name",
    "phone",
    "cluster",
    "mini_grid",
    "village",
    "latitude",
    "longitude",
    "device_kind",
    "manufacturer",
    "serial",
    "tariff",
    "price_per_kwh",
    "access_fee",
    "access_fee_days",
    "minimum_purchase",
    "connection_type",
    "connection_group",
)


def read_rows(
    lines: Iterable[str], *, country: str, currency: str, on_problem: OnProblem
) -> Iterator[Row]:
    """Yield the good rows, one at a time; tell ``on_problem`` of every bad cell."""
    source = iter(lines)
    header = next(source, "").removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    delimiter = ";" if header.count(";") > header.count(",") else ","
    names = _header(header, delimiter, on_problem)
    if names is None:
        return
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    line = 2
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            on_problem(Problem(line, "", "", said(_UNREADABLE, error=error)))
            return
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            if len(cells) != len(names):
                sentence = said(_WIDTH, found=len(cells), wanted=len(names))
                on_problem(Problem(line, "", "", sentence))
            else:
                texts = dict(zip(names, map(tidy, cells), strict=True))
                row = Cells(line, texts, on_problem).row(country, currency)
                if row is not None:
                    yield row
        line = reader.line_num + 2


_WIDTH = _(
    "The line has %(found)s cells, the first line has %(wanted)s. Put texts with commas in quotes."
)
_UNREADABLE = _("The file cannot be read from here on (%(error)s). Save it as CSV anew.")


def _header(header: str, delimiter: str, on_problem: OnProblem) -> list[str] | None:
    """Return the column names, or None after telling what is wrong with them."""
    if not header.strip():
        on_problem(
            Problem(1, "", "", said(_("The first line is empty. It must name the columns.")))
        )
        return None
    names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
    found: list[Problem] = []
    for name in names:
        if name not in COLUMNS:
            sentence = said(
                _("There is no such column. Columns are: %(all)s."), all=", ".join(COLUMNS)
            )
            found.append(Problem(1, name, "", sentence))
        elif names.count(name) > 1:
            found.append(Problem(1, name, "", said(_("The column is there twice. Remove one."))))
    for name in COLUMNS:
        if name not in names:
            sentence = said(
                _("The column is missing. Add it; its cells may be empty where optional.")
            )
            found.append(Problem(1, name, "", sentence))
    for problem in found:
        on_problem(problem)
    return None if found else names
