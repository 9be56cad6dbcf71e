"""Run once in a database of its own: a company whose vendors are the sandbox at the given address.

    python -m tests.processes.prepare http://127.0.0.1:8010

Prints the addresses of its webhooks as JSON.
"""

import json
import sys
import urllib.request

import django
from django.core.management import call_command

METERS_OF_A_MAKER = 80
KEYPAD, SMART = "4700011", "4800011"


def serial(maker: str, number: int) -> str:
    """Return the serial of the n-th meter of a maker."""
    return f"{KEYPAD if maker == 'calin_meter' else SMART}{number:04d}"


def main(sandbox: str) -> None:
    django.setup()
    from django.db import connection

    from tenants.models import DueWork
    from tenants.scope import in_company
    from tests.conftest import make_company, make_world

    call_command("migrate_schemas", shared=True, verbosity=0)
    make_company("jua", "Jua Power")
    with in_company("jua"):
        world = make_world(manufacturer="calin_meter")
        world.maker.delete()
        keys = _connect(sandbox)
        _add_meters(world)
    connection.set_schema_to_public()
    assert not DueWork.objects.exists()
    print(json.dumps(keys))


def _connect(sandbox: str) -> dict[str, str]:
    from plugins.models import Connection
    from plugins.services import connect_plugin

    with urllib.request.urlopen(f"{sandbox}/credentials.json") as answer:
        credentials = json.load(answer)
    for slug in ("calin_meter", "calin_smart_meter", "vodacom_tz", "africastalking"):
        connect_plugin(slug=slug, data=credentials[slug], actor=None)
    return dict(Connection.objects.values_list("plugin", "webhook_key"))


def _add_meters(world) -> None:
    from devices.models import Device

    world.meter.delete()
    Device.objects.bulk_create(
        Device(
            kind=Device.Kind.METER,
            manufacturer=maker,
            serial=serial(maker, number),
            customer=world.neema,
            village=world.village,
            tariff=world.tariff,
            assigned_at=world.meter.assigned_at,
        )
        for maker in ("calin_meter", "calin_smart_meter")
        for number in range(METERS_OF_A_MAKER)
    )


if __name__ == "__main__":
    main(sys.argv[1])
