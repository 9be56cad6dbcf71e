"""Small translations that many vendors share: quantities and answers as JSON."""

from decimal import Decimal
from typing import Any

import requests

from plugins.errors import OutcomeUnknown, PluginError


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
