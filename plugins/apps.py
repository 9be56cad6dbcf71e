from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register


class PluginsConfig(AppConfig):
    name = "plugins"

    def ready(self) -> None:
        register(adapters_load)


def adapters_load(**_: object) -> list[CheckMessage]:
    """A broken adapter breaks ``manage.py check``, not a customer's payment."""
    from plugins import registry

    try:
        registry.load()
    except Exception as error:  # noqa: BLE001 - whatever an adapter does at import becomes a message
        return [Error(f"An adapter cannot be loaded: {error!r}", id="plugins.E001")]
    return []
