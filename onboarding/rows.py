"""Reading a portfolio's CSV into checked rows. No database: what a row says for itself.

UTF-8 with or without a byte order mark, separated by commas or semicolons. A blank cell states nothing.
"""

import csv
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from common.errors import DomainError
from common.money import parse_amount
from common.phone import parse_phone
from common.words import _
from devices.models import Device
from devices.services import require_kind, unit_of
from devices.tariff_changes import Prices
from locations.services import Place
from plugins.contracts import Unit

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
PRICE_COLUMNS = ("price_per_kwh", "access_fee", "access_fee_days", "minimum_purchase")
LONGEST_TEXT = 100
LONGEST_SERIAL = 40
LONGEST_PERIOD_DAYS = 3660
DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,20})?")
COORDINATE_DIGITS = Decimal("0.000001")  # eleven centimetres
SPREADSHEET_DAMAGE = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in one cell, and what to do. ``column`` is empty where the whole line is meant."""

    line: int
    column: str
    value: str
    message: str

    def __str__(self) -> str:
        cell = f", {self.column}" if self.column else ""
        value = f" “{self.value}”" if self.value else ""
        return f"line {self.line}{cell}{value}: {self.message}"

    def facts(self) -> dict[str, Any]:
        return {
            "line": self.line,
            "column": self.column,
            "value": self.value,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class NamedPrices:
    """A tariff as a row states it."""

    name: str
    prices: Prices


@dataclass(frozen=True, slots=True)
class StatedDevice:
    """A device as a row states it."""

    kind: str
    manufacturer: str
    serial: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file: a customer, where they are, and perhaps a device with its tariff."""

    line: int
    first_name: str
    last_name: str
    phone: str
    place: Place
    connection_type: str
    connection_group: str
    tariff: NamedPrices | None
    device: StatedDevice | None

    @property
    def customer_key(self) -> tuple[str, str, str]:
        return self.phone, self.first_name, self.last_name


OnProblem = Callable[[Problem], None]


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
            on_problem(Problem(line, "", "", _said(_UNREADABLE, error=error)))
            return
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            row = _Cells(line, names, cells, on_problem).row(country, currency)
            if row is not None:
                yield row
        line = reader.line_num + 2


_UNREADABLE = _("The file cannot be read from here on (%(error)s). Save it as CSV anew.")


def _said(sentence: Any, **facts: object) -> str:
    return str(sentence) % facts


def _header(header: str, delimiter: str, on_problem: OnProblem) -> list[str] | None:
    """Return the column names, or None after telling what is wrong with them."""
    if not header.strip():
        on_problem(
            Problem(1, "", "", _said(_("The first line is empty. It must name the columns.")))
        )
        return None
    names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
    found: list[Problem] = []
    for name in names:
        if name not in COLUMNS:
            sentence = _said(
                _("There is no such column. Columns are: %(all)s."), all=", ".join(COLUMNS)
            )
            found.append(Problem(1, name, "", sentence))
        elif names.count(name) > 1:
            found.append(Problem(1, name, "", _said(_("The column is there twice. Remove one."))))
    for name in COLUMNS:
        if name not in names:
            sentence = _said(
                _("The column is missing. Add it; its cells may be empty where optional.")
            )
            found.append(Problem(1, name, "", sentence))
    for problem in found:
        on_problem(problem)
    return None if found else names


