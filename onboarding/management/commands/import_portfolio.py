"""Bring a portfolio from a CSV file into a company."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from common.commands import Report
from onboarding.portfolio import Imported, PortfolioRefused, import_portfolio
from onboarding.rows import COLUMNS
from tenants.commands import CompanyCommand
from tenants.models import Company

SHOWN = 50


class Command(CompanyCommand):
    help = (
        "Imports customers, places, devices and tariffs from a CSV file (UTF-8, commas or semicolons): all of it"
        " or nothing. The first line names the columns: "
        + ", ".join(COLUMNS)
        + ". A customer is recognised by"
        " phone and name, a device by its serial number. What is missing is created, empty facts are filled in,"
        " and nothing is overwritten: a fact that differs is an error, told with line and column."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path, metavar="FILE.csv")
        parser.add_argument("--dry-run", action="store_true", help="Check and count, keep nothing.")

    def run_in(self, company: Company, **options: Any) -> Report:
        try:
            imported = import_portfolio(
                company=company,
                lines=_lines(options["file"]),
                now=timezone.now(),
                actor=None,
                is_dry_run=options["dry_run"],
            )
        except PortfolioRefused as refusal:
            self._list(refusal)
            raise
        return Report(lines=_lines_of(imported), facts=imported.facts())

    def _list(self, refusal: PortfolioRefused) -> None:
        for problem in refusal.found[:SHOWN]:
            self.stderr.write(str(problem))
        if len(refusal.found) > SHOWN:
            self.stderr.write(f"… and {len(refusal.found) - SHOWN} more; --json lists them.")


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from file
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None


def _lines_of(imported: Imported) -> list[str]:
    verb = "Would import" if imported.is_dry_run else "Imported"
    lines = [f"{verb} {imported.rows} rows."]
    for how, counts in imported.counts.items():
        said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
        lines.append(f"{how}: {said or 'nothing'}")
    return lines
