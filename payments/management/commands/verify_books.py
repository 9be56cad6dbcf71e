"""``manage.py verify_books``: whether a company's books hold what they must."""

from typing import Any

from django.core.management.base import CommandError

from common.commands import Report
from payments import books
from tenants.commands import CompanyCommand
from tenants.models import Company


class Command(CompanyCommand):
    help = "Check a company's books against its payments, orders, plans and fees."

    def run_in(self, company: Company, **options: Any) -> Report:
        found = books.violations()
        if found:
            raise CommandError("The books do not hold:\n" + "\n".join(found))
        return Report([f"The books of {company} hold."], {"violations": []})
