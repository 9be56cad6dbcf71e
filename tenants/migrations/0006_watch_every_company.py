from django.db import migrations
from django.db.models.functions import Now


def watch_every_company(apps, schema_editor):
    """Companies that stand already get what new ones are made with: somebody who looks after them."""
    company, due_work = apps.get_model("tenants", "Company"), apps.get_model("tenants", "DueWork")
    due_work.objects.bulk_create(
        (
            due_work(company_id=pk, kind="watch", due_at=Now())
            for pk in company.objects.exclude(schema_name="public").values_list("pk", flat=True)
        ),
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0005_job_records'),
    ]

    operations = [migrations.RunPython(watch_every_company, migrations.RunPython.noop)]
