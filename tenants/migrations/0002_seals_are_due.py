"""Every company's books are sealed from now on."""

from django.db import migrations, models


EXISTING = """
INSERT INTO tenants_duework (company_id, kind, due_at)
SELECT id, 'seals', now() FROM tenants_company WHERE schema_name <> 'public'
ON CONFLICT (company_id, kind) DO NOTHING;
"""
NONE = "DELETE FROM tenants_duework WHERE kind = 'seals';"


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='duework',
            name='kind',
            field=models.CharField(choices=[('line', 'Payments, tokens and messages'), ('access_fees', 'Access fees'), ('seals', 'Seals of the books')], max_length=20),
        ),
        migrations.RunSQL(EXISTING, NONE),
    ]
