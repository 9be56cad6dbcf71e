"""Reading what callers send, and refusing what a real vendor would refuse."""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from flask import Request


class Unacceptable(ValueError):
    """The request is not what the protocol says; the text names the field."""


class WrongMediaType(Unacceptable):
    """The Content-Type is not the one of the protocol."""


def json_object(request: Request) -> dict[str, Any]:
    """Return the body; fractions are Decimals, so that `12.5` and `12.500000001` differ.

    :raises WrongMediaType: the request does not call itself JSON
    :raises Unacceptable: it is not a JSON object
    """
    require_media_type(request, "application/json")
    try:
        body = json.loads(request.get_data(), parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Unacceptable("the body is not JSON") from error
    if not isinstance(body, dict):
        raise Unacceptable("the body is not a JSON object")
    return body


def form_fields(request: Request) -> dict[str, str]:
    """Return the form; a field sent twice is refused.

    :raises WrongMediaType: the request does not call itself a form
    :raises Unacceptable: a field came twice
    """
    require_media_type(request, "application/x-www-form-urlencoded")
    for name, values in request.form.lists():
        if len(values) > 1:
            raise Unacceptable(f"{name} was sent twice")
    return request.form.to_dict()


def require_media_type(request: Request, *wanted: str) -> None:
    """
    :raises WrongMediaType: the Content-Type is none of these, or not in UTF-8
    """
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype not in wanted or charset not in {"utf-8", "utf8"}:
        raise WrongMediaType(f"Content-Type is {request.content_type!r}, not {wanted[0]}")


def only(body: dict[str, Any], required: Iterable[str], optional: Iterable[str] = ()) -> None:
    """
    :raises Unacceptable: a field is missing, or one is there that the protocol does not know
    """
    required = set(required)
    if missing := required - body.keys():
        raise Unacceptable(f"missing: {', '.join(sorted(missing))}")
    if unknown := body.keys() - required - set(optional):
        raise Unacceptable(f"unknown: {', '.join(sorted(unknown))}")


def texts(body: dict[str, Any], *names: str) -> None:
    """
    :raises Unacceptable: one of these fields is there and is not text
    """
    for name in names:
        if name in body and not isinstance(body[name], str):
            raise Unacceptable(f"{name} is not text")


def number(body: dict[str, Any], name: str) -> Decimal:
    """Return a JSON number; text and true are none.

    :raises Unacceptable: the field is not a number
    """
    value = body[name]
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Unacceptable(f"{name} is not a number")
    return Decimal(value)


def decimals(value: Decimal, places: int, name: str) -> Decimal:
    """
    :raises Unacceptable: the number is finer than so many decimal places
    """
    if value != round(value, places):
        raise Unacceptable(f"{name} has more than {places} decimal place(s)")
    return value


def shortest(value: Decimal) -> str:
    """Return `12.5` for 12.50 and `10` for 10.0."""
    return f"{value.normalize():f}"


def _no_number(word: str) -> Decimal:
    raise ValueError(word)
