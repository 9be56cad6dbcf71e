"""What a company enters to sell energy on meters of Calin's head-end."""

import zoneinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from common.words import _
from plugins.forms import ApiUrlField, PluginSettingsForm, SecretField

HALF_A_LOG_IN = _("The maintenance log-in needs a user name and a password.")


class CalinSmartMeterSettings(PluginSettingsForm):
    company_name = forms.CharField(label=_("Company name"), max_length=100)
    user_name = forms.CharField(label=_("User name"), max_length=100)
    password = SecretField(label=_("Password"))
    password_vend = SecretField(
        label=_("Vending password"),
        help_text=_("The second password, which allows to buy."),
    )
    api_url = ApiUrlField(
        label=_("API address"),
        help_text=_(
            "Some companies have https://prepayment.calinhost.com/api or a server of their own."
        ),
        default="https://ami.calinhost.com/api",
    )
    maintenance_user_name = forms.CharField(
        label=_("User name for maintenance"),
        help_text=_("Only if clearing a meter needs a log-in of its own."),
        required=False,
        max_length=100,
    )
    maintenance_password = SecretField(label=_("Password for maintenance"), required=False)
    check_serial = forms.CharField(
        label=_("Meter for checking the connection"),
        help_text=_("A serial number of yours. Without it, the check asks for a meter of zeros."),
        required=False,
        max_length=50,
    )
    time_zone = forms.CharField(
        label=_("Time zone of Calin's clock"),
        help_text=_(
            "Such as Africa/Dar_es_Salaam. It helps to find a purchase whose answer was lost. "
            "Leave empty if you do not know it."
        ),
        required=False,
        max_length=50,
    )

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"]
        if name and name not in zoneinfo.available_timezones():
            raise ValidationError(_("This is not the name of a time zone."))
        return name

    def clean(self) -> dict[str, Any]:
        has_name = self.has_value("maintenance_user_name")
        if has_name and not self.has_value("maintenance_password"):
            self.add_error("maintenance_password", HALF_A_LOG_IN)
        # A stored password without a name is one that is no longer used.
        if self.cleaned_data.get("maintenance_password") and not has_name:
            self.add_error("maintenance_user_name", HALF_A_LOG_IN)
        return self.cleaned_data
