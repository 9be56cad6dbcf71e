"""The base of commands that work inside one company."""

from abc import abstractmethod
from typing import Any

from django.core.management.base import CommandError, CommandParser

from common.commands import Report, ReportingCommand
from tenants.models import Company
from tenants.scope import NoCompany, in_company


class CompanyCommand(ReportingCommand):
    """Adds ``--company`` and opens that company around ``run_in``."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--company", required=True, metavar="SLUG", help="The company's short name, like jua."
        )

    def run(self, **options: Any) -> Report:
        company = options.pop("company")
        try:
            with in_company(company) as opened:
                return self.run_in(opened, **options)
        except NoCompany:
            raise CommandError(
                f"There is no company “{company}”. Write its short name, like jua,"
                " or make it with create_company."
            ) from None

    @abstractmethod
    def run_in(self, company: Company, **options: Any) -> Report:
        """Do the work in the company's schema, which is open. Raises as ``run`` does."""
