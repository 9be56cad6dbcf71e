"""Calin's head-end for smart meters: tokens by kWh, a history of purchases, clearing, look-ups."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import requests

from common.words import _
from plugins.calin_smart_meter.forms import CalinSmartMeterSettings
from plugins.calin_smart_meter.history import decimal_or_none, purchases
from plugins.contracts import Capability, DeviceFacts, FoundToken, IssuedToken, TokenRequest
from plugins.errors import Misconfigured, OutcomeUnknown, PluginError, Rejected, Unavailable
from plugins.registry import register
from plugins.sts import StsManufacturer, sts_token
from plugins.wire import is_about_account, json_number, json_object

RESULT_CODE = re.compile(r"-?[0-9]{1,9}")
NO_METER = "00000000000"

# A request that was turned away at the door bought nothing.
HTTP_REFUSALS: dict[int, type[PluginError]] = {
    401: Misconfigured,
    403: Misconfigured,
    404: Misconfigured,
    429: Unavailable,
}


@register
class CalinSmartMeter(StsManufacturer):
    """The purchase has no order number: doubt is settled by the history of the meter."""

    slug = "calin_smart_meter"
    label = "Calin smart meters"
    description = _("Tokens for meters of Calin's head-end, bought by kWh; can clear a meter.")
    needs = _("company name, user name and the two passwords of your account.")
    settings_form = CalinSmartMeterSettings
    capabilities = frozenset(
        {Capability.FIND_TOKENS, Capability.CLEAR_CREDIT, Capability.LOOK_UP_DEVICE}
    )
    serial_help = _("The 11 digits on the meter.")
    settle_seconds = 300
    redacted: ClassVar = frozenset({"password", "password_vend"})

    def check(self) -> str:
        serial = self.settings.get("check_serial")
        if not serial:
            self._preview(NO_METER)
            return str(_("Calin accepts the log-in. The vending password is proven by a purchase."))
        if not self.look_up_device(serial).is_known:
            raise Misconfigured(f"Calin accepts the log-in, but does not know the meter {serial}.")
        return str(_("Calin accepts the log-in and knows the meter."))

    def issue_token(self, request: TokenRequest) -> IssuedToken:
        self.require_on_grid(request.quantity)
        order = {
            **self._login(),
            "password_vend": self.settings["password_vend"],
            "meter_number": request.serial,
            "is_vend_by_unit": True,
            "amount": json_number(request.quantity),
        }
        result = _result_of_order(self._post("POS_Purchase/", order))
        token = _token(result)
        _require_quantity(result, request, token)
        return IssuedToken(token, quantity=request.quantity, unit=request.unit)

    def clear_credit(self, request: TokenRequest) -> IssuedToken:
        order = {**self._maintenance_login(), "meter_number": request.serial}
        return IssuedToken(_token(_result_of_order(self._post("Maintenance_ClearCredit/", order))))

    def look_up_device(self, serial: str) -> DeviceFacts:
        customer = self._preview(serial)
        names = ("customer_number", "customer_name", "customer_addr")
        words = [str(customer[name]).strip() for name in names if customer.get(name)]
        words = [word for word in words if word]
        return DeviceFacts(is_known=bool(words), description=", ".join(words))

    def find_tokens(self, request: TokenRequest) -> Sequence[FoundToken]:
        question = {**self._login(), "meter_number": request.serial}
        response = self._post("POS_PurchaseHistory", question, repeatable=True)
        answer = _succeeded(response, unreadable=Unavailable)
        return purchases(answer.get("result", ""), request, self.settings.get("time_zone", ""))

    def _preview(self, serial: str) -> Mapping[str, Any]:
        """Return what Calin says of a meter; nothing when it does not know it."""
        question = {
            **self._login(),
            "meter_number": serial,
            "is_vend_by_unit": True,
            "amount": 0,
        }
        response = self._post("POS_Preview", question, repeatable=True)
        result = _succeeded(response, unreadable=Unavailable).get("result")
        return result if isinstance(result, dict) else {}

    def _login(self) -> dict[str, str]:
        names = ("company_name", "user_name", "password")
        return {name: self.settings[name] for name in names}

    def _maintenance_login(self) -> dict[str, str]:
        login = self._login()
        if self.settings.get("maintenance_user_name"):
            login["user_name"] = self.settings["maintenance_user_name"]
            login["password"] = self.settings["maintenance_password"]
        return login

    def _post(
        self, path: str, body: Mapping[str, Any], *, repeatable: bool = False
    ) -> requests.Response:
        return self.http.post(
            f"{self.settings['api_url']}/{path}", json=body, repeatable=repeatable
        )


def _succeeded(response: requests.Response, *, unreadable: type[PluginError]) -> dict[str, Any]:
    """Return an answer that says yes.

    :param unreadable: what an answer means that says neither yes nor no
    :raises Rejected, Misconfigured: it says no
    """
    status = response.status_code
    if 400 <= status < 500:
        raise HTTP_REFUSALS.get(status, Rejected)(_turned_away(response), code=str(status))
    if status >= 300:
        raise unreadable(f"Calin's server answered with HTTP {status}.", code=str(status))
    answer = json_object(response, vendor="Calin", error=unreadable)
    code = str(answer.get("result_code")).strip()
    if not RESULT_CODE.fullmatch(code):
        raise unreadable("Calin's answer carries no result code that we understand.")
    if int(code) != 0:
        reason = str(answer.get("reason") or "no reason given")
        # Calin has one code for all refusals: only its words tell them apart.
        error = Misconfigured if is_about_account(reason) else Rejected
        raise error(f"Calin refused: {reason}", code=code)
    return answer


def _turned_away(response: requests.Response) -> str:
    try:
        said = response.json()["Message"]
    except (ValueError, LookupError, TypeError):
        said = ""
    return f"Calin's server refused with HTTP {response.status_code}. {said}"


def _result_of_order(response: requests.Response) -> Any:
    answer = _succeeded(response, unreadable=OutcomeUnknown)
    # "Success" with an explicit nothing is how Calin says that there is no such meter.
    if answer.get("result", "") is None:
        raise Rejected("Calin does not know this meter.")
    return answer.get("result")


def _token(result: Any) -> str:
    # A purchase answers with an object, clearing with the bare digits.
    token = sts_token(result.get("token") if isinstance(result, dict) else result)
    if not token:
        raise OutcomeUnknown("Calin says that the token was issued, but sent none of 20 digits.")
    return token


def _require_quantity(result: Any, request: TokenRequest, token: str) -> None:
    """:raises OutcomeUnknown: the token carries another quantity, which a person must look at"""
    bought = decimal_or_none(result.get("total_unit")) if isinstance(result, dict) else None
    if bought is not None and bought != request.quantity:
        raise OutcomeUnknown(
            f"Calin sold {bought} kWh instead of {request.quantity} kWh with the token {token}."
        )
