"""The same refusals for less, and none may add entries to a posting of an earlier transaction."""

from pathlib import Path

from django.db import migrations

HERE = Path(__file__).parent
BACK = """
DROP TRIGGER posting_balances ON ledger_posting;
DROP TRIGGER entries_fit ON ledger_entry;
DROP FUNCTION ledger_must_balance();
DROP FUNCTION ledger_entries_must_fit();
"""


def before() -> str:
    """Return the part of migration 0002 that makes the checks."""
    made = (HERE / "0002_balanced_and_append_only.sql").read_text()
    return made.partition("CREATE FUNCTION ledger_refuse_change")[0]


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_refund_withdrawn")]
    operations = [
        migrations.RunSQL((HERE / "0006_cheaper_checks.sql").read_text(), BACK + before())
    ]
