"""Bringing a whole portfolio into a company from a CSV file: all of it or nothing.

The file is read in chunks, each with a handful of statements, inside one transaction, so memory does not grow
with its cells. The same file a second time changes nothing.
"""

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection, transaction

from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.words import _
from onboarding.cells import Problem, Row
from onboarding.intake import Intake
from onboarding.rows import read_rows
from tenants.models import Company

CHUNK = 1000
MOST_PROBLEMS = 1000


class PortfolioRefused(DomainError):
    """``problems`` lists what is wrong, as facts; ``found`` as sentences. Nothing was imported."""

    message = _(
        "Nothing was imported. Problems found: %(count)s. Mend them and import the file again."
    )

    def __init__(self, found: list[Problem], *, has_more: bool) -> None:
        self.found = sorted(found, key=lambda each: each.line)
        self.problems = [each.facts() for each in self.found]
        super().__init__(count=f"{len(found)}+" if has_more else len(found))


class PortfolioUnreadable(DomainError):
    message = _("The file is not UTF-8 text (%(error)s). Save it as “CSV UTF-8”.")


class PortfolioMeanwhile(DomainError):
    message = _("Somebody registered a customer or device of this file meanwhile. Import it again.")


class ImportRunning(DomainError):
    message = _("Another import into this company is running. Wait until it is done.")


class _Enough(Exception):
    """More problems than anybody reads."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do. ``counts``: created, changed, unchanged → kind → distinct things."""

    rows: int
    is_dry_run: bool
    counts: dict[str, dict[str, int]]

    def facts(self) -> dict[str, Any]:
        return {"dry_run": self.is_dry_run, "rows": self.rows, **self.counts}


def import_portfolio(
    *,
    company: Company,
    lines: Iterable[str],
    now: dt.datetime,
    actor: User | None,
    is_dry_run: bool = False,
) -> Imported:
    """Import a portfolio into the company whose schema is open. Devices count as assigned at ``now``.

    A customer is recognised by phone and name, a device by its serial number. The village of a row is where
    its device stands; a new customer lives there too. A blank cell states nothing. Facts that are missing here
    are added; facts that differ are errors. A dry run checks and counts the same, and keeps nothing.

    :raises PortfolioRefused: something is wrong in some lines; nothing was changed
    :raises PortfolioUnreadable: not UTF-8; nothing was changed
    :raises ImportRunning: one at a time
    :raises PortfolioMeanwhile: two people registered the same; nothing was changed
    """
    with transaction.atomic():
        _one_at_a_time()
        imported = _take_all(company, lines, now, is_dry_run)
        if is_dry_run:
            transaction.set_rollback(True)
        else:
            audit(actor=actor, action="portfolio.imported", rows=imported.rows)
    return imported


def _take_all(
    company: Company, lines: Iterable[str], now: dt.datetime, is_dry_run: bool
) -> Imported:
    """Take all rows in; good rows are taken also after a bad one, so that every problem is found."""
    problems: list[Problem] = []

    def tell(problem: Problem) -> None:
        if len(problems) >= MOST_PROBLEMS:
            raise _Enough
        problems.append(problem)

    intake, count = Intake(company, now, tell), 0
    rows = read_rows(lines, country=company.country, currency=company.currency, on_problem=tell)
    try:
        for chunk in _chunks(rows):
            count += len(chunk)
            intake.take(chunk)
            intake.keep()
    except _Enough:
        raise PortfolioRefused(problems, has_more=True) from None
    except UnicodeDecodeError as error:
        raise PortfolioUnreadable(error=error.reason) from None
    except IntegrityError:
        raise PortfolioMeanwhile from None
    if problems:
        raise PortfolioRefused(problems, has_more=False)
    return Imported(rows=count, is_dry_run=is_dry_run, counts=intake.counts())


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(itertools.islice(rows, CHUNK)):
        yield chunk


def _one_at_a_time() -> None:
    """Keep imports into one company apart, for as long as this transaction lasts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema() || ':portfolio', 0))"
        )
        (got_it,) = cursor.fetchone()
    if not got_it:
        raise ImportRunning
