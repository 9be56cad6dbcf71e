"""``manage.py grant_roles``: the rights of the role that web server and workers connect as."""

from typing import Any

from django.core.management.base import CommandError

from common.commands import Report, ReportingCommand
from tenants import roles


class Command(ReportingCommand):
    help = (
        "Makes the role of DATABASE_URL if there is none and gives it what the application may do, connected as"
        " DATABASE_OWNER_URL. migrate_schemas and create_company do it too; repeating it does no harm."
    )

    def run(self, **options: Any) -> Report:
        role = roles.application_role()
        if role is None:
            raise CommandError(
                "DATABASE_OWNER_URL is not set: one role does everything, so there is nothing to grant."
            )
        schemas = roles.grant_everywhere(role)
        return Report(
            [
                f"The role {role.name} may work in {len(schemas)} schemas, and rewrite the books in none."
            ],
            {"role": role.name, "schemas": schemas},
        )
