"""One company's part of a run, as the checks look at it."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from simulation.evidence import Evidence, Found, Row
from simulation.operators import Call
from simulation.plan import Company, Device, Plan

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must never be true: which rule, about what, and what shows it."""

    rule: str
    company: str
    subject: str
    evidence: str

    def __str__(self) -> str:
        return f"{self.rule} [{self.company} {self.subject}]: {self.evidence}"


Check = Callable[["Case"], Iterator[Violation]]


def grouped(rows: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    found: dict[K, list[T]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


class Case:
    """What was planned for one company, what was said, and what was found."""

    def __init__(self, plan: Plan, evidence: Evidence, found: Found) -> None:
        self.plan, self.evidence, self.found = plan, evidence, found
        self.company: Company = plan.company(found.slug)
        self.rows = found.rows

    def violation(self, rule: str, subject: object, evidence: object) -> Violation:
        return Violation(rule, self.company.slug, str(subject), str(evidence))

    @cached_property
    def calls(self) -> dict[str, list[Call]]:
        """The operators' calls to this company, by reference."""
        ours = (each for each in self.evidence.calls if each.company == self.company.slug)
        return grouped(ours, lambda each: each.reference)

    @cached_property
    def payments(self) -> dict[str, list[Row]]:
        return grouped(self.rows["payments"], lambda row: str(row.reference))

    @cached_property
    def payment_by_id(self) -> dict[int, Row]:
        return {row.id: row for row in self.rows["payments"]}

    @cached_property
    def settled(self) -> list[Row]:
        return [row for row in self.rows["payments"] if row.state == "settled"]

    @cached_property
    def order_of(self) -> dict[int, list[Row]]:
        """The orders that a payment paid for, by its id."""
        paid = (row for row in self.rows["orders"] if row.source == "payment")
        return grouped(paid, lambda row: int(row.source_id))

    @cached_property
    def postings(self) -> dict[tuple[str, int], list[Row]]:
        return grouped(self.rows["postings"], lambda row: (row.source, row.source_id))

    def posted(self, source: str, source_id: int, event: str) -> list[Row]:
        """The postings of one event of a payment or order."""
        return [row for row in self.postings.get((source, source_id), ()) if row.event == event]

    @cached_property
    def entries(self) -> dict[int, list[Row]]:
        return grouped(self.rows["entries"], lambda row: int(row.posting_id))

    @cached_property
    def device_by_id(self) -> dict[int, Device]:
        planned = {each.serial: each for each in self.company.devices}
        return {row.id: planned[row.serial] for row in self.rows["devices"]}

    @cached_property
    def phones(self) -> dict[int, str]:
        """The phone of each customer, by the number of the plan."""
        return {each.number: each.phone for each in self.company.customers}

    def orders_on(self, serial: str) -> Sequence[Row]:
        return [row for row in self.rows["orders"] if row.serial == serial]
