"""For tests of what is committed: a schema cannot be dropped inside the transaction that made it."""

import pytest
from django.db import connection

from tenants.models import Company


@pytest.fixture
def public_committed(django_db_setup, django_db_blocker):
    """The public schema, without a transaction around the test; the company ``zed`` is gone afterwards."""
    with django_db_blocker.unblock():
        connection.set_schema_to_public()
        yield
        connection.set_schema_to_public()
        Company.objects.filter(schema_name="zed").delete()
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA IF EXISTS zed CASCADE")
