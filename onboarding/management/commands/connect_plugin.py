"""Enter a company's account with a plug-in, or change it."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from common.commands import Report
from onboarding.connecting import read_settings
from plugins import registry
from plugins.models import Connection
from plugins.selectors import connection_of, webhook_addresses
from plugins.services import check_connection, connect_plugin, switch_connection
from tenants.commands import CompanyCommand
from tenants.models import Company


class Command(CompanyCommand):
    help = (
        "Enters the settings of a plug-in, checked by the plug-in's own form, and switches it on. Settings that"
        " are not given keep their value. Prints the addresses to hand to the vendor, one per action."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("slug", metavar="PLUGIN", help="Like calin_meter or airtel.")
        parser.add_argument(
            "settings_given",
            nargs="*",
            metavar="name=value",
            help="A setting. Write @env:NAME or @file:PATH as value to keep secrets out of the list of"
            " processes. Yes or no is on or off; a list is separated by commas.",
        )
        parser.add_argument("--off", action="store_true", help="Leave it switched off.")
        parser.add_argument(
            "--check", action="store_true", help="Try the connection now; fail if it does not work."
        )

    def run_in(self, company: Company, **options: Any) -> Report:
        slug = options["slug"]
        connection = _connect(slug, options["settings_given"], is_on=not options["off"])
        addresses = webhook_addresses(company, connection)
        lines = [f"{connection.label} is {'on' if connection.is_on else 'off'} for {company.name}."]
        lines += [f"{action}: {address}" for action, address in addresses.items()]
        facts: dict[str, Any] = {
            "company": company.slug,
            "plugin": slug,
            "is_on": connection.is_on,
            "webhooks": addresses,
        }
        if options["check"]:
            said = _check(connection)
            lines.append(f"Checked: {said or 'it works.'}")
            facts["check"] = {"state": Connection.CheckState.OK, "message": said}
        return Report(lines=lines, facts=facts)


@transaction.atomic
def _connect(slug: str, words: list[str], *, is_on: bool) -> Connection:
    try:
        data = read_settings(words, plugin=slug, stored=connection_of(slug))
        connection = connect_plugin(slug=slug, data=data, actor=None)
    except registry.UnknownPlugin:
        raise CommandError(
            f"There is no plug-in “{slug}”. Installed are: {', '.join(registry.load())}."
        ) from None
    if connection.is_on != is_on:
        connection = switch_connection(connection_id=connection.pk, is_on=is_on, actor=None)
    return connection


def _check(connection: Connection) -> str:
    """Try the connection; return what the plug-in says."""
    checked = check_connection(connection_id=connection.pk)
    if checked.check_state != Connection.CheckState.OK:
        raise CommandError(f"{checked.label} is saved, but does not work: {checked.check_message}")
    return checked.check_message
