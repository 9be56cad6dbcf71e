"""A maker whose call carries our order number and honours it."""

from typing import Any

import requests

from common.words import _
from plugins.contracts import Idempotency, IssuedToken, TokenRequest
from plugins.errors import OutcomeUnknown, Rejected, Unavailable
from plugins.forms import ApiUrlField, PluginSettingsForm
from plugins.sts import StsManufacturer, sts_token
from plugins.wire import json_number, json_object


class KeyedSettings(PluginSettingsForm):
    """The address is all that there is."""

    api_url = ApiUrlField(label=_("API address"), default="http://127.0.0.1")


class KeyedManufacturer(StsManufacturer):
    """Repeating an order under its number buys nothing twice."""

    description = _("A maker of the fault simulator.")
    settings_form = KeyedSettings
    idempotency = Idempotency.KEY
    settle_seconds = 300

    def issue_token(self, request: TokenRequest) -> IssuedToken:
        self.require_on_grid(request.quantity)
        order = {
            "reference": request.reference,
            "device": request.serial,
            "quantity": json_number(request.quantity),
        }
        answer = _understood(self.http.post(f"{self.settings['api_url']}/tokens", json=order))
        token = sts_token(answer.get("token"))
        if not token:
            raise OutcomeUnknown("The maker said yes and sent no token of 20 digits.")
        return IssuedToken(token, quantity=request.quantity, unit=request.unit)


def _understood(response: requests.Response) -> dict[str, Any]:
    status = response.status_code
    if status == 429:
        raise Unavailable("The maker asks us to slow down.", code="429")
    if 400 <= status < 500:
        raise Rejected(f"The maker refused with HTTP {status}.", code=str(status))
    if status >= 300:
        raise OutcomeUnknown(f"The maker answered with HTTP {status}.", code=str(status))
    return json_object(response, vendor="The maker")
