"""Airtel's Open API: a log-in, and sending a payment back. The one thing in which we call Airtel."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import requests

from plugins.contracts import Memory, RefundAnswer
from plugins.errors import Misconfigured, OutcomeUnknown, Rejected, Unavailable
from plugins.http import ProviderSession
from plugins.wire import json_object

BEARER = "openapi_bearer"
RENEW_EARLY = dt.timedelta(seconds=30)
LONGEST_BEARER_SECONDS = 24 * 3600
FIELDS = ("client_id", "client_secret", "country", "currency")
GONE = frozenset({"SUCCESS", "TS", "TR"})
# Codes that say for certain that nothing was moved; every other one is doubt.
REFUSED = frozenset(
    {f"DP0080000{code}" for code in (1002, 1003, 1004, 1005, 1007, 1008, 1009, 1010, 1025, 1026)}
    | {f"ESB0000{code}" for code in (11, 33, 34, 35, 36, 39, 45)}
)
OUR_ACCOUNT = frozenset(
    {f"ROUTER{code}" for code in ("001", "003", "005", "006", "007", "112", "119")}
)


class OpenApi:
    """One company's account, with the bearer kept in the connection's memory."""

    def __init__(
        self, settings: Mapping[str, Any], *, http: ProviderSession, memory: Memory
    ) -> None:
        self.settings, self.http, self.memory = settings, http, memory

    def log_in(self) -> None:
        """:raises PluginError: Airtel does not let us in"""
        self.memory.drop(BEARER)
        self._bearer()

    def refund(self, airtel_money_id: str) -> RefundAnswer:
        """Send a payment back to its payer, whole.

        :raises PluginError: refused, not sent, or in doubt
        """
        response = self._send(airtel_money_id)
        if response.status_code == 401:
            # A refused bearer did nothing, so this one repeat is safe.
            self.memory.drop(BEARER)
            response = self._send(airtel_money_id)
        return _read_refund(response)

    def _send(self, airtel_money_id: str) -> requests.Response:
        return self.http.post(
            f"{self.settings['api_url']}/standard/v1/payments/refund",
            json={"transaction": {"airtel_money_id": airtel_money_id}},
            headers={
                "Accept": "*/*",
                "Authorization": f"Bearer {self._bearer()}",
                "X-Country": self.settings["country"],
                "X-Currency": self.settings["currency"],
            },
        )

    def _bearer(self) -> str:
        kept = self.memory.get(BEARER)
        if kept:
            return kept
        response = self.http.post(
            f"{self.settings['api_url']}/auth/oauth2/token",
            json={
                "client_id": self.settings["client_id"],
                "client_secret": self.settings["client_secret"],
                "grant_type": "client_credentials",
            },
            headers={"Accept": "*/*"},
            repeatable=True,
        )
        bearer, lifetime = _logged_in(response)
        self.memory.put(BEARER, bearer, expires_at=dt.datetime.now(dt.UTC) + lifetime - RENEW_EARLY)
        return bearer


def _logged_in(response: requests.Response) -> tuple[str, dt.timedelta]:
    """Return the bearer and how long it holds.

    :raises Misconfigured: Airtel does not know the client, or the secret is another
    :raises Unavailable: no answer that can be read; nothing was asked yet
    """
    status = response.status_code
    if status in {400, 401, 403, 404}:
        raise Misconfigured("Airtel's Open API does not let us log in.", code=str(status))
    if status != 200:
        raise Unavailable(f"Airtel's log-in answered with HTTP {status}.", code=str(status))
    answer = json_object(response, vendor="Airtel's log-in", error=Unavailable)
    bearer = answer.get("access_token")
    if not (isinstance(bearer, str) and bearer.isascii() and bearer.isprintable() and bearer):
        raise Unavailable("Airtel's log-in answered without an access token.")
    return bearer, dt.timedelta(seconds=_seconds(answer.get("expires_in")))


def _seconds(value: Any) -> int:
    """Return a lifetime that comes as text or number; 0, which caches nothing, if unreadable."""
    text = str(value).strip()
    return min(int(text), LONGEST_BEARER_SECONDS) if text.isascii() and text.isdigit() else 0


def _read_refund(response: requests.Response) -> RefundAnswer:
    """Return Airtel's yes. Only what certainly says no is a no; the rest is doubt."""
    http = str(response.status_code)
    if response.status_code == 429:
        raise Unavailable("Airtel asks us to slow down.", code=http)
    if response.status_code in {401, 403}:
        raise Misconfigured("Airtel's Open API does not allow us to refund.", code=http)
    answer = json_object(response, vendor="Airtel")
    transaction = _part(_part(answer, "data"), "transaction")
    status = _part(answer, "status")
    codes = {str(status.get(name) or "") for name in ("response_code", "result_code")}
    words = str(status.get("message") or transaction.get("message") or "no reason given")[:200]
    if str(transaction.get("status") or "").upper() in GONE and not codes & REFUSED:
        return RefundAnswer(receipt=str(transaction.get("airtel_money_id") or "")[:64])
    code = next(iter(sorted(codes & (REFUSED | OUR_ACCOUNT))), "")
    if code in OUR_ACCOUNT:
        raise Misconfigured(f"Airtel refused our account: {words}", code=code)
    if code:
        raise Rejected(f"Airtel refused the refund: {words}", code=code)
    raise OutcomeUnknown(f"Airtel did not say clearly whether it went: {words}", code=http)


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, dict) else {}
