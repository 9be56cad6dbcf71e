"""What a company enters to credit SunKing's solar home systems."""

from django import forms

from common.words import _
from plugins.forms import ApiUrlField, PluginSettingsForm, SecretField


class SunKingSettings(PluginSettingsForm):
    client_id = forms.CharField(label=_("Client ID"), max_length=200)
    client_secret = SecretField(label=_("Client secret"))
    auth_url = ApiUrlField(
        label=_("Log-in address"),
        help_text=_("The full address. SunKing's test system has “glp-dev” in place of “glp”."),
        default=("https://auth.central.glpapps.com/auth/realms/glp/protocol/openid-connect/token"),
    )
    api_url = ApiUrlField(
        label=_("API address"),
        default="https://assetcontrol.central.glpapps.com/v2",
    )
