"""Whoever has a device now has had it since it was given out."""

from django.db import migrations

AT_ONCE = 1000


def note_holdings(apps, schema_editor):
    Device = apps.get_model("devices", "Device")
    Holding = apps.get_model("devices", "Holding")
    given = Device.objects.filter(customer__isnull=False, holdings__isnull=True).order_by("pk")
    rows = given.values_list("pk", "customer_id", "village_id", "assigned_at")
    holdings = [
        Holding(device_id=pk, customer_id=customer, village_id=village, began_at=at)
        for pk, customer, village, at in rows.iterator(chunk_size=AT_ONCE)
    ]
    Holding.objects.bulk_create(holdings, batch_size=AT_ONCE)


class Migration(migrations.Migration):
    dependencies = [("devices", "0003_holdings_and_meter_types")]

    operations = [migrations.RunPython(note_holdings, migrations.RunPython.noop)]
