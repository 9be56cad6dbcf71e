"""What nobody looks at any more is deleted; what may still be needed stays."""

import datetime as dt
import uuid

from django.db import connection
from django.utils import timezone

from messaging.models import EarlyReport
from payments.models import OneTimeKey
from plugins.models import Exchange
from tenants import tasks, tidying


def old(row, field, days):
    type(row).objects.filter(pk=row.pk).update(**{field: timezone.now() - dt.timedelta(days=days)})
    return row


def exchange(world, days):
    row = Exchange.objects.create(
        connection=world.maker, direction="out", operation="credit", method="POST", url="x"
    )
    return old(row, "at", days)


def report(world, days):
    row = EarlyReport.objects.create(connection=world.console, gateway_id="G", state="delivered")
    return old(row, "at", days)


def key(_, days):
    return old(OneTimeKey.objects.create(key=uuid.uuid4()), "used_at", days)


def test_old_exchanges_reports_and_keys_are_forgotten(world):
    gone = [exchange(world, 91), report(world, 8), key(world, 8)]
    kept = [exchange(world, 89), report(world, 6), key(world, 6)]

    found = tidying.run(schema="jua")

    assert {each: found[each] for each in ("exchanges", "early reports", "form keys")} == {
        "exchanges": 1,
        "early reports": 1,
        "form keys": 1,
    }
    assert not any(type(row).objects.filter(pk=row.pk).exists() for row in gone)
    assert all(type(row).objects.filter(pk=row.pk).exists() for row in kept)


def test_the_ages_are_settings(world, settings):
    settings.KEEP_EXCHANGES = dt.timedelta(days=10)
    exchange(world, 11)

    assert tidying.run(schema="jua")["exchanges"] == 1


def test_many_rows_go_in_batches(world, monkeypatch):
    monkeypatch.setattr(tidying, "BATCH", 2)
    for _ in range(5):
        exchange(world, 100)

    assert tidying.run(schema="jua")["exchanges"] == 5


def test_every_active_company_is_asked_once(jua, taa, monkeypatch):
    rung = []
    monkeypatch.setattr(tasks, "ring", lambda task, **kwargs: rung.append((task.name, kwargs)))
    taa.is_active = False
    connection.set_schema_to_public()
    taa.save(update_fields=["is_active"])

    tasks.tidy()

    assert rung == [("tenants.tasks.tidy_company", {"schema": "jua"})]
