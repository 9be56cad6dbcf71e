"""Two roles in the database: one owns the tables, the other works with them.

Web server and workers connect as a role that owns nothing. It may read and add everywhere, change and delete
where rows may change, and not switch off a trigger. So a hole in the application cannot rewrite the books.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from psycopg2 import sql

from common import append_only
from common.errors import DomainError
from common.words import _
from tenants.models import Company

# The application reads which migrations ran, and never writes it.
READ_ONLY = {"django_migrations"}


class RoleNotUsable(DomainError):
    message = _(
        "The role “%(name)s” of DATABASE_URL owns tables, may make roles or is a superuser: name a role of its own"
        " there."
    )


@dataclass(frozen=True, slots=True)
class Role:
    """Whom web server and workers connect as."""

    name: str
    password: str


def application_role() -> Role | None:
    """Return the role of DATABASE_URL, or None where one role does everything (no DATABASE_OWNER_URL)."""
    address = settings.DATABASE_APPLICATION if settings.DATABASE_OWNER_URL else None
    return Role(address["USER"], address["PASSWORD"]) if address else None


# Who owns a table can switch its triggers off, who owns its schema can drop it, and who may make roles can, before
# PostgreSQL 16, join the one that does.
_CAN_REWRITE = """
SELECT rolsuper OR rolcreaterole OR EXISTS (
    SELECT FROM pg_class AS relation JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
    WHERE relation.relkind IN ('r', 'p') AND schema.nspname !~ '^(pg_|information_schema$)'
        AND (pg_has_role(rolname, relation.relowner, 'MEMBER') OR pg_has_role(rolname, schema.nspowner, 'MEMBER'))
)
FROM pg_roles WHERE rolname = coalesce(%s, current_user)
"""


def can_rewrite(role: str | None = None) -> bool:
    """Return whether a role (default: who is connected) could get past the triggers of the open database."""
    with connection.cursor() as cursor:
        cursor.execute(_CAN_REWRITE, [role])
        (answer,) = cursor.fetchone()
    return bool(answer)


def ensure(role: Role) -> None:
    """Make the role if there is none. An existing one keeps its password.

    :raises RoleNotUsable: it owns tables, may make roles, is a superuser, or may become one that does
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role.name])
        if cursor.fetchone() is None:
            cursor.execute(
                sql.SQL(
                    "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD {}"
                ).format(sql.Identifier(role.name), sql.Literal(role.password))
            )
    if can_rewrite(role.name):
        raise RoleNotUsable(name=role.name)


@transaction.atomic
def grant(schema: str, *, to: str) -> None:
    """Give the role what it may do in a schema, and no more. Repeating it changes nothing."""
    names = {"schema": sql.Identifier(schema), "role": sql.Identifier(to)}
    with connection.cursor() as cursor:
        for statement in (
            "GRANT USAGE ON SCHEMA {schema} TO {role}",
            "REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
        ):
            cursor.execute(sql.SQL(statement).format(**names))
        for table in _tables(schema):
            what = sql.SQL("INSERT, UPDATE, DELETE" if table in READ_ONLY else "UPDATE, DELETE")
            cursor.execute(
                sql.SQL("REVOKE {} ON {} FROM {}").format(
                    what, sql.Identifier(schema, table), names["role"]
                )
            )


def _tables(schema: str) -> list[str]:
    """Return the tables of a schema in which the application may not change what is there."""
    kept = READ_ONLY | {model._meta.db_table for model in append_only.models()}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename = ANY(%s)",
            [schema, sorted(kept)],
        )
        return [table for (table,) in cursor.fetchall()]


def grant_everywhere(role: Role) -> list[str]:
    """Make the role if need be, and give it what it may do in every schema; return the schemas.

    :raises RoleNotUsable: see ``ensure``
    """
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    ensure(role)
    companies = Company.objects.exclude(schema_name="public").order_by("pk")
    schemas = ["public", *companies.values_list("schema_name", flat=True)]
    for schema in schemas:
        grant(schema, to=role.name)
    return schemas
