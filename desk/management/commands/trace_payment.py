"""Print everything that happened to a payment."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from common.commands import Report
from desk import trace
from desk.trace.lines import lines_of
from desk.trace.writer import Writer
from tenants.commands import CompanyCommand
from tenants.models import Company


class Command(CompanyCommand):
    help = (
        "Prints everything that happened to a payment: what the operator sent, how the money was split and"
        " booked, the token and every attempt at it, the SMS. Secrets are blanked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "reference",
            metavar="REFERENCE",
            help="The operator's reference, the receipt on the payer's phone, or our own number of the payment.",
        )

    def run_in(self, company: Company, **options: Any) -> Report:
        payment = trace.find_payment(options["reference"])
        story, writer = trace.load_payment(payment.pk), Writer(company, timezone.now())
        told = trace.payment_trace(story, writer, lambda _permission: True)
        return Report(lines=lines_of(told, writer), facts=trace.record_of(story, writer))
