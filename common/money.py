"""Amounts: exact decimals in the one currency of a company.

A schema holds one company and a company has one currency, so an amount is a plain ``Decimal`` and the
currency stands on the company. Decimal places come from ISO 4217 as Babel carries it.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation

from babel.numbers import get_currency_precision

from common.errors import DomainError
from common.words import _

MAX_AMOUNT = Decimal(10) ** 12


class NotAnAmount(DomainError):
    message = _("“%(value)s” is not an amount. Write digits, for example 5000 or 12.50.")


class AmountTooFine(DomainError):
    message = _("%(value)s is finer than the currency: %(currency)s has %(digits)s decimals.")


def minor_digits(currency: str) -> int:
    """Return how many decimals this ISO 4217 currency has (TZS 2, UGX 0)."""
    return get_currency_precision(currency)


def quantum(currency: str) -> Decimal:
    """Return the smallest amount of this currency, one minor unit."""
    return Decimal(1).scaleb(-minor_digits(currency))


def round_up(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(quantum(currency), ROUND_CEILING)


def round_down(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(quantum(currency), ROUND_FLOOR)


def round_half_up(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(quantum(currency), ROUND_HALF_UP)


def parse_amount(text: str, currency: str) -> Decimal:
    """Read a non-negative amount as an operator or a person wrote it, without rounding.

    :raises NotAnAmount: not plain digits with at most one point, or absurdly large
    :raises AmountTooFine: more decimals than the currency has
    """
    try:
        amount = Decimal(text.strip()) if _plain(text.strip()) else None
    except InvalidOperation:
        amount = None
    if amount is None or amount >= MAX_AMOUNT:
        raise NotAnAmount(value=text[:40])
    return on_grid(amount, currency)


def on_grid(amount: Decimal, currency: str) -> Decimal:
    """Return the amount with the decimals of the currency.

    :raises AmountTooFine: that would change its value
    """
    exact = amount.quantize(quantum(currency), ROUND_FLOOR)
    if exact != amount:
        raise AmountTooFine(value=amount, currency=currency, digits=minor_digits(currency))
    return exact


def _plain(text: str) -> bool:
    return text.isascii() and text.replace(".", "", 1).isdigit() and len(text) <= 30


def vat_within(gross: Decimal, percent: Decimal, currency: str) -> Decimal:
    """Return the VAT contained in a price that includes it, half up to the minor unit."""
    if not percent:
        return Decimal(0)
    return round_half_up(gross * percent / (100 + percent), currency)
