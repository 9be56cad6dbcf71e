"""What a company enters to send SMS through Africa's Talking."""

from django import forms

from common.words import _
from plugins.forms import ApiUrlField, PluginSettingsForm, SecretField


class AfricasTalkingSettings(PluginSettingsForm):
    username = forms.CharField(
        label=_("User name"),
        help_text=_("The application's user name; “sandbox” for the vendor's own test system."),
        max_length=100,
    )
    api_key = SecretField(label=_("API key"))
    sender_id = forms.CharField(
        label=_("Sender ID or short code"),
        help_text=_("As registered with Africa's Talking. Leave empty to use their shared sender."),
        required=False,
        max_length=20,
    )
    api_url = ApiUrlField(label=_("API address"), default="https://api.africastalking.com")
