"""What a company enters to receive Airtel Money."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from common.words import _
from plugins.forms import AddressListField, ApiUrlField, PluginSettingsForm, SecretField

DIGITS = RegexValidator(r"^[0-9]+$", _("Write digits only."))
CALLING_CODE = RegexValidator(
    r"^[1-9][0-9]{0,2}$", _("Write one to three digits without a plus, like 255 for Tanzania.")
)
COUNTRY = RegexValidator(r"^[A-Z]{2}$", _("Write the two capital letters, like TZ."))
CURRENCY = RegexValidator(r"^[A-Z]{3}$", _("Write the three capital letters, like TZS."))


class AirtelSettings(PluginSettingsForm):
    """Three ways to tell Airtel from a stranger. Each can be switched; at least one must be on.

    Where no switch is given at all, whatever is filled in is checked.
    """

    needed: ClassVar = {
        "check_jwt": ("jwt_secret",),
        "check_ip": ("allowed_ips",),
        "check_password": ("username", "password"),
    }
    for_refunds: ClassVar = ("client_id", "client_secret", "country", "currency")

    check_jwt = forms.BooleanField(
        label=_("Check the access token"),
        help_text=_(
            "Airtel signs every call with the secret below (JWT, HS512). If you tick none of the"
            " three checks, each one that you fill in is made."
        ),
        required=False,
    )
    jwt_secret = SecretField(
        label=_("JWT secret"),
        help_text=_("As agreed with Airtel. Use 64 characters or more."),
        required=False,
        min_length=32,
    )
    jwt_sub = forms.CharField(
        label=_("Company number in the token"),
        help_text=_("The claim “sub”. Leave empty to accept any."),
        required=False,
        max_length=100,
    )
    check_ip = forms.BooleanField(
        label=_("Check the sender's address"),
        help_text=_("Only the addresses below may call. Advisable beside the token."),
        required=False,
    )
    allowed_ips = AddressListField(
        label=_("Airtel's addresses"),
        help_text=_("As given by Airtel, one per line, like 192.0.2.10 or 192.0.2.0/24."),
        required=False,
    )
    check_password = forms.BooleanField(
        label=_("Check the user name and password"),
        help_text=_("Airtel sends both inside every validation and payment."),
        required=False,
    )
    username = forms.CharField(label=_("User name"), required=False, max_length=100)
    password = SecretField(label=_("Password"), required=False)
    merchant_msisdn = forms.CharField(
        label=_("Merchant number"),
        help_text=_("Your biller number at Airtel. When set, payments to another are refused."),
        required=False,
        max_length=20,
        validators=[DIGITS],
    )
    country_code = forms.CharField(
        label=_("Country code of phone numbers"),
        help_text=_("Airtel leaves it out. 255 for Tanzania; empty for the company's country."),
        required=False,
        validators=[CALLING_CODE],
    )
    currency = forms.CharField(
        label=_("Currency"),
        help_text=_("When set, payments that name another currency are refused."),
        required=False,
        validators=[CURRENCY],
    )
    client_id = forms.CharField(
        label=_("Client ID for refunds"),
        help_text=_(
            "Of your application in Airtel's developer portal (Open API). With it refunds of whole"
            " payments go back by themselves; without, you send them back by hand."
        ),
        required=False,
        max_length=200,
    )
    client_secret = SecretField(label=_("Client secret for refunds"), required=False)
    country = forms.CharField(
        label=_("Country for refunds"),
        help_text=_("Two capital letters, like TZ."),
        required=False,
        validators=[COUNTRY],
    )
    api_url = ApiUrlField(
        label=_("Address of the Open API"),
        help_text=_("Airtel's test system has “openapiuat” in place of “openapi”."),
        default="https://openapi.airtel.africa",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not any(self.add_prefix(switch) in self.data for switch in self.needed):
            for switch, names in self.needed.items():
                cleaned[switch] = any(self.has_value(name) for name in names)
        switched_on = [switch for switch in self.needed if cleaned.get(switch)]
        if not switched_on:
            raise ValidationError(
                _(
                    "Switch on at least one check: access token, sender's address, or user name and"
                    " password. Without one, anybody could report a payment."
                ),
                code="no_check",
            )
        for switch in switched_on:
            self._require(switch, self.needed[switch])
        self._require_account_for_refunds()
        return cleaned

    def _require_account_for_refunds(self) -> None:
        """Ask for all of it as soon as there is the client ID or its secret."""
        if not (self.has_value("client_id") or self.cleaned_data.get("client_secret")):
            return
        for name in self.for_refunds:
            if name not in self.errors and not self.has_value(name):
                message = _("“%(field)s” is needed for refunds.")
                facts = {"field": self.fields[name].label}
                self.add_error(name, ValidationError(message, code="needed", params=facts))

    def _require(self, switch: str, names: tuple[str, ...]) -> None:
        for name in names:
            if name in self.errors or self.has_value(name):
                continue
            message = _("“%(field)s” is needed for “%(check)s”. Fill it in or untick the check.")
            facts = {"field": self.fields[name].label, "check": self.fields[switch].label}
            self.add_error(name, ValidationError(message, code="needed", params=facts))
