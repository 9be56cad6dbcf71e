"""Calin's vending server for stand-alone keypad meters: one token per call, paid in kWh."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, ClassVar

import requests

from common.words import _
from plugins.calin_meter.forms import CalinMeterSettings
from plugins.contracts import IssuedToken, TokenRequest
from plugins.errors import Misconfigured, OutcomeUnknown, PluginError, Rejected, Unavailable
from plugins.registry import register
from plugins.sts import StsManufacturer, sts_token
from plugins.wire import is_about_account, json_number, json_object

RESULT_CODE = re.compile(r"-?[0-9]{1,9}")
JSON = {"Content-Type": "application/json;charset=utf-8"}

# A request that was turned away at the door bought nothing.
HTTP_REFUSALS: dict[int, tuple[type[PluginError], str]] = {
    401: (Misconfigured, "Calin's server does not let us in."),
    403: (Misconfigured, "Calin's server does not let us in."),
    404: (Misconfigured, "There is no Calin vending server at the API address."),
    429: (Unavailable, "Calin's server asks us to slow down."),
}


@register
class CalinMeter(StsManufacturer):
    """Neither form of the call has an order number: the same order sent twice buys twice."""

    slug = "calin_meter"
    label = "Calin keypad meters"
    description = _("Tokens for Calin's stand-alone prepaid meters, bought by kWh.")
    needs = _("the user ID and API key of your account.")
    settings_form = CalinMeterSettings
    serial_help = _("The 11 digits on the meter.")
    settle_seconds = 300
    redacted: ClassVar = frozenset({"password", "ciphertext"})

    def check(self) -> str:
        # The server knows no call that proves the key and cannot buy: only its door is tried.
        self.http.get(self.settings["api_url"])
        return str(
            _("Calin's server answers. Only the first token will prove the user ID and key.")
        )

    def issue_token(self, request: TokenRequest) -> IssuedToken:
        self.require_on_grid(request.quantity)
        path, order = (
            self._signed(request) if self.settings.get("signed_form") else self._keyed(request)
        )
        response = self.http.post(f"{self.settings['api_url']}/{path}", json=order, headers=JSON)
        return IssuedToken(_token(response), quantity=request.quantity, unit=request.unit)

    def _keyed(self, request: TokenRequest) -> tuple[str, dict[str, Any]]:
        return "tokennew", {
            "user_id": self.settings["user_id"],
            "password": self.settings["api_key"],
            "meter_id": request.serial,
            "token_type": "CreditToken",
            "amount": json_number(request.quantity),
        }

    def _signed(self, request: TokenRequest) -> tuple[str, dict[str, Any]]:
        by_reference = self.settings.get("serial_id_source") == "reference"
        order = {
            "serial_id": request.reference if by_reference else request.serial,
            "user_id": self.settings["user_id"],
            "meter_id": request.serial,
            "token_type": "CreditToken",
            "amount": json_number(request.quantity),
            "timestamp": int(request.requested_at.timestamp()),
        }
        return "token", order | {"ciphertext": signature(order, self.settings["api_key"])}


def signature(order: Mapping[str, Any], api_key: str) -> str:
    """Return Calin's proof of the key: all values and the key, run together, as MD5."""
    clear = "".join(str(value) for value in order.values()) + api_key
    return hashlib.md5(clear.encode(), usedforsecurity=False).hexdigest()


def _token(response: requests.Response) -> str:
    answer = _understood(response)
    _require_success(answer)
    token = sts_token(answer.get("result"))
    if not token:
        raise OutcomeUnknown("Calin says that the token was issued, but sent none of 20 digits.")
    return token


def _understood(response: requests.Response) -> dict[str, Any]:
    status = response.status_code
    if 400 <= status < 500:
        error, reason = HTTP_REFUSALS.get(
            status, (Rejected, f"Calin's server refused the order with HTTP {status}.")
        )
        raise error(reason, code=str(status))
    if status >= 300:
        raise OutcomeUnknown(f"Calin's server answered with HTTP {status}.", code=str(status))
    return json_object(response, vendor="Calin")


def _require_success(answer: Mapping[str, Any]) -> None:
    # The code comes as 0, "0", "00" or "02": read it as a number, never compare texts.
    code = str(answer.get("result_code")).strip()
    if not RESULT_CODE.fullmatch(code):
        raise OutcomeUnknown("Calin's answer carries no result code that we understand.")
    reason = str(answer.get("reason") or "no reason given")
    match int(code):
        case 0:
            return
        case 2:
            raise Misconfigured(f"Calin does not accept the user ID and key: {reason}", code=code)
        case 3:
            raise Rejected(f"Calin does not know this meter: {reason}", code=code)
        case _:
            error = Misconfigured if is_about_account(reason) else Rejected
            raise error(f"Calin refused: {reason}", code=code)
