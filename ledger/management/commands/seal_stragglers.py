"""``manage.py seal_stragglers``: for postings that were never sealed, after a person looked at them."""

from typing import Any

from common.commands import Report
from ledger.chain import seal_stragglers
from tenants.commands import CompanyCommand
from tenants.models import Company


class Command(CompanyCommand):
    help = (
        "Seals postings that verify_books names as never sealed, when you know that each comes from a transaction"
        " that lasted longer than an hour. Written to the audit log."
    )

    def run_in(self, company: Company, **options: Any) -> Report:
        ids = seal_stragglers()
        named = ", ".join(map(str, ids)) or "none"
        return Report([f"Stragglers sealed: {named}."], {"postings": ids})
