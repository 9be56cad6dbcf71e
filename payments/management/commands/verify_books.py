"""``manage.py verify_books``: whether the books hold what they must, and what was sealed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.chain import prove_audit_log
from common.chain.proving import Proof
from common.commands import Report, ReportingCommand
from ledger.proof import prove_books
from payments import books
from tenants.models import Company
from tenants.scope import NoCompany, in_company
from tenants.selectors import companies


class BooksDoNotHold(CommandError):
    """``problems`` has one entry per violation, with its company."""

    def __init__(self, problems: list[dict[str, Any]]) -> None:
        self.problems = problems
        lines = [f"{each['company']}: {each['sentence']}" for each in problems]
        super().__init__("The books do not hold:\n" + "\n".join(lines))


@dataclass(slots=True)
class _Verified:
    """What was found in one company."""

    company: Company
    proof: Proof
    problems: list[dict[str, Any]] = field(default_factory=list)

    @property
    def facts(self) -> dict[str, Any]:
        return {
            "company": self.company.slug,
            "sealed": self.proof.sealed,
            "waiting": self.proof.waiting,
            "waiting_since": self.proof.waiting_since,
            "fingerprint": self.proof.fingerprint,
        }

    @property
    def lines(self) -> Iterator[str]:
        yield f"The books of {self.company} hold."
        if self.proof.fingerprint:
            yield f"  {self.proof.sealed} postings are sealed and end in {self.proof.fingerprint}."
        if self.proof.waiting:
            since = f"{self.proof.waiting_since:%Y-%m-%d %H:%M} UTC"
            yield f"  {self.proof.waiting} wait for their seal since {since}."


class Command(ReportingCommand):
    help = (
        "Check the books against payments, orders, plans and fees, and compute the fingerprints of the books and"
        " of the audit log anew. Names each row that is not what was sealed; exit code 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--company", metavar="SLUG", help="Only this company, like jua.")
        parser.add_argument(
            "--noted",
            default="",
            metavar="FINGERPRINT",
            help="A fingerprint kept outside, or its first 12 digits or more: it must be in the chain still.",
        )

    def run(self, **options: Any) -> Report:
        slug, noted = options["company"], options["noted"]
        _check(slug, noted)
        slugs = [slug] if slug else [company.slug for company in companies()]
        verified = [_verify(slug, noted) for slug in slugs]
        problems = [problem for each in verified for problem in each.problems]
        if problems:
            raise BooksDoNotHold(problems)
        return Report(
            [line for each in verified for line in each.lines],
            {"violations": [], "companies": [each.facts for each in verified]},
        )


def _check(slug: str | None, noted: str) -> None:
    if noted and not slug:
        raise CommandError("--noted needs --company: a fingerprint belongs to one company's books.")
    if noted and not (12 <= len(noted) <= 64 and set(noted.lower()) <= set("0123456789abcdef")):
        raise CommandError("--noted: write 12 to 64 of the digits 0-9 and a-f.")


def _verify(slug: str, noted: str) -> _Verified:
    try:
        with in_company(slug) as company:
            proof, found = prove_books(noted=noted)
            _, found_in_log = prove_audit_log()
            verified = _Verified(company, proof)
            for sentence in books.violations():
                verified.problems.append({"kind": "invariant", "sentence": sentence})
            verified.problems += [each.facts for each in (*found, *found_in_log)]
            verified.problems = [{"company": slug, **each} for each in verified.problems]
            return verified
    except NoCompany:
        raise CommandError(
            f"There is no company “{slug}”. Write its short name, like jua."
        ) from None