class _Cells:
    """The cells of one line, read one by one; every problem is told, the first does not hide the rest."""

    def __init__(
        self, line: int, names: list[str], cells: list[str], on_problem: OnProblem
    ) -> None:
        self.line, self.on_problem, self.is_good = line, on_problem, True
        if len(cells) > len(names) or len(cells) < len(names):
            sentence = _(
                "The line has %(found)s cells, the first line has %(wanted)s. Put texts with commas in quotes."
            )
            self._tell("", "", _said(sentence, found=len(cells), wanted=len(names)))
        self.texts = dict(zip(names, map(_tidy, cells), strict=False))

    def row(self, country: str, currency: str) -> Row | None:
        if not self.is_good:
            return None
        first_name, last_name = self._text("first_name"), self._text("last_name")
        if not first_name and not last_name:
            self._tell(
                "last_name", "", _said(_("The customer has no name. Write a first or a last name."))
            )
        phone = self._phone(country)
        place = self._place()
        device = self._device()
        tariff = self._tariff(device, currency)
        group = self._text("connection_group")
        kind_of_use = self._text("connection_type")
        if not self.is_good:
            return None
        return Row(
            self.line, first_name, last_name, phone, place, kind_of_use, group, tariff, device
        )

    def _tell(self, column: str, value: str, message: str) -> None:
        self.is_good = False
        self.on_problem(Problem(self.line, column, value[:60], message))

    def _text(self, column: str, *, needed: bool = False, longest: int = LONGEST_TEXT) -> str:
        text = self.texts[column]
        if needed and not text:
            self._tell(column, "", _said(_("The cell is empty. It is needed here.")))
        if len(text) > longest:
            self._tell(
                column, text, _said(_("Longer than %(longest)s characters."), longest=longest)
            )
        if any(unicodedata.category(char) == "Cc" for char in text):
            self._tell(column, "", _said(_("The cell holds characters that cannot be printed.")))
        return text

    def _phone(self, country: str) -> str:
        text = self._text("phone", needed=True)
        if not text:
            return ""
        if self._is_damaged("phone", text):
            return ""
        try:
            return parse_phone(text, country)
        except DomainError as refusal:
            self._tell("phone", text, str(refusal))
            return ""

    def _is_damaged(self, column: str, text: str) -> bool:
        """Tell of a long number that a spreadsheet turned into powers of ten: its digits are lost."""
        if not SPREADSHEET_DAMAGE.fullmatch(text):
            return False
        sentence = _(
            "The spreadsheet has shortened the number. Format the column as text and enter it anew."
        )
        self._tell(column, text, _said(sentence))
        return True

    def _place(self) -> Place:
        cluster, mini_grid, village = (
            self._text(column, needed=True) for column in ("cluster", "mini_grid", "village")
        )
        latitude = self._degrees("latitude", 90)
        longitude = self._degrees("longitude", 180)
        for column, other in (("latitude", "longitude"), ("longitude", "latitude")):
            if not self.texts[column] and self.texts[other]:
                self._tell(column, "", _said(_("State latitude and longitude, or neither.")))
        return Place(cluster, mini_grid, village, latitude, longitude)

    def _degrees(self, column: str, most: int) -> Decimal | None:
        text = self.texts[column]
        if not text:
            return None
        if not DEGREES.fullmatch(text) or abs(Decimal(text)) > most:
            sentence = _(
                "Not degrees from -%(most)s to %(most)s. Write them with a point, like -2.5164."
            )
            self._tell(column, text, _said(sentence, most=most))
            return None
        return Decimal(text).quantize(COORDINATE_DIGITS)

    def _device(self) -> StatedDevice | None:
        columns = ("device_kind", "manufacturer", "serial")
        if not any(self.texts[column] for column in columns):
            return None
        kind = self._text("device_kind", needed=True).lower()
        manufacturer = self._text("manufacturer", needed=True)
        serial = self._text("serial", needed=True, longest=LONGEST_SERIAL)
        self._is_damaged("serial", serial)
        if kind and kind not in Device.Kind.values:
            sentence = _said(
                _("Not a kind of device. Write one of: %(kinds)s."),
                kinds=", ".join(Device.Kind.values),
            )
            self._tell("device_kind", kind, sentence)
        elif kind and manufacturer:
            self._is_made(kind, manufacturer)
        return StatedDevice(kind, manufacturer, serial)

    def _is_made(self, kind: str, manufacturer: str) -> None:
        try:
            unit_of(manufacturer=manufacturer)
        except DomainError as refusal:
            self._tell("manufacturer", manufacturer, str(refusal))
            return
        try:
            require_kind(manufacturer=manufacturer, kind=kind)
        except DomainError as refusal:
            self._tell("device_kind", kind, str(refusal))

    def _tariff(self, device: StatedDevice | None, currency: str) -> NamedPrices | None:
        name = self._text("tariff")
        needs_energy_price = device is not None and self._sells_energy(device)
        if not name:
            stated = [column for column in PRICE_COLUMNS if self.texts[column]]
            for column in stated:
                sentence = _("A price without a tariff. Name the tariff in its column.")
                self._tell(column, self.texts[column], _said(sentence))
            if needs_energy_price and not stated:
                self._tell(
                    "tariff", "", _said(_("A meter needs a tariff. Name one and state its price."))
                )
            return None
        price = self._amount("price_per_kwh", currency)
        if price is not None and price <= 0:
            self._tell(
                "price_per_kwh",
                self.texts["price_per_kwh"],
                _said(_("The price must be more than 0.")),
            )
        if needs_energy_price and not self.texts["price_per_kwh"]:
            self._tell("price_per_kwh", "", _said(_("A meter's tariff needs a price per kWh.")))
        fee = self._amount("access_fee", currency) or Decimal(0)
        days = self._days("access_fee_days")
        if fee and not self.texts["access_fee_days"].strip("0"):
            self._tell(
                "access_fee_days", "", _said(_("State for how many days the access fee is paid."))
            )
        minimum = self._amount("minimum_purchase", currency) or Decimal(0)
        return NamedPrices(
            name,
            Prices(
                price_per_kwh=price,
                access_fee=fee,
                access_fee_days=days,
                minimum_purchase=minimum,
            ),
        )

    def _sells_energy(self, device: StatedDevice) -> bool:
        try:
            return unit_of(manufacturer=device.manufacturer) == Unit.KWH
        except DomainError:
            return device.kind == Device.Kind.METER

    def _amount(self, column: str, currency: str) -> Decimal | None:
        text = self.texts[column]
        if not text:
            return None
        try:
            return parse_amount(text, currency)
        except DomainError as refusal:
            self._tell(column, text, str(refusal))
            return None

    def _days(self, column: str) -> int:
        text = self.texts[column]
        if not text:
            return 0
        is_number = text.isascii() and text.isdigit() and len(text) <= 4
        if not is_number or int(text) > LONGEST_PERIOD_DAYS:
            sentence = _("Not a number of days up to %(most)s. Write digits, for example 30.")
            self._tell(column, text, _said(sentence, most=LONGEST_PERIOD_DAYS))
            return 0
        return int(text)


def _tidy(cell: str) -> str:
    """Return a cell in one spelling: single blanks, one form of every accent."""
    return " ".join(unicodedata.normalize("NFC", cell).split())
