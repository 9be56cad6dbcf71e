"""What is usual in a country: currency, time zones, language."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import phonenumbers
from babel.core import get_global
from babel.languages import get_official_languages
from babel.numbers import get_currency_name, get_territory_currencies
from django.conf import settings

from common.formats import locale_of
from tenants.services import currencies_in_use

# Places that the table of zones does not know.
OTHER_ZONES = {
    "AC": ("Atlantic/St_Helena",),
    "TA": ("Atlantic/St_Helena",),
    "XK": ("Europe/Belgrade",),
}


@dataclass(frozen=True, slots=True)
class Usual:
    """``zones`` has several where one time does not hold for the whole country; else one."""

    currency: str
    zones: tuple[str, ...]
    language: str


@functools.lru_cache(maxsize=300)
def usual_in(country: str) -> Usual:
    """Return what most companies of a country (ISO 3166) would choose."""
    currencies = get_territory_currencies(country)
    spoken = get_official_languages(country, de_facto=True)
    ours = dict(settings.LANGUAGES)
    return Usual(
        currency=currencies[0] if currencies else "",
        zones=_zones(country),
        language=next((language for language in spoken if language in ours), "en"),
    )


def _zones(country: str) -> tuple[str, ...]:
    zones = (
        zone for zone, territory in get_global("zone_territories").items() if territory == country
    )
    return tuple(sorted(zones)) or OTHER_ZONES.get(country, ())


@functools.lru_cache(maxsize=8)
def countries(language: str) -> Sequence[tuple[str, str]]:
    """Return all countries with their names in a language, in the order of these names."""
    names = locale_of(language).territories
    return sorted(
        ((code, names.get(code, code)) for code in phonenumbers.SUPPORTED_REGIONS),
        key=lambda pair: pair[1],
    )


@functools.lru_cache(maxsize=8)
def currencies(language: str) -> Sequence[tuple[str, str]]:
    """Return the currencies in use with their names in a language."""
    locale = locale_of(language)
    return [
        (code, f"{code} – {get_currency_name(code, locale=locale)}")
        for code in sorted(currencies_in_use())
    ]
