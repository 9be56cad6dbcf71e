"""Whether what was found after a run may be: pure, over plain evidence."""

from collections.abc import Iterator

from simulation import check_messages, check_money, check_payments, check_split, check_tokens
from simulation.case import Case, Check, Violation
from simulation.evidence import Evidence
from simulation.plan import Plan

CHECKS: tuple[Check, ...] = (
    check_payments.check,
    check_money.check,
    check_split.check,
    check_tokens.check,
    check_messages.check,
)


def check(plan: Plan, evidence: Evidence) -> list[Violation]:
    """Return all that must not be, each with what shows it; nothing when all holds."""
    return list(_violations(plan, evidence))


def _violations(plan: Plan, evidence: Evidence) -> Iterator[Violation]:
    for sentence in evidence.unfinished:
        yield Violation("not finished in time", "all", str(plan.seed), sentence)
    for found in evidence.companies.values():
        case = Case(plan, evidence, found)
        for each in CHECKS:
            yield from each(case)
