"""Phone numbers: E.164 inside, readable outside."""

import phonenumbers

from common.errors import DomainError
from common.words import _


class NotAPhone(DomainError):
    message = _(
        "“%(value)s” is not a phone number. Write it with the country code, like +255754123456."
    )


def parse_phone(text: str, country: str) -> str:
    """Return the number as E.164 (``+255754123456``); without a plus it is read as of ``country``.

    :raises NotAPhone: no number of any kind can be read
    """
    cleaned = text.strip()
    for candidate in (cleaned, f"+{cleaned}"):
        try:
            number = phonenumbers.parse(candidate, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number) and phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    raise NotAPhone(value=cleaned[:30])


def same_or_raw(text: str, country: str) -> str:
    """Return E.164 where that can be read, else the text as it came: a payer is never refused for it."""
    try:
        return parse_phone(text, country)
    except NotAPhone:
        return text.strip()[:20]


def display_phone(e164: str) -> str:
    """Return the number in groups, ``+255 754 123 456``; unreadable text comes back unchanged."""
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
