"""The application's role works with everything and rewrites nothing, connected as in production."""

import contextlib
import json
import os
import subprocess
import sys
import uuid

import psycopg2
import pytest
from django.core.checks import Tags, run_checks
from django.db import DatabaseError, connection, transaction
from django.test import override_settings
from psycopg2 import errors, sql

from accounts.audit import audit
from accounts.chain import seal_audit_log
from accounts.models import User
from common import append_only
from ledger.chain import seal_books
from ledger.models import Posting
from ledger.selectors import trial_balance
from messaging.models import Message
from mpm.database import OWNER_COMMANDS, needs_owner
from mpm.embedded.given import PROJECT
from payments import books
from payments.models import Payment
from tenants import roles, sweeping, tidying
from tenants.models import DueWork
from tenants.scope import in_company
from tests.conftest import PASSWORD, client_for, company_of_its_own, make_user
from tests.line import airtel_xml, work_all

APPEND_ONLY = sorted(model._meta.db_table for model in append_only.models())


@contextlib.contextmanager
def connected_as(role: roles.Role):
    """Everything Django does on this thread happens as this role, in a session of its own."""
    owner, schema = dict(connection.settings_dict), connection.schema_name
    connection.close()
    connection.settings_dict.update(USER=role.name, PASSWORD=role.password)
    try:
        connection.set_schema(schema)
        yield
    finally:
        connection.close()
        connection.settings_dict.update(USER=owner["USER"], PASSWORD=owner["PASSWORD"])
        connection.set_schema(schema)


@pytest.fixture(scope="module")
def role(django_db_setup, django_db_blocker):
    """A role that exists nowhere yet; gone afterwards with all its rights."""
    made = roles.Role(f"app_{uuid.uuid4().hex[:8]}", "p'a\"ss%word")
    with django_db_blocker.unblock():
        roles.ensure(made)
    yield made
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        name = sql.Identifier(made.name)
        cursor.execute(sql.SQL("DROP OWNED BY {}").format(name))
        cursor.execute(sql.SQL("DROP ROLE {}").format(name))


@pytest.fixture(scope="module")
def company(django_db_setup, django_db_blocker, role):
    """The small world in a company of its own, for all tests of this file: to make one takes seconds."""
    with django_db_blocker.unblock(), company_of_its_own() as world:
        world.amina = make_user(User.Role.OWNER, "Amina Said", "amina@own.example")
        world.host = f"{world.company.slug}.localhost"
        for schema in ("public", world.company.slug):
            roles.grant(schema, to=role.name)
        yield world


@pytest.fixture
def application(company, role, django_db_blocker):
    """That company, with Django connected as the application's role."""
    with django_db_blocker.unblock(), in_company(company.company.slug), connected_as(role):
        yield company


def pay(world, reference, amount="5000"):
    return client_for(None, world.host).post(
        f"/webhooks/airtel/{world.airtel.webhook_key}/process",
        airtel_xml(reference=reference, amount=amount),
        content_type="application/xml",
    )


def test_a_payment_becomes_a_token(application):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user = session_user, current_user LIKE 'app_%'")
        assert cursor.fetchone() == (True, True)

    assert b"<STATUS>200</STATUS>" in pay(application, "ROLE1").content
    work_all()

    payment = Payment.objects.get(reference="ROLE1")
    assert payment.state == Payment.State.SETTLED
    assert Message.objects.filter(source_id=payment.pk, purpose="token", state="delivered").exists()
    assert trial_balance()["energy_revenue"] < 0
    assert books.violations() == []


def test_the_work_of_the_sweeper_is_done(application):
    company, slug = application.company, application.company.slug
    pay(application, "ROLE2")
    work_all()
    audit(actor=None, action="test.done")

    for kind in DueWork.Kind:
        DueWork.objects.get_or_create(
            company=company, kind=kind, defaults={"due_at": "2026-01-01T00:00Z"}
        )
        sweeping.run(schema=slug, kind=kind)
    tidying.run(schema=slug)

    assert Posting.objects.filter(sealed__isnull=True).count() == 0
    assert not DueWork.objects.filter(company=company, kind=DueWork.Kind.LINE).exists()


def test_people_log_in_and_look(application):
    browser = client_for(None, application.host)

    entered = browser.post(
        "/account/login/", {"login": application.amina.email, "password": PASSWORD}
    )
    pages = [
        browser.get(page).status_code
        for page in ("/", "/payments/", "/books/", "/inbox/", "/settings/running/")
    ]

    assert entered.status_code == 302
    assert pages == [200] * 5


REFUSED = [
    "UPDATE {table} SET {key} = {key}",
    "DELETE FROM {table}",
    "TRUNCATE {table} CASCADE",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} ADD COLUMN x int",
    "CREATE OR REPLACE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change()",
    "DROP TABLE {table} CASCADE",
]


@pytest.fixture
def written(application):
    pay(application, "ROLE3")
    work_all()
    audit(actor=application.amina, action="test.done")
    seal_books()
    seal_audit_log()
    return application


def test_the_books_cannot_be_rewritten_whatever_is_tried(written):
    keys = {m._meta.db_table: m._meta.pk.column for m in append_only.models()}
    tried = [(way, table) for way in REFUSED for table in APPEND_ONLY]

    for way, table in tried:
        refusal = refused(way.format(table=table, key=keys[table]))
        assert isinstance(refusal, errors.InsufficientPrivilege), f"{way} {table}: {refusal}"


