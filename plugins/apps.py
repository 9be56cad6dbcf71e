from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

if TYPE_CHECKING:
    from tenants.models import Company


class PluginsConfig(AppConfig):
    name = "plugins"

    def ready(self) -> None:
        from tenants import tidying

        register(adapters_load)
        tidying.register("exchanges", _forget_exchanges)


def adapters_load(**_: object) -> list[CheckMessage]:
    """A broken adapter breaks ``manage.py check``, not a customer's payment."""
    from plugins import registry

    try:
        registry.load()
    except Exception as error:  # noqa: BLE001 - whatever an adapter does at import becomes a message
        return [Error(f"An adapter cannot be loaded: {error!r}", id="plugins.E001")]
    return []


def _forget_exchanges(_: "Company") -> int:
    from django.conf import settings

    from common.clock import database_now
    from plugins.services import forget_old_exchanges

    return forget_old_exchanges(before=database_now() - settings.KEEP_EXCHANGES)
