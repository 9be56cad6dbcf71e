"""Migrates, then gives the application's role its rights on what is new."""

from typing import Any

from django.db import connection
from django_tenants.management.commands.migrate_schemas import MigrateSchemasCommand

from tenants import roles


class Command(MigrateSchemasCommand):  # type: ignore[misc]
    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        role = roles.application_role()
        if role is None or options.get("plan") or options.get("check_unapplied"):
            return
        if options.get("schema_name"):  # a company that is being made
            connection.set_schema_to_public()  # type: ignore[attr-defined]
            roles.grant(options["schema_name"], to=role.name)
        else:
            roles.grant_everywhere(role)
