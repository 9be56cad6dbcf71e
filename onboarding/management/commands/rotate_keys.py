"""Encrypt all stored secrets and callbacks with the newest of FIELD_KEYS."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError
from django_tenants.utils import tenant_context

from common.commands import Report, ReportingCommand
from onboarding.keys import Rotated, rotate_company
from tenants.models import Company


class UnreadableSecrets(CommandError):
    """``problems`` lists the columns with values that no key opens."""

    def __init__(self, rotated: list[Rotated]) -> None:
        bad = [each for each in rotated if each.unreadable]
        self.problems = [asdict(each) for each in bad]
        told = ", ".join(f"{each.unreadable} in {each.company} {each.column}" for each in bad)
        super().__init__(
            f"None of FIELD_KEYS opens some values: {told}. All others are done."
            " Add the key they were made with and run this again; keep the old keys until then."
        )


class Command(ReportingCommand):
    help = (
        "Encrypts what is stored encrypted with the first of FIELD_KEYS, in every company, also in those that are"
        " switched off. Put the new key in front, restart, run this, then drop the old key. An interrupted run"
        " is simply started again."
    )

    def run(self, **options: Any) -> Report:
        rotated: list[Rotated] = []
        for company in Company.objects.exclude(schema_name="public").order_by("pk"):
            with tenant_context(company):
                rotated += rotate_company(company.slug)
        if any(each.unreadable for each in rotated):
            raise UnreadableSecrets(rotated)
        changed = sum(each.changed for each in rotated)
        current = sum(each.current for each in rotated)
        companies = len({each.company for each in rotated})
        return Report(
            lines=[
                f"Encrypted {changed} values anew in {companies} companies; {current} were already."
            ],
            facts={
                "changed": changed,
                "current": current,
                "companies": companies,
                "columns": [asdict(each) for each in rotated],
            },
        )
