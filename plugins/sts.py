"""What keypad meters after the STS standard have in common, whoever makes them."""

import re
from decimal import Decimal
from typing import Any

from common.words import _
from plugins.contracts import DeviceKind, Manufacturer, Unit
from plugins.errors import Rejected

TOKEN = re.compile(r"[0-9]{20}")
SERIAL = re.compile(r"[0-9]{11}")
GROUP = 4


class StsManufacturer(Manufacturer):
    """A maker whose tokens are 20 digits for 0.1 kWh and more; customers read groups of four."""

    device_kinds = frozenset({DeviceKind.METER})
    unit = Unit.KWH
    resolution = Decimal("0.1")

    @classmethod
    def check_serial(cls, serial: str) -> str:
        digits = re.sub(r"[\s-]", "", serial)
        if not SERIAL.fullmatch(digits):
            reason = _("A meter of this make has 11 digits; “%(serial)s” has not.")
            raise Rejected(str(reason) % {"serial": serial.strip()[:40]})
        return digits

    @classmethod
    def display_token(cls, token: str) -> str:
        return " ".join(token[i : i + GROUP] for i in range(0, len(token), GROUP))

    @classmethod
    def check_token(cls, token: str) -> str:
        digits = sts_token(token)
        if not digits:
            reason = _("A token of this meter has 20 digits; “%(token)s” has not.")
            raise Rejected(str(reason) % {"token": token.strip()[:40]})
        return digits


def sts_token(value: Any) -> str:
    """Return the 20 digits of a token written with or without blanks, or nothing if it is none."""
    digits = re.sub(r"[\s-]", "", value) if isinstance(value, str) else ""
    return digits if TOKEN.fullmatch(digits) else ""
