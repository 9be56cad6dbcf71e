"""Who the pretend customers are: the company, their phones and their devices."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.store import Store

DEFAULTS: dict[str, Any] = {
    "company": "Jua Power",
    "currency": "TZS",
    "country_code": "255",
    "timezone": "Africa/Dar_es_Salaam",
    "customers": [],
}
UNITS = {"kWh", "days"}


class BadPhonebook(ValueError):
    """An entry is not what the phone book takes; the text names it."""


@dataclass(frozen=True, slots=True)
class Device:
    """A meter or a kit, as the phone book knows it; `balance` is what it starts with."""

    serial: str
    unit: str = "kWh"
    manufacturer: str = ""
    balance: str = "0"


@dataclass(frozen=True, slots=True)
class Customer:
    """A person with a phone and devices."""

    name: str
    phone: str
    devices: tuple[Device, ...] = ()


@dataclass(frozen=True, slots=True)
class Phonebook:
    """The company whose customers pay here."""

    company: str
    currency: str
    country_code: str
    zone: tzinfo
    customers: tuple[Customer, ...]

    def customer(self, phone: str) -> Customer | None:
        return next((one for one in self.customers if one.phone == phone), None)

    def device(self, serial: str) -> Device | None:
        return next((one for one in self.devices if one.serial == serial), None)

    @property
    def devices(self) -> list[Device]:
        return [device for customer in self.customers for device in customer.devices]

    def local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, self.zone)


def phonebook(store: Store) -> Phonebook:
    """Return the phone book that was set last, or an empty one."""
    kept = DEFAULTS | store.setting("phonebook", {})
    customers = tuple(_customer(one, kept["country_code"]) for one in kept["customers"])
    return Phonebook(
        kept["company"], kept["currency"], kept["country_code"], _zone(kept["timezone"]), customers
    )


def change(store: Store, wanted: Mapping[str, Any]) -> None:
    """Replace what is given: company, currency, country_code, timezone, customers.

    :raises BadPhonebook: nothing was changed
    """
    if unknown := wanted.keys() - DEFAULTS.keys():
        raise BadPhonebook(f"unknown: {', '.join(sorted(unknown))}")
    kept = store.setting("phonebook", {}) | dict(wanted)
    try:
        for one in kept.get("customers", []):
            _customer(one, kept.get("country_code", DEFAULTS["country_code"]))
    except (TypeError, KeyError, AttributeError) as error:
        raise BadPhonebook(f"a customer needs name, phone and devices: {error}") from error
    store.remember("phonebook", kept)


def international(phone: str, country_code: str) -> str:
    """Return a phone as +255…; a leading zero stands for the country.

    :raises BadPhonebook: it has too few or too many digits
    """
    digits = re.sub(r"[\s()./-]", "", phone)
    if digits.startswith("0") and not digits.startswith("00"):
        digits = country_code + digits[1:]
    digits = digits.removeprefix("+").removeprefix("00")
    if not re.fullmatch(r"[1-9][0-9]{7,14}", digits):
        raise BadPhonebook(f"{phone!r} is not a phone number")
    return f"+{digits}"


def _customer(one: Mapping[str, Any], country_code: str) -> Customer:
    devices = tuple(_device(device) for device in one.get("devices", ()))
    return Customer(str(one["name"]), international(str(one["phone"]), country_code), devices)


def _device(one: Mapping[str, Any] | str) -> Device:
    if isinstance(one, str):
        return Device(one)
    device = Device(**{name: str(value) for name, value in one.items()})
    if device.unit not in UNITS:
        raise BadPhonebook(f"{device.serial}: unit is kWh or days")
    try:
        Decimal(device.balance)
    except InvalidOperation as error:
        raise BadPhonebook(f"{device.serial}: balance is not a number") from error
    return device


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
