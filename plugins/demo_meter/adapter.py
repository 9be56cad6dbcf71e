"""A manufacturer without a vendor: pretend meters whose tokens are computed here."""

import hashlib
import hmac

from common.words import _
from plugins.contracts import Capability, Idempotency, IssuedToken, TokenRequest
from plugins.demo_meter.forms import DemoMeterSettings
from plugins.registry import register
from plugins.sts import StsManufacturer

DIGITS = 20


@register
class DemoMeter(StsManufacturer):
    """Always answers, and always the same to the same order, so nothing is ever in doubt."""

    slug = "demo_meter"
    label = "Demo meter"
    description = _("Pretend meters for trying things out. The tokens open nothing.")
    needs = _("any words of your own.")
    is_pretend = True
    settings_form = DemoMeterSettings
    capabilities = frozenset({Capability.UNLOCK, Capability.CLEAR_CREDIT})
    idempotency = Idempotency.LOCAL
    serial_help = _("Anything you like.")

    @classmethod
    def check_serial(cls, serial: str) -> str:
        return super(StsManufacturer, cls).check_serial(serial)  # no vendor, so any number will do

    def check(self) -> str:
        return str(_("Nothing to connect to: tokens are made here."))

    def issue_token(self, request: TokenRequest) -> IssuedToken:
        self.require_on_grid(request.quantity)
        token = self._token("credit", request)
        return IssuedToken(token, quantity=request.quantity, unit=request.unit)

    def unlock(self, request: TokenRequest) -> IssuedToken:
        return IssuedToken(self._token("unlock", request))

    def clear_credit(self, request: TokenRequest) -> IssuedToken:
        return IssuedToken(self._token("clear", request))

    def _token(self, purpose: str, request: TokenRequest) -> str:
        order = "|".join(
            (purpose, request.reference, request.serial, f"{request.quantity.normalize():f}")
        )
        proof = hmac.new(self.settings["seed"].encode(), order.encode(), hashlib.sha256).digest()
        return str(int.from_bytes(proof) % 10**DIGITS).zfill(DIGITS)
