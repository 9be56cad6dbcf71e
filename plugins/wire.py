"""Small translations that many vendors share: quantities and answers as JSON."""

import re
from decimal import Decimal
from typing import Any

import requests

from plugins.errors import OutcomeUnknown, PluginError

ACCOUNT_WORDS = re.compile(
    r"password|log.?in|log.?on|user|company|balance|arrear|insufficient|not enough|permission"
    r"|licen[cs]e|expired|unauthori[sz]ed",
    re.IGNORECASE,
)


def is_about_account(reason: str) -> bool:
    """Return whether a refusal speaks of our account, so that every other order would fail too.

    For vendors that have one code for everything. Words about a meter outweigh those about the
    account: one bad serial must not pause everybody.
    """
    return bool(ACCOUNT_WORDS.search(reason)) and "meter" not in reason.lower()


def json_number(quantity: Decimal) -> int | float:
    """Return a quantity in its shortest form for JSON: 12.5, and 10 rather than 10.0."""
    return int(quantity) if quantity == quantity.to_integral_value() else float(quantity)


def json_object(
    response: requests.Response, *, vendor: str, error: type[PluginError] = OutcomeUnknown
) -> dict[str, Any]:
    """Return an answer that must be a JSON object, its fractions as Decimal.

    :param error: what an unreadable answer means; a look-up, which buys nothing, says Unavailable
    """
    try:
        answer = response.json(parse_float=Decimal)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise error(f"{vendor} gave an answer that we cannot read.", code=str(response.status_code))
    return answer
