"""Seals of the audit log: as append-only as the log."""

import django.db.models.deletion
from django.db import migrations, models


APPEND_ONLY = """
CREATE TRIGGER seal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON accounts_auditseal
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER sealed_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON accounts_sealedauditentry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_append_only_audit'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditSeal',
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
            name='SealedAuditEntry',
            fields=[
                ('position', models.BigIntegerField(primary_key=True, serialize=False)),
                ('parts', models.SmallIntegerField()),
                ('hash', models.BinaryField()),
                ('entry', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='sealed', to='accounts.auditentry')),
            ],
            options={
                'verbose_name_plural': 'sealed audit entries',
            },
        ),
        migrations.RunSQL(APPEND_ONLY, migrations.RunSQL.noop),
    ]
