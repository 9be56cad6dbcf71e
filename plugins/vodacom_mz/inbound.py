"""The bodies of incoming calls, in both forms that are in circulation, and our answers to them."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from plugins.contracts import Answer
from plugins.errors import Rejected

MAX_BODY_BYTES = 64 * 1024
LOWEST_AMOUNT, HIGHEST_AMOUNT = 1, 5_000_000  # MZN
PREFIX = "VOD-TXN-"

SERIAL = re.compile(r"[^\s\x00-\x1f]{1,64}")
REFERENCE = re.compile(r"[A-Za-z0-9-]{5,36}")  # up to a UUID
PHONE = re.compile(r"\+?258[0-9]{9}")
TRANSACTION_ID = re.compile(rf"{PREFIX}[A-Za-z0-9-]{{6,20}}")
MAX_DIGITS = 30
PLAIN_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


class WrongFields(Rejected):
    """Fields are missing or malformed; ``errors`` maps each to its complaints."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__(next(iter(errors.values()))[0], code="422")
        self.errors = errors


class Fields:
    """Takes fields out of one body and collects what is wrong with them.

    :raises Rejected: the body is not a JSON object
    """

    def __init__(self, body: bytes) -> None:
        self.values = _parse(body)
        self.errors: dict[str, list[str]] = {}

    def text(self, *names: str, shape: re.Pattern[str], is_required: bool = True) -> str:
        """Return the first of these fields that is there, as text of this shape."""
        name = self._present(*names)
        value = self.values.get(name, "")
        if value in ("", None):
            if is_required:
                self._complain(name, "is required")
            return ""
        if not isinstance(value, str) or not shape.fullmatch(value):
            self._complain(name, "is invalid")
            return ""
        return value

    def amount(self, name: str) -> str:
        """Return an amount as it was written, with all its decimals."""
        written = _written(self.values.get(name))
        if written is None:
            self._complain(name, "must be a number")
        elif not LOWEST_AMOUNT <= written <= HIGHEST_AMOUNT:
            self._complain(name, f"must be between {LOWEST_AMOUNT} and {HIGHEST_AMOUNT}")
        else:
            return format(written, "f")
        return ""

    def require_sound(self) -> None:
        """:raises WrongFields: something was wrong with what was taken"""
        if self.errors:
            raise WrongFields(self.errors)

    def _present(self, *names: str) -> str:
        return next((name for name in names if name in self.values), names[0])

    def _complain(self, name: str, complaint: str) -> None:
        self.errors.setdefault(name, []).append(f"The {name} field {complaint}.")


def _parse(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BODY_BYTES:
        raise Rejected("The body is longer than 64 KiB.", code="400")
    try:
        # Decimals keep what was written; NaN and Infinity are no numbers here.
        values = json.loads(body, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
    except (ValueError, InvalidOperation, RecursionError) as error:
        raise Rejected("The body is not readable JSON.", code="400") from error
    if not isinstance(values, dict):
        raise Rejected("The body is not a JSON object.", code="400")
    return values


def _no_number(text: str) -> None:
    raise ValueError(text)


def _written(value: Any) -> Decimal | None:
    if isinstance(value, str) and len(value) <= MAX_DIGITS and PLAIN_NUMBER.fullmatch(value):
        return Decimal(value)
    if isinstance(value, Decimal) and len(value.as_tuple().digits) <= MAX_DIGITS:
        return value
    return None


# --- our number of a payment, as Vodacom carries it ---


def transaction_id(our_id: str) -> str:
    """Return ``VOD-TXN-000123`` for our number 123."""
    return f"{PREFIX}{our_id.zfill(6)}"


def our_id(transaction_id: str) -> str:
    """Return our number of a transaction id: the zeros in front are padding."""
    return transaction_id.removeprefix(PREFIX).lstrip("0") or "0"


# --- answers ---


def reply(data: Mapping[str, Any], status: int = 200) -> Answer:
    return _json({"data": data}, status)


def refusal(message: str, status: int) -> Answer:
    return reply({"message": message, "success": False}, status)


def wrong_fields(problem: WrongFields) -> Answer:
    return _json({"message": problem.reason, "errors": problem.errors}, 422)


def _json(content: Mapping[str, Any], status: int) -> Answer:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Answer(body.encode(), "application/json", status)
