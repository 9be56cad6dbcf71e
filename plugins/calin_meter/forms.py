"""What a company enters to sell energy on Calin's keypad meters."""

from django import forms

from common.words import _
from plugins.forms import ApiUrlField, PluginSettingsForm, SecretField


class CalinMeterSettings(PluginSettingsForm):
    user_id = forms.CharField(
        label=_("User ID"),
        help_text=_("Your account on Calin's vending server."),
        max_length=100,
    )
    api_key = SecretField(label=_("API key"))
    api_url = ApiUrlField(
        label=_("API address"),
        help_text=_("Use https if your server offers it: plain http shows the key on its way."),
        default="http://api.calinhost.com/api",
    )
    signed_form = forms.BooleanField(
        label=_("Signed orders"),
        help_text=_(
            "Only for accounts on Calin's older server, which takes a signature, not a key."
        ),
        required=False,
    )
    serial_id_source = forms.TypedChoiceField(
        label=_("Meter ID in signed orders"),
        help_text=_("What Calin's older server is told as our own ID of the meter."),
        choices=[("serial", _("Serial number")), ("reference", _("Number of the order"))],
        initial="serial",
        empty_value="serial",
        required=False,
    )
