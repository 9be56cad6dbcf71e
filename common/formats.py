"""How amounts, quantities, phones and times are written for people, in one language and time zone.

Pure functions: the caller names currency, language and zone. Spaces inside one figure are no-break.
"""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date
from babel.numbers import format_decimal
from django.utils.translation import gettext, ngettext, pgettext

from common.money import minor_digits

NBSP = "\u00a0"
MINUS = "\u2212"
MINUTE, HOUR, DAY = 60, 3600, 86_400


def locale_of(language: str) -> Locale:
    """Return Babel's locale for one of our languages; English for one that Babel does not know."""
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def plain_amount(amount: Decimal, currency: str, language: str) -> str:
    """Return ``10,000``: decimals where the currency is used with them, or where there are some."""
    digits = minor_digits(currency)
    is_whole = amount == amount.to_integral_value()
    if is_whole and _is_used_without_decimals(currency):
        digits = 0
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return _signed(amount, pattern, language)


def _is_used_without_decimals(currency: str) -> bool:
    known = get_global("currency_fractions")
    _digits, _rounding, cash_digits, _cash_rounding = known.get(currency, known["DEFAULT"])
    return bool(cash_digits == 0)


def _signed(number: Decimal, pattern: str, language: str) -> str:
    text = format_decimal(abs(number), format=pattern, locale=locale_of(language))
    return MINUS + text if number < 0 else text


def money(amount: Decimal, currency: str, language: str) -> str:
    """Return ``TZS 10,000``; a negative amount carries its minus before the figure."""
    return f"{currency}{NBSP}{plain_amount(amount, currency, language)}"


def price(amount: Decimal, currency: str, language: str) -> str:
    """Return ``TZS 297.9718``: as ``money``, but a price finer than the currency is not rounded."""
    if amount == amount.quantize(Decimal(1).scaleb(-minor_digits(currency))):
        return money(amount, currency, language)
    pattern = "#,##0." + "0" * minor_digits(currency) + "#" * (4 - minor_digits(currency))
    return f"{currency}{NBSP}{_signed(amount, pattern, language)}"


def number(value: Decimal | int, language: str) -> str:
    """Return a count with thousands, ``4,318``."""
    return _signed(Decimal(value), "#,##0.####", language)


def plain_kwh(quantity: Decimal, language: str) -> str:
    """Return ``3.6``: one decimal always, more where the quantity has them; nothing is rounded."""
    return _signed(quantity, "#,##0.0###", language)


def kwh(quantity: Decimal, language: str) -> str:
    return f"{plain_kwh(quantity, language)}{NBSP}kWh"


def days(count: Decimal | int, language: str) -> str:
    """Return ``9 days``."""
    whole = int(count)
    shown = number(count, language)
    return (ngettext("%(count)s day", "%(count)s days", whole) % {"count": shown}).replace(
        " ", NBSP
    )


def quantity(value: Decimal, unit: str, language: str) -> str:
    """Return a quantity in the unit of a token order: ``3.6 kWh`` or ``9 days``."""
    return days(value, language) if unit == "day" else kwh(value, language)


def short_day(day: dt.date, today: dt.date, language: str) -> str:
    """Return ``23 Nov``, with the year when it is not this one."""
    pattern = pgettext("Babel date pattern", "d MMM")
    if day.year != today.year:
        pattern = pgettext("Babel date pattern", "d MMM y")
    return format_date(day, pattern, locale=locale_of(language)).replace(" ", NBSP)


def long_day(day: dt.date, language: str) -> str:
    """Return ``Monday 23 November 2026``."""
    pattern = pgettext("Babel date pattern", "EEEE d MMMM y")
    return format_date(day, pattern, locale=locale_of(language))


def full_day(day: dt.date, language: str) -> str:
    """Return ``1 January 2027``."""
    pattern = pgettext("Babel date pattern", "d MMMM y")
    return format_date(day, pattern, locale=locale_of(language))


def month(day: dt.date, language: str) -> str:
    """Return ``March 2025``."""
    return format_date(day, pgettext("Babel date pattern", "MMMM y"), locale=locale_of(language))


def clock(moment: dt.datetime, zone: str) -> str:
    """Return ``14:02`` in the zone."""
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"


def clock_seconds(moment: dt.datetime, zone: str) -> str:
    """Return ``14:02:07`` in the zone."""
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M:%S}"


def relative_day(day: dt.date, today: dt.date, language: str) -> str:
    """Return ``today``, ``yesterday`` or the short day."""
    if day == today:
        return gettext("today")
    if day == today - dt.timedelta(days=1):
        return gettext("yesterday")
    return short_day(day, today, language)


def when(moment: dt.datetime, now: dt.datetime, zone: str, language: str) -> str:
    """Return ``today 14:02``, ``yesterday 19:30`` or ``20 Nov 18:11`` in the zone."""
    here = ZoneInfo(zone)
    day = relative_day(moment.astimezone(here).date(), now.astimezone(here).date(), language)
    return f"{day} {clock(moment, zone)}"


def span(length: dt.timedelta) -> str:
    """Return how long something took in at most two units: ``17 s``, ``9 min``, ``1 h 35 min``."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < MINUTE:
        return f"{seconds}{NBSP}s"
    if seconds < HOUR:
        return f"{seconds // MINUTE}{NBSP}min"
    if seconds < DAY:
        hours, minutes = divmod(seconds // MINUTE, 60)
        return f"{hours}{NBSP}h" + (f" {minutes}{NBSP}min" if minutes else "")
    whole = seconds // DAY
    return (ngettext("%(count)s day", "%(count)s days", whole) % {"count": whole}).replace(
        " ", NBSP
    )
