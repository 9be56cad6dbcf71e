"""What is written stays: the database refuses every way to change it, whoever asks."""

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from accounts.audit import audit
from common.append_only import models as append_only_models
from ledger.chain import seal_books
from tests.ledger.test_sealing import write

TABLES = [
    "accounts_auditentry",
    "accounts_auditseal",
    "accounts_sealedauditentry",
    "ledger_entry",
    "ledger_posting",
    "ledger_seal",
    "ledger_sealedposting",
]
# A column that exists everywhere stands for all: the triggers are told of statements, not of columns.
KEY = {
    "ledger_seal": "number",
    "accounts_auditseal": "number",
    "ledger_sealedposting": "position",
    "accounts_sealedauditentry": "position",
}
WAYS = [
    "UPDATE {table} SET {key} = {key}",
    "UPDATE ONLY {table} SET {key} = {key} WHERE false",
    "DELETE FROM {table}",
    "TRUNCATE {table} CASCADE",
    "MERGE INTO {table} USING (SELECT 1) one ON true WHEN MATCHED THEN DELETE",
    "MERGE INTO {table} USING (SELECT 1) one ON true WHEN MATCHED THEN UPDATE SET {key} = {key}",
    "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT ({key}) DO UPDATE SET {key} = EXCLUDED.{key}",
    "WITH gone AS (DELETE FROM {table} RETURNING 1) SELECT count(*) FROM gone",
]


@pytest.fixture
def written(amina):
    from accounts.chain import seal_audit_log

    write(2)
    audit(actor=amina, action="test.done")
    seal_books()
    seal_audit_log()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def refused(sql):
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("way", WAYS)
def test_nothing_written_can_be_changed(written, table, way):
    refused(way.format(table=table, key=KEY.get(table, "id")))


@pytest.mark.parametrize("above", ["accounts_user", "ledger_posting", "django_content_type"])
def test_emptying_a_table_above_empties_nothing_written(written, above):
    """TRUNCATE … CASCADE follows foreign keys downwards, and asks the tables there."""
    tables = ", ".join([above, "accounts_user"])

    refused(f"TRUNCATE {tables} CASCADE")


def test_the_models_say_it_and_the_database_holds_it(jua):
    assert sorted(model._meta.db_table for model in append_only_models()) == TABLES
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid"
            " JOIN pg_proc p ON p.oid = tgfoid WHERE c.relnamespace = 'jua'::regnamespace"
            " AND proname IN ('ledger_refuse_change', 'audit_refuse_change')"
            # before a statement, on DELETE, UPDATE and TRUNCATE
            " AND tgtype = 2 + 8 + 16 + 32 AND tgenabled = 'O' ORDER BY relname"
        )
        assert [row[0] for row in cursor.fetchall()] == TABLES


def test_no_key_of_a_written_row_is_removed_with_what_it_points_to(jua):
    """No foreign key to or from these tables cascades in the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'f' AND confdeltype NOT IN ('a', 'r')"
            " AND connamespace = 'jua'::regnamespace AND conrelid::regclass::text = ANY(%s)",
            [[f"jua.{table}" for table in TABLES] + TABLES],
        )
        assert cursor.fetchall() == []


def test_each_append_only_model_is_known_to_django(jua):
    assert set(append_only_models()) <= set(apps.get_models())
