"""Seals of the books: as append-only as the books."""

import django.db.models.deletion
from django.db import migrations, models


APPEND_ONLY = """
CREATE TRIGGER seal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_seal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER sealed_posting_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_sealedposting
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0002_balanced_and_append_only'),
    ]

    operations = [
        migrations.CreateModel(
            name='Seal',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('first_position', models.BigIntegerField(unique=True)),
                ('last_position', models.BigIntegerField(unique=True)),
                ('complete_to', models.BigIntegerField()),
                ('previous_hash', models.BinaryField(unique=True)),
                ('hash', models.BinaryField(unique=True)),
                ('sealed_at', models.DateTimeField()),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='SealedPosting',
            fields=[
                ('position', models.BigIntegerField(primary_key=True, serialize=False)),
                ('parts', models.SmallIntegerField()),
                ('hash', models.BinaryField()),
                ('posting', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='sealed', to='ledger.posting')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.RunSQL(APPEND_ONLY, migrations.RunSQL.noop),
    ]
