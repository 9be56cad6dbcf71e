"""``manage.py change_company``: the choices of a company that its payments follow."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from common.commands import Report
from common.money import parse_amount
from onboarding import services
from tenants.commands import CompanyCommand
from tenants.models import Company


def _limit(text: str | None, company: Company) -> Decimal | services.Unchanged | None:
    if text is None:
        return services.UNCHANGED
    return None if text == "never" else parse_amount(text, company.currency)


class Command(CompanyCommand):
    help = "Change a company's language, how its payments clear debts, or who approves refunds."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--language", choices=[code for code, _ in settings.LANGUAGES])
        parser.add_argument(
            "--debt-order",
            choices=Company.DebtOrder.values,
            help="Which debts a payment clears first.",
        )
        parser.add_argument(
            "--debt-share",
            type=int,
            metavar="PERCENT",
            help="The largest part of a payment that may go to old debts, 0 to 100.",
        )
        parser.add_argument(
            "--unpaid-fee-limit",
            type=int,
            metavar="PERIODS",
            help="After so many unpaid access fees no more fall due.",
        )

        parser.add_argument(
            "--approval-limit",
            metavar="AMOUNT",
            help="A second person approves refunds above this amount; “never” asks nobody.",
        )

    def run_in(self, company: Company, **options: Any) -> Report:
        changed = services.change_company(
            company=company,
            language=options["language"],
            debt_order=options["debt_order"],
            debt_share_percent=options["debt_share"],
            unpaid_fee_limit=options["unpaid_fee_limit"],
            approval_limit=_limit(options["approval_limit"], company),
            actor=None,
        )
        lines = [f"{name}: {value}" for name, value in changed.items()]
        return Report(lines or ["Nothing was to be changed."], {"changed": changed})
