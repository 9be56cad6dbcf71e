"""Make a company that can be used at once."""

import os
import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from common.commands import Report, ReportingCommand
from onboarding.services import create_company
from tenants.selectors import address_of


class Command(ReportingCommand):
    help = (
        "Makes a company: its schema, its host, its owner, and a page that shows its SMS until a gateway is"
        " connected. Whatever fails leaves nothing behind."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True, help="As customers know it, like “Jua Power”.")
        parser.add_argument(
            "--slug",
            required=True,
            help="Short name: its host and its schema. Small letters and digits.",
        )
        parser.add_argument("--country", required=True, help="ISO 3166, like TZ.")
        parser.add_argument("--currency", required=True, help="ISO 4217, like TZS.")
        parser.add_argument("--timezone", required=True, help="Like Africa/Dar_es_Salaam.")
        parser.add_argument("--language", default="en", help="Of pages and messages. Default: en.")
        parser.add_argument("--address", default="", help="Where its office is.")
        parser.add_argument("--phone", default="", help="Of its office, like +255754123456.")
        parser.add_argument("--email", default="", help="Of its office.")
        parser.add_argument(
            "--usage",
            nargs="+",
            default=[],
            metavar="TYPE",
            help="What it sells for: mini_grid, shs, ebike. Default: everything.",
        )
        parser.add_argument("--owner-email", required=True, help="The owner logs in with it.")
        parser.add_argument("--owner-name", default="", help="Default: the e-mail before the @.")
        parser.add_argument(
            "--owner-password-env",
            required=True,
            metavar="VAR",
            help="Name of the environment variable that holds the owner's password.",
        )

    def run(self, **options: Any) -> Report:
        started = time.monotonic()
        email = options["owner_email"].strip().lower()
        company = create_company(
            slug=options["slug"],
            name=options["name"],
            country=options["country"],
            currency=options["currency"],
            timezone=options["timezone"],
            language=options["language"],
            address=options["address"],
            phone=options["phone"],
            email=options["email"],
            usage_types=options["usage"],
            owner_email=email,
            owner_name=options["owner_name"] or email.partition("@")[0],
            owner_password=_password(options["owner_password_env"]),
        )
        address, seconds = address_of(company), round(time.monotonic() - started, 2)
        return Report(
            lines=[
                f"{company.name} is ready at {address}/ after {seconds} s.",
                f"Log in as {email} with the password in {options['owner_password_env']}.",
            ],
            facts={
                "company": company.slug,
                "name": company.name,
                "address": address,
                "owner_email": email,
                "seconds": seconds,
            },
        )


def _password(variable: str) -> str:
    password = os.environ.get(variable, "")
    if not password:
        raise CommandError(
            f"The environment variable {variable} holds no password."
            f" Set it first, for example: read -rs {variable}; export {variable}"
        )
    return password
