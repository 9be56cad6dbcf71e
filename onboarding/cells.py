"""What one line of an import says: its cells read one by one, every problem told. No database.

A blank cell states nothing. The kind of file decides which cells a line must have.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from common.errors import DomainError
from common.money import parse_amount
from common.phone import parse_phone
from common.words import _
from devices.models import Device
from devices.prices import Prices
from devices.services import require_kind, unit_of
from locations.services import Place
from onboarding.names import kind_named, maker_named, only_kind_of
from plugins.contracts import Unit

PRICE_COLUMNS = ("price_per_kwh", "access_fee", "access_fee_days", "minimum_purchase")
LONGEST_TEXT = 100
LONGEST_SERIAL = 40
LONGEST_PERIOD_DAYS = 3660
DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,20})?")
COORDINATE_DIGITS = Decimal("0.000001")  # eleven centimetres
PERCENT = re.compile(r"[0-9]{1,2}(\.[0-9]{1,2})?")
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
    """One line of the file. A portfolio's is a customer, where they are, and perhaps a device with its tariff.

    Other files state less: of what is empty or None a line says nothing. Without ``is_customer`` the names and
    the phone only find somebody who is here already.
    """

    line: int
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    place: Place | None = None
    connection_type: str = ""
    connection_group: str = ""
    tariff: NamedPrices | None = None
    device: StatedDevice | None = None
    tariff_name: str = ""  # a tariff that must be here already
    is_customer: bool = True

    @property
    def customer_key(self) -> tuple[str, str, str]:
        return self.phone, self.first_name, self.last_name


OnProblem = Callable[[Problem], None]


def said(sentence: Any, **facts: object) -> str:
    return str(sentence) % facts


class Cells:
    """The cells of one line, read one by one; every problem is told, the first does not hide the rest."""

    def __init__(self, line: int, texts: Mapping[str, str], on_problem: OnProblem) -> None:
        self.line, self.on_problem, self.is_good = line, on_problem, True
        self.needs_kind = True
        self.texts = defaultdict(str, texts)

    def row(self, country: str, currency: str) -> Row | None:
        """Return a line of a portfolio: a customer, a place, perhaps a device and a tariff."""
        names = self.names()
        phone = self.phone(country)
        place = self.place()
        device = self.device()
        tariff = self.tariff(device, currency)
        group, use = self.text("connection_group"), self.text("connection_type")
        if not self.is_good:
            return None
        return Row(self.line, *names, phone, place, use, group, tariff, device)

    def names(self) -> tuple[str, str]:
        first_name, last_name = self.text("first_name"), self.text("last_name")
        if not first_name and not last_name:
            sentence = _("The customer has no name. Write a first or a last name.")
            self.tell("last_name", "", said(sentence))
        return first_name, last_name

    def tell(self, column: str, value: str, message: str) -> None:
        self.is_good = False
        self.on_problem(Problem(self.line, column, value[:60], message))

    def text(self, column: str, *, needed: bool = False, longest: int = LONGEST_TEXT) -> str:
        text = self.texts[column]
        if needed and not text:
            self.tell(column, "", said(_("The cell is empty. It is needed here.")))
        if len(text) > longest:
            self.tell(column, text, said(_("Longer than %(longest)s characters."), longest=longest))
        if any(unicodedata.category(char) == "Cc" for char in text):
            self.tell(column, "", said(_("The cell holds characters that cannot be printed.")))
        return text

    def phone(self, country: str) -> str:
        text = self.text("phone", needed=True)
        if not text:
            return ""
        if self._is_damaged("phone", text):
            return ""
        try:
            return parse_phone(text, country)
        except DomainError as refusal:
            self.tell("phone", text, str(refusal))
            return ""

    def _is_damaged(self, column: str, text: str) -> bool:
        """Tell of a long number that a spreadsheet turned into powers of ten: its digits are lost."""
        if not SPREADSHEET_DAMAGE.fullmatch(text):
            return False
        sentence = _(
            "The spreadsheet has shortened the number. Format the column as text and enter it anew."
        )
        self.tell(column, text, said(sentence))
        return True

    def place(self, needed: Sequence[str] = ("cluster", "mini_grid", "village")) -> Place:
        cluster, mini_grid, village = (
            self.text(column, needed=column in needed)
            for column in ("cluster", "mini_grid", "village")
        )
        return Place(cluster, mini_grid, village, *self.spot())

    def spot(self) -> tuple[Decimal | None, Decimal | None]:
        """Return latitude and longitude, both or neither."""
        latitude = self.degrees("latitude", 90)
        longitude = self.degrees("longitude", 180)
        for column, other in (("latitude", "longitude"), ("longitude", "latitude")):
            if not self.texts[column] and self.texts[other]:
                self.tell(column, "", said(_("State latitude and longitude, or neither.")))
        return latitude, longitude

    def degrees(self, column: str, most: int) -> Decimal | None:
        text = self.texts[column]
        if not text:
            return None
        if not DEGREES.fullmatch(text) or abs(Decimal(text)) > most:
            sentence = _(
                "Not degrees from -%(most)s to %(most)s. Write them with a point, like -2.5164."
            )
            self.tell(column, text, said(sentence, most=most))
            return None
        return Decimal(text).quantize(COORDINATE_DIGITS)

    def device(self) -> StatedDevice | None:
        columns = ("device_kind", "manufacturer", "serial")
        if not any(self.texts[column] for column in columns):
            return None
        manufacturer = maker_named(self.text("manufacturer", needed=True))
        kind = kind_named(self.text("device_kind", needed=self.needs_kind))
        kind = kind or only_kind_of(manufacturer)
        serial = self.text("serial", needed=True, longest=LONGEST_SERIAL)
        self._is_damaged("serial", serial)
        if not kind and manufacturer and not self.needs_kind:
            self.tell("device_kind", "", said(_("Write which kind of device it is.")))
        elif kind and kind not in Device.Kind.values:
            sentence = said(
                _("Not a kind of device. Write one of: %(kinds)s."),
                kinds=", ".join(Device.Kind.values),
            )
            self.tell("device_kind", kind, sentence)
        elif kind and manufacturer:
            self._is_made(kind, manufacturer)
        return StatedDevice(kind, manufacturer, serial)

    def _is_made(self, kind: str, manufacturer: str) -> None:
        try:
            unit_of(manufacturer=manufacturer)
        except DomainError as refusal:
            self.tell("manufacturer", manufacturer, str(refusal))
            return
        try:
            require_kind(manufacturer=manufacturer, kind=kind)
        except DomainError as refusal:
            self.tell("device_kind", kind, str(refusal))

    def tariff(self, device: StatedDevice | None, currency: str) -> NamedPrices | None:
        name = self.text("tariff")
        needs_energy_price = device is not None and self._sells_energy(device)
        if not name:
            stated = [column for column in PRICE_COLUMNS if self.texts[column]]
            for column in stated:
                sentence = _("A price without a tariff. Name the tariff in its column.")
                self.tell(column, self.texts[column], said(sentence))
            if needs_energy_price and not stated:
                self.tell(
                    "tariff", "", said(_("A meter needs a tariff. Name one and state its price."))
                )
            return None
        if needs_energy_price and not self.texts["price_per_kwh"]:
            self.tell("price_per_kwh", "", said(_("A meter's tariff needs a price per kWh.")))
        return NamedPrices(name, self.prices(currency))

    def prices(self, currency: str) -> Prices:
        """Return what a tariff costs; a blank fee or minimum is none."""
        price = self.amount("price_per_kwh", currency)
        if price is not None and price <= 0:
            sentence = said(_("The price must be more than 0."))
            self.tell("price_per_kwh", self.texts["price_per_kwh"], sentence)
        fee = self.amount("access_fee", currency) or Decimal(0)
        days = self.days("access_fee_days")
        if fee and not self.texts["access_fee_days"].strip("0"):
            sentence = said(_("State for how many days the access fee is paid."))
            self.tell("access_fee_days", "", sentence)
        return Prices(
            price_per_kwh=price,
            access_fee=fee,
            access_fee_days=days,
            minimum_purchase=self.amount("minimum_purchase", currency) or Decimal(0),
            vat_percent=self._percent("vat_percent"),
        )

    def _percent(self, column: str) -> Decimal:
        text = self.texts[column].removesuffix("%").strip()
        if not text:
            return Decimal(0)
        if not PERCENT.fullmatch(text) or Decimal(text) >= 100:
            self.tell(column, text, said(_("Not a percentage. Write a number like 18 or 7.5.")))
            return Decimal(0)
        return Decimal(text)

    def _sells_energy(self, device: StatedDevice) -> bool:
        try:
            return unit_of(manufacturer=device.manufacturer) == Unit.KWH
        except DomainError:
            return device.kind == Device.Kind.METER

    def amount(self, column: str, currency: str) -> Decimal | None:
        text = self.texts[column]
        if not text:
            return None
        try:
            return parse_amount(text, currency)
        except DomainError as refusal:
            self.tell(column, text, str(refusal))
            return None

    def days(self, column: str) -> int:
        text = self.texts[column]
        if not text:
            return 0
        is_number = text.isascii() and text.isdigit() and len(text) <= 4
        if not is_number or int(text) > LONGEST_PERIOD_DAYS:
            sentence = _("Not a number of days up to %(most)s. Write digits, for example 30.")
            self.tell(column, text, said(sentence, most=LONGEST_PERIOD_DAYS))
            return 0
        return int(text)


def tidy(cell: str) -> str:
    """Return a cell in one spelling: single blanks, one form of every accent."""
    return " ".join(unicodedata.normalize("NFC", cell).split())
