"""What stands in the cells: amounts in either decimal style, dates in any order, references as keys.

Pure. A style is chosen once for a column, from all its values; a value that does not fit it is no value.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from zoneinfo import ZoneInfo

from common.sheets import Cell, text_of


class DecimalStyle(StrEnum):
    POINT = "point"  # 1,234.50
    COMMA = "comma"  # 1.234,50 or 1 234,50


class DateOrder(StrEnum):
    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


# --- amounts --------------------------------------------------------------------------------------

_NUMBER = re.compile(r"[0-9][0-9.,]*|[.,][0-9]+")
_FITS = {
    DecimalStyle.POINT: re.compile(r"(\d+|\d{1,3}(,\d{3})+)?(\.\d+)?"),
    DecimalStyle.COMMA: re.compile(r"(\d+|\d{1,3}(\.\d{3})+)?(,\d+)?"),
}
_BLANKS = re.compile(r"[\s\u00a0\u202f\u2009'’_]")
MAX_DIGITS = 18


def decimal_style(values: Iterable[Cell]) -> DecimalStyle:
    """Return which sign parts the decimals, by what the values of a column can only mean."""
    votes = {DecimalStyle.POINT: 0, DecimalStyle.COMMA: 0}
    for cell in values:
        digits = _digits(cell) if isinstance(cell, str) else ""
        fitting = [style for style, pattern in _FITS.items() if pattern.fullmatch(digits)]
        if len(fitting) == 1 and digits:
            votes[fitting[0]] += 1
    return max(votes, key=lambda style: votes[style])


def amount_of(cell: Cell, style: DecimalStyle) -> Decimal | None:
    """Return a signed amount; None for a cell that holds none.

    Brackets, and a minus on either side, mean below zero.
    """
    if isinstance(cell, Decimal):
        return cell
    if isinstance(cell, dt.datetime):
        return None
    digits = _digits(cell)
    if not digits or not _FITS[style].fullmatch(digits) or len(digits) > MAX_DIGITS + 6:
        return None
    grouping, point = (",", ".") if style == DecimalStyle.POINT else (".", ",")
    try:
        amount = Decimal(digits.replace(grouping, "").replace(point, "."))
    except InvalidOperation:
        return None
    return -amount if _is_below_zero(cell) else amount


def _digits(text: str) -> str:
    """Return the one number in a text like ``TZS 1,234.50``; empty when there are none or several."""
    found = _NUMBER.findall(_BLANKS.sub("", text))
    return found[0].rstrip(".,") if len(found) == 1 else ""


def _is_below_zero(text: str) -> bool:
    bare = _BLANKS.sub("", text).upper()
    return bool(re.search(r"[-−–](?=[A-Z]*[0-9.])|[-−–]$|^\(.*\)$|(?<![A-Z])DR$", bare))


# --- dates ----------------------------------------------------------------------------------------

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january janeiro janvier januari", "feb february fev fevereiro fevrier fév février februari",
            "mar march março marco mars machi", "apr april abr abril avr avril aprili",
            "may mai maio mei", "jun june junho juin juni", "jul july julho juillet julai",
            "aug august ago agosto aoû août agosti", "sep sept september set setembro septembre septemba",
            "oct october out outubro octobre oktoba", "nov november novembro novembre novemba",
            "dec december dez dezembro déc décembre desemba",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_DATE = re.compile(
    r"(?P<a>\d{1,4})[\s./-]+(?P<b>\d{1,2}|[^\W\d_]{3,10}\.?)[\s./,-]+(?P<c>\d{2,4})(?!\d)"
)
_COMPACT = re.compile(r"(?P<a>(?:19|20)\d{2})(?P<b>\d{2})(?P<c>\d{2})(?:T?(?P<time>\d{6}|\d{4}))?")
_TIME = re.compile(
    r"(?P<hour>\d{1,2})[:h.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?\s*(?P<half>[AaPp])?\.?[Mm]?\.?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
YEARS = range(1991, 2100)  # others are no payment's, and leave no room to look a day further
_EXCEL_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001
_EXCEL_DAYS = (Decimal(30_000), Decimal(80_000))  # the years 1982 to 2119


def date_order(values: Iterable[Cell], *, latest: dt.date) -> DateOrder:
    """Return the order of day, month and year that all values of a column allow.

    Where several do: none lies after ``latest``, then the shortest time from first to last, then day first.
    """
    found = [parts for cell in values if isinstance(cell, str) and (parts := _numbers(cell))]
    best, least = DateOrder.DMY, (len(found) + 1, len(found) + 1, dt.timedelta.max)
    for order in (DateOrder.DMY, DateOrder.YMD, DateOrder.MDY):
        days = [day for parts in found if (day := _day(parts, order))]
        late = sum(day > latest for day in days)
        span = max(days) - min(days) if days else dt.timedelta.max
        badness = (len(found) - len(days), late, span)
        if badness < least:
            best, least = order, badness
    return best


def moment_of(
    cell: Cell, time: Cell, order: DateOrder, zone: str
) -> tuple[dt.datetime, bool] | None:
    """Return when it was, aware, and whether a time of day is known; None for what is no date."""
    here = ZoneInfo(zone)
    naive = _from_number(cell)
    if naive is not None:
        clock, offset = (_clock(text_of(time)) if time != "" else None) or (None, None)
        known = clock is not None or naive.time() != dt.time.min
        moment = dt.datetime.combine(naive.date(), clock) if clock else naive
        return _aware(moment, offset, here), known
    text = text_of(cell)
    found = _numbers(text)
    day = _day(found, order) if found else None
    if day is None or found is None:
        return None
    said = found[3] or (text_of(time) if time != "" else "")
    clock, offset = _clock(said) or (None, None)
    moment = dt.datetime.combine(day, clock or dt.time.min)
    return _aware(moment, offset, here), clock is not None


def _from_number(cell: Cell) -> dt.datetime | None:
    """A date as a spreadsheet keeps it: as such, or as days since 1899."""
    if isinstance(cell, dt.datetime):
        return cell.replace(microsecond=0) if cell.year in YEARS else None
    if isinstance(cell, Decimal) and _EXCEL_DAYS[0] < cell < _EXCEL_DAYS[1]:
        return _EXCEL_EPOCH + dt.timedelta(seconds=round(float(cell) * 86_400))
    return None


_Numbers = tuple[int, int, int, str]


def _numbers(cell: Cell) -> _Numbers | None:
    """Return the three numbers of a date as written, and what follows them."""
    text = text_of(cell)
    compact = _COMPACT.fullmatch(text.strip())
    if compact:
        time = compact["time"] or ""
        clock = ":".join(re.findall("..", time))
        return int(compact["a"]), int(compact["b"]), int(compact["c"]), clock
    found = _DATE.search(text)
    if found is None:
        return None
    month = found["b"].rstrip(".").lower()
    if not month.isdigit() and month not in _MONTHS:
        return None
    second = int(month) if month.isdigit() else _MONTHS[month]
    return int(found["a"]), second, int(found["c"]), text[found.end() :]


def _day(parts: _Numbers, order: DateOrder) -> dt.date | None:
    a, b, c, _rest = parts
    if a > 31:  # the year stands first, whatever the others do
        order = DateOrder.YMD
    year, month, day = {
        DateOrder.DMY: (c, b, a),
        DateOrder.MDY: (c, a, b),
        DateOrder.YMD: (a, b, c),
    }[order]
    year += 2000 if year < 100 else 0
    try:
        return dt.date(year, month, day) if year in YEARS else None
    except ValueError:
        return None


def _clock(text: str) -> tuple[dt.time, dt.timezone | None] | None:
    found = _TIME.search(text)
    if found is None:
        return None
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].lower() == "p" else 0)
    try:
        clock = dt.time(hour, int(found["minute"]), int(found["second"] or 0))
    except ValueError:
        return None
    return clock, _offset(found["zone"])


def _offset(text: str | None) -> dt.timezone | None:
    if not text:
        return None
    if text[0] not in "+-":
        return dt.UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    if minutes > 14 * 60:
        return None
    return dt.timezone(dt.timedelta(minutes=minutes if text[0] == "+" else -minutes))


def _aware(moment: dt.datetime, offset: dt.tzinfo | None, here: ZoneInfo) -> dt.datetime:
    return moment.replace(tzinfo=offset or here).astimezone(dt.UTC)


# --- references -----------------------------------------------------------------------------------

_UNSEEN = re.compile(r"[\s\u00a0\u200b-\u200f\u202f\ufeff'’`]")
MOST_ZEROS = 10  # in front of a number, that a spreadsheet drops
_SPOILED = re.compile(r"\d([.,]\d+)?E\+\d+", re.IGNORECASE)


def is_spoiled(text: str) -> bool:
    """Whether a spreadsheet made a number of it and lost its digits: ``1.23E+11``."""
    return bool(_SPOILED.fullmatch(_UNSEEN.sub("", text)))


def bare(text: str) -> str:
    """Return a reference as the operator wrote it: without blanks, apostrophes, and a spreadsheet's ``.0``."""
    cleaned = _UNSEEN.sub("", text)
    return cleaned[:-2] if re.fullmatch(r"\d+\.0", cleaned) else cleaned


def key_of(text: str) -> str:
    """Return what two spellings of one reference have in common; empty for none."""
    key = bare(text).upper()
    return key.lstrip("0") or key[:1] if key.isdigit() else key


def spellings(text: str) -> set[str]:
    """Return how the operator may have written a reference of this key itself; none for none."""
    key = key_of(text)
    found = {text, text.upper(), text.lower(), key}
    if key.isdigit():
        found |= {key.zfill(length) for length in range(len(key), len(key) + MOST_ZEROS + 1)}
    return found - {""}


def distinct(cells: Sequence[Cell], most: int) -> list[str]:
    """Return the different texts of a column in the order of their first place, at most ``most``."""
    found: dict[str, None] = {}
    for cell in cells:
        if len(found) >= most:
            break
        found.setdefault(text_of(cell))
    return list(found)
