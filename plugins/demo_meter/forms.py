"""What a company enters to try things out with pretend meters."""

from common.words import _
from plugins.forms import PluginSettingsForm, SecretField


class DemoMeterSettings(PluginSettingsForm):
    seed = SecretField(
        label=_("Seed"),
        help_text=_("Any words. The same seed and the same order always make the same token."),
    )
