"""The check of new entries takes as long for a large company as for a small one."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_cheaper_checks")]
    operations = [
        migrations.RunSQL(
            (HERE / "0007_one_posting_at_a_time.sql").read_text(), migrations.RunSQL.noop
        )
    ]
