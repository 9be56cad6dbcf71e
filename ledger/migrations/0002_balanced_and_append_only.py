"""The database refuses a posting that does not add up, and any change of the books."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [
        migrations.RunSQL(
            (HERE / "0002_balanced_and_append_only.sql").read_text(),
            "DROP FUNCTION ledger_must_balance() CASCADE;"
            "DROP FUNCTION ledger_entry_must_balance() CASCADE;"
            "DROP FUNCTION ledger_refuse_change() CASCADE;",
        )
    ]
