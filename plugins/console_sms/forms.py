"""Nothing to enter: messages stay in this system."""

from plugins.forms import PluginSettingsForm


class ConsoleSmsSettings(PluginSettingsForm):
    pass
