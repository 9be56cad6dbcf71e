"""What a company enters for M-Pesa in Mozambique: incoming calls, pushes, or both."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from common.words import _
from plugins.forms import AddressListField, PluginSettingsForm, SecretField
from plugins.vodacom_mz import openapi

NO_WORDS = frozenset({"", "0", "n", "no", "off", "false"})
PUSH_FIELDS = ("api_key", "public_key", "service_provider_code")


class Switch(forms.CheckboxInput):
    """A check box that also understands a written no: real money hangs on ``live``."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        if str(data.get(name, "")).strip().lower() in NO_WORDS:
            return False
        return super().value_from_datadict(data, files, name)


class VodacomMozambiqueSettings(PluginSettingsForm):
    inbound_key = SecretField(
        label=_("Key for incoming calls"),
        help_text=_("A long random text of your own. Hand it to Vodacom with the addresses below."),
        required=False,
        min_length=8,
    )
    allowed_ips = AddressListField(
        label=_("Addresses of Vodacom"),
        help_text=_("Incoming calls from other addresses are refused. Empty: any address."),
        required=False,
    )
    api_key = SecretField(
        label=_("API key"),
        help_text=_("From Vodacom's portal, to ask phones for money."),
        required=False,
    )
    public_key = forms.CharField(
        label=_("Public key"),
        help_text=_("From Vodacom's portal, one long line."),
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        required=False,
    )
    service_provider_code = forms.CharField(
        label=_("Service provider code"), max_length=20, required=False
    )
    live = forms.BooleanField(
        label=_("Live"),
        help_text=_("Off: Vodacom's test system. Vodacom approves before it can be switched on."),
        widget=Switch,
        required=False,
    )
    api_url = forms.URLField(
        label=_("Another API address"),
        help_text=_("Empty: Vodacom's own. Without a port in it, Vodacom's ports are added to it."),
        assume_scheme="https",
        required=False,
    )
    origin = forms.CharField(
        label=_("Origin"),
        help_text=_("As entered with Vodacom for this application; * when nothing was."),
        initial="*",
        max_length=200,
        required=False,
    )

    def clean_public_key(self) -> str:
        text: str = self.cleaned_data["public_key"]
        try:
            if text:
                openapi.read_public_key(text)
        except ValueError:
            raise ValidationError(
                _("This is not an RSA public key as the portal shows it.")
            ) from None
        return text

    def clean_origin(self) -> str:
        return self.cleaned_data["origin"] or "*"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        given = [name for name in PUSH_FIELDS if self.has_value(name)]
        missing = [name for name in PUSH_FIELDS if name not in given and name not in self.errors]
        # A key that is kept without being shown must not make the other two compulsory.
        if any(cleaned.get(name) for name in PUSH_FIELDS):
            for name in missing:
                self.add_error(name, _("Needed together with the other fields of the API."))
        if not self.errors and not self.has_value("inbound_key") and missing:
            self.add_error("inbound_key", _("Enter this key, or the API key, or both."))
        return cleaned