@pytest.mark.parametrize(
    "statement",
    [
        "SET session_replication_role = replica",
        "DROP TRIGGER posting_append_only ON ledger_posting",
        "ALTER TRIGGER posting_append_only ON ledger_posting RENAME TO x",
        "CREATE OR REPLACE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RETURN NULL; END'",
        "DROP FUNCTION ledger_refuse_change() CASCADE",
        "SELECT setval('ledger_posting_id_seq', 1)",
        "SET ROLE {owner}",
        "ALTER ROLE current_user SUPERUSER",
        "CREATE TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "DROP SCHEMA {schema} CASCADE",
        "INSERT INTO public.django_migrations (app, name, applied) VALUES ('x', 'x', now())",
        "UPDATE pg_class SET relowner = 10",
    ],
)
def test_nor_the_rules_that_keep_them(application, statement):
    owner, _ = owner_of_the_server()
    text = statement.format(owner=owner, schema=application.company.slug)

    assert isinstance(refused(text), (errors.InsufficientPrivilege, errors.DuplicateFunction))


def refused(statement):
    """What the database says to a statement that it must not do."""
    with pytest.raises(DatabaseError) as caught, connection.cursor() as cursor:
        cursor.execute(statement)
    return caught.value.__cause__


def test_a_role_that_owns_the_tables_is_refused(public):
    owner, _ = owner_of_the_server()

    with pytest.raises(roles.RoleNotUsable, match=owner):
        roles.ensure(roles.Role(owner, ""))


@pytest.mark.parametrize(
    "more",
    [
        "ALTER ROLE {role} CREATEROLE",
        "ALTER TABLE {schema}.ledger_entry OWNER TO {role}",
        "ALTER SCHEMA {schema} OWNER TO {role}",
        "ALTER ROLE {role} SUPERUSER",
    ],
)
def test_so_is_a_role_with_any_other_way_around(company, role, django_db_blocker, more):
    names = {"role": sql.Identifier(role.name), "schema": sql.Identifier(company.company.slug)}
    with django_db_blocker.unblock(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.SQL(more).format(**names))
        with pytest.raises(roles.RoleNotUsable, match=role.name):
            roles.ensure(role)
        transaction.set_rollback(True)


def test_granting_twice_changes_nothing(application, role):
    def rights():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname, relacl::text FROM pg_class WHERE relnamespace = %s::regnamespace ORDER BY 1",
                [application.company.slug],
            )
            return cursor.fetchall()

    before = rights()
    with connected_as(roles.Role(*owner_of_the_server())):
        roles.ensure(role)
        roles.grant(application.company.slug, to=role.name)

    assert rights() == before


def owner_of_the_server():
    login = os.environ["DATABASE_URL"].partition("//")[2].partition("@")[0]
    name, _, password = login.partition(":")
    return name, password


def test_the_check_warns_of_an_application_that_could_rewrite_the_books(application):
    def found():
        tags, databases = [Tags.database], ["default"]
        checks = run_checks(tags=tags, include_deployment_checks=True, databases=databases)
        return [each.id for each in checks if each.id.startswith("mpm")]

    assert found() == []
    with connected_as(roles.Role(*owner_of_the_server())):
        assert found() == ["mpm.W005"]


@override_settings(DATABASE_OWNER_URL="")
def test_without_an_owner_one_role_does_everything():
    assert roles.application_role() is None


@pytest.mark.parametrize("command", sorted(OWNER_COMMANDS))
def test_commands_that_make_tables_are_the_owner_s(command):
    assert needs_owner(["manage.py", command, "--json"])


@pytest.mark.parametrize("line", [["manage.py"], ["manage.py", "verify_books"], ["celery", "-A"]])
def test_everything_else_is_not(line):
    assert not needs_owner(line)


def test_a_new_company_is_ready_for_the_application(public_committed, role):
    """``create_company`` makes the schema as the owner and grants; the application then finds its rights."""
    login, where = os.environ["DATABASE_URL"].rpartition("/")[0].split("@")
    place = f"{where}/{connection.settings_dict['NAME']}"
    environment = {
        **os.environ,
        "DATABASE_OWNER_URL": f"{login}@{place}",
        "DATABASE_URL": f"postgres://{role.name}:p%27a%22ss%25word@{place}",
        "OWNER_PASSWORD": PASSWORD,
        "LOG_LEVEL": "WARNING",
    }
    made = manage(
        environment, "create_company", "--name", "Zed", "--slug", "zed", "--country", "TZ", "--currency", "TZS",
        "--timezone", "UTC", "--owner-email", "a@zed.example", "--owner-password-env", "OWNER_PASSWORD",
    )  # fmt: skip
    said = manage(environment, "grant_roles", "--json")

    assert made.returncode == 0, made.stderr[-2000:]
    assert "zed" in json.loads(said.stdout)["schemas"]
    with (
        contextlib.closing(
            psycopg2.connect(
                host=connection.settings_dict["HOST"],
                port=connection.settings_dict["PORT"],
                dbname=connection.settings_dict["NAME"],
                user=role.name,
                password=role.password,
            )
        ) as session,
        session.cursor() as cursor,
    ):
        cursor.execute("SELECT count(*) FROM zed.accounts_user")
        assert cursor.fetchone() == (1,)
        with pytest.raises(errors.InsufficientPrivilege):
            cursor.execute("DELETE FROM zed.accounts_auditentry")


def manage(environment, *arguments):
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
