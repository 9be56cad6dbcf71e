"""SunKing's "assetcontrol": codes that add days to a solar home system, or unlock it for good."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import quote

import requests

from common.words import _
from plugins.contracts import (
    Capability,
    DeviceFacts,
    DeviceKind,
    IssuedToken,
    Manufacturer,
    TokenRequest,
    Unit,
)
from plugins.errors import Misconfigured, OutcomeUnknown, PluginError, Rejected, Unavailable
from plugins.registry import register
from plugins.sunking.forms import SunKingSettings
from plugins.wire import json_object

BEARER = "access_token"
RENEW_EARLY = dt.timedelta(seconds=30)
LONGEST_BEARER_SECONDS = 24 * 3600
LONGEST_CODE = 64


@register
class SunKing(Manufacturer):
    """The call has no order number: the same order sent twice must be presumed to add twice."""

    slug = "sunking"
    label = "SunKing"
    description = _("Codes for SunKing's solar home systems, by days; can unlock for good.")
    needs = _("client ID and client secret.")
    settings_form = SunKingSettings
    capabilities = frozenset({Capability.UNLOCK, Capability.LOOK_UP_DEVICE})
    device_kinds = frozenset({DeviceKind.SHS})
    unit = Unit.DAY
    resolution = Decimal(1)
    serial_help = _("The number on the unit, usually 9 digits.")
    settle_seconds = 300
    redacted: ClassVar = frozenset({"access_token", "client_secret"})

    def check(self) -> str:
        self.memory.drop(BEARER)
        self._bearer()
        return str(_("SunKing accepts the client ID and secret."))

    def issue_token(self, request: TokenRequest) -> IssuedToken:
        self.require_on_grid(request.quantity)
        order = {
            "device": request.serial,
            "command": "add_credit",
            "payload": int(request.quantity),
            "time_unit": "day",
        }
        return IssuedToken(self._code(order), quantity=request.quantity, unit=request.unit)

    def unlock(self, request: TokenRequest) -> IssuedToken:
        return IssuedToken(self._code({"device": request.serial, "command": "unlock"}))

    def look_up_device(self, serial: str) -> DeviceFacts:
        with self._bearer_lost_on_failure():
            response = self._call("GET", f"device_details/{quote(serial, safe='')}")
            if response.status_code == 404:
                return DeviceFacts(is_known=False)
            _require_done(response, unreadable=Unavailable)
            answer = json_object(response, vendor="SunKing", error=Unavailable)
        inner = answer.get("device")
        device = inner if isinstance(inner, dict) else answer
        return DeviceFacts(is_known=True, description=str(device.get("name") or ""))

    def _code(self, order: dict[str, Any]) -> str:
        with self._bearer_lost_on_failure():
            response = self._call("POST", "token", json=order)
            _require_done(response, unreadable=OutcomeUnknown)
            return _usable_code(json_object(response, vendor="SunKing").get("token"))

    def _call(self, method: str, path: str, **parts: Any) -> requests.Response:
        """Send one request with a bearer, and once more with a new one if the first is refused."""
        response = self._send(method, path, **parts)
        if response.status_code == 401:
            # A refused bearer did nothing, so this one repeat is safe.
            self.memory.drop(BEARER)
            response = self._send(method, path, **parts)
        if response.status_code == 401:
            raise Misconfigured("SunKing's API refuses even a new log-in.", code="401")
        return response

    @contextlib.contextmanager
    def _bearer_lost_on_failure(self) -> Iterator[None]:
        """Let the call after a failure log in anew."""
        try:
            yield
        except PluginError:
            self.memory.drop(BEARER)
            raise

    def _send(self, method: str, path: str, **parts: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._bearer()}", "Accept": "application/json"}
        return self.http.request(
            method, f"{self.settings['api_url']}/{path}", headers=headers, **parts
        )

    def _bearer(self) -> str:
        kept = self.memory.get(BEARER)
        if kept:
            return kept
        response = self.http.post(
            self.settings["auth_url"],
            data={
                "grant_type": "client_credentials",
                "client_id": self.settings["client_id"],
                "client_secret": self.settings["client_secret"],
                "scope": "roles",
            },
            headers={"Accept": "application/json"},
            repeatable=True,
        )
        bearer, lifetime = _logged_in(response)
        self.memory.put(BEARER, bearer, expires_at=dt.datetime.now(dt.UTC) + lifetime - RENEW_EARLY)
        return bearer


def _logged_in(response: requests.Response) -> tuple[str, dt.timedelta]:
    """Return the bearer and how long it holds.

    :raises Misconfigured: SunKing does not know the client, or the secret is another
    :raises Unavailable: no answer that can be read; nothing was ordered yet
    """
    status = response.status_code
    if status in {400, 401, 403, 404}:
        reason = _said(response, "error_description", "error")
        raise Misconfigured(f"SunKing does not let us log in. {reason}", code=str(status))
    if status != 200:
        raise Unavailable(f"SunKing's log-in answered with HTTP {status}.", code=str(status))
    answer = json_object(response, vendor="SunKing's log-in", error=Unavailable)
    bearer = answer.get("access_token")
    if not (isinstance(bearer, str) and bearer.isascii() and bearer.isprintable() and bearer):
        raise Unavailable("SunKing's log-in answered without an access token.")
    return bearer, dt.timedelta(seconds=_seconds(answer.get("expires_in")))


def _seconds(value: Any) -> int:
    """Return a lifetime that may come as number or text; 0, which caches nothing, if unreadable."""
    text = str(value).strip()
    return min(int(text), LONGEST_BEARER_SECONDS) if text.isascii() and text.isdigit() else 0


def _usable_code(code: Any) -> str:
    """Return the code verbatim: nobody has written down what it consists of."""
    if not (isinstance(code, str) and code.strip() and code.isprintable()):
        raise OutcomeUnknown("SunKing says that the code was made, but sent none.")
    if len(code) > LONGEST_CODE:
        raise OutcomeUnknown("SunKing sent something too long to be a code.")
    return code


def _require_done(response: requests.Response, *, unreadable: type[PluginError]) -> None:
    """:raises PluginError: sorted by the status, unless it is a success"""
    status = response.status_code
    said = _said(response, "message")
    if status == 429:
        raise Unavailable("SunKing asks us to slow down.", code="429")
    if status == 403:
        raise Misconfigured(f"SunKing does not allow this account to do that. {said}", code="403")
    if status == 404 and not said:
        raise Misconfigured("There is no SunKing API at the API address.", code="404")
    if 400 <= status < 500:
        raise Rejected(f"SunKing refused: {said or 'no reason given'}", code=str(status))
    if status >= 300:
        raise unreadable(f"SunKing answered with HTTP {status}.", code=str(status))


def _said(response: requests.Response, *names: str) -> str:
    try:
        answer = response.json()
    except ValueError:
        return ""
    told = [answer.get(name) for name in names] if isinstance(answer, dict) else []
    return next((str(word) for word in told if word), "")
