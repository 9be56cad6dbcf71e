"""Does the manufacturer know this number? Asked by a worker, never inside a web request.

The answer is kept in the cache only: losing it costs a click.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from django.core.cache import cache
from django.db import connection as database
from django.utils import timezone

from common.queue import after_commit
from devices.models import Device
from plugins import services as plugin_services
from plugins.contracts import Manufacturer
from plugins.errors import PluginError
from plugins.models import Connection
from plugins.registry import UnknownPlugin

KEEP_SECONDS = 24 * 3600
PATIENCE = dt.timedelta(minutes=3)  # longer than any maker's deadline


class State(StrEnum):
    ASKED = "asked"
    KNOWN = "known"
    UNKNOWN = "unknown"
    FAILED = "failed"  # no answer, or our account with the maker is refused


@dataclass(frozen=True, slots=True)
class SerialCheck:
    state: State
    text: str
    at: dt.datetime

    @property
    def is_waiting(self) -> bool:
        """Whether an answer may still come."""
        return self.state == State.ASKED and timezone.now() - self.at < PATIENCE


def ask_check(device_id: int) -> None:
    """Have a worker ask the manufacturer; ``latest_check`` tells what came of it."""
    from devices import tasks

    _keep(device_id, State.ASKED, "")
    after_commit(tasks.check_serial, schema=database.schema_name, device_id=device_id)  # type: ignore[attr-defined]


def latest_check(device_id: int) -> SerialCheck | None:
    """Return the last check of the last day, if there was one."""
    kept = cache.get(_key(device_id))
    return SerialCheck(State(kept[0]), kept[1], kept[2]) if kept else None


def check(device_id: int) -> SerialCheck:
    """Ask the manufacturer now and keep what it says. Called by a worker, outside a transaction."""
    device = Device.objects.get(pk=device_id)
    connection = Connection.objects.filter(plugin=device.manufacturer, is_on=True).first()
    if connection is None:
        return _keep(device_id, State.FAILED, "The manufacturer's plug-in is not switched on.")
    try:
        with plugin_services.calling(
            connection,
            Manufacturer,
            operation="look_up_device",
            source="device",
            source_id=device_id,
        ) as adapter:
            facts = adapter.look_up_device(device.serial)
    except PluginError as error:
        return _keep(device_id, State.FAILED, error.reason)
    except KeyError as missing:
        return _keep(device_id, State.FAILED, f"The connection's settings lack {missing}.")
    except UnknownPlugin:
        return _keep(device_id, State.FAILED, "The manufacturer's plug-in is no longer installed.")
    return _keep(device_id, State.KNOWN if facts.is_known else State.UNKNOWN, facts.description)


def give_up(device_id: int) -> SerialCheck:
    """Note that asking failed in a way that nobody foresaw, so that nobody waits for an answer."""
    return _keep(device_id, State.FAILED, "Asking failed in our program; your technician sees why.")


def _keep(device_id: int, state: State, text: str) -> SerialCheck:
    now = timezone.now()
    cache.set(_key(device_id), (str(state), text, now), KEEP_SECONDS)
    return SerialCheck(state, text, now)


def _key(device_id: int) -> str:
    return f"serial-check-{device_id}"
