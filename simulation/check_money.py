"""The parts, the postings, the books."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from simulation.case import Case, Violation
from simulation.evidence import Row

ZERO = Decimal(0)
# Where what an order costs comes from, or goes to: the accounts, and the sign of its cost there.
ORDERED = {
    "credit_spent": (("device_credit",), 1),
    "issued": (("energy_revenue", "service_revenue", "vat_payable"), -1),
    "not_issued": (("device_credit",), -1),
}


def check(case: Case) -> Iterator[Violation]:
    """Parts add up, each thing is posted once, and the books agree with the rows."""
    for row in case.rows["unbalanced"]:
        yield case.violation("posting does not balance", row.posting_id, row.total)
    for sentence in case.found.book_violations:
        yield case.violation("books do not hold", case.company.slug, sentence)
    for row in case.rows["credit"]:
        if row.amount < 0:
            yield case.violation("credit below zero", f"{row.account} {row.subject_id}", row.amount)
    for row in case.rows["payments"]:
        yield from _payment(case, row)
    for row in case.rows["orders"]:
        yield from _order(case, row)
    yield from _debts(case)
    yield from _days(case)


def _payment(case: Case, row: Row) -> Iterator[Violation]:
    is_booked = row.booked_at is not None and row.state != "returned"
    # What is credit of the customer as a whole has a posting of its own only.
    is_here = row.state == "settled" and _over(row) != row.amount
    expected = {"booked": int(is_booked), "settled": int(is_here)}
    for event, count in expected.items():
        postings = case.posted("payment", row.id, event)
        if len(postings) != count:
            yield case.violation(f"{event} not posted once", row.reference, postings)
    if row.state == "settled":
        yield from _parts(case, row)


def _parts(case: Case, row: Row) -> Iterator[Violation]:
    total = sum((Decimal(part["amount"]) for part in row.parts), ZERO)
    if total != row.amount:
        yield case.violation("parts do not add up", row.reference, (total, row.amount, row.parts))
    over = _over(row)
    spent = {
        event: sum(
            (_on(case, each, "suspense") for each in case.posted("payment", row.id, event)), ZERO
        )
        for event in ("booked", "settled", "overpaid")
    }
    right = {"booked": -row.amount, "settled": row.amount - over, "overpaid": over}
    if spent != right:
        yield case.violation("suspense moved wrongly", row.reference, (spent, right))


def _over(row: Row) -> Decimal:
    """What the payment became as credit of the customer."""
    parts = (part for part in row.parts if part["part"] == "customer_credit")
    return sum((Decimal(part["amount"]) for part in parts), ZERO)


def _on(case: Case, posting: Row, account: str) -> Decimal:
    return sum(
        (each.amount for each in case.entries.get(posting.id, ()) if each.account == account), ZERO
    )


def _order(case: Case, row: Row) -> Iterator[Violation]:
    """What an order costs is taken once, and becomes revenue once or credit once."""
    if not row.cost:
        return
    expected = {
        "credit_spent": 1,
        "issued": int(row.state == "issued"),
        "not_issued": int(row.state == "refused"),
    }
    for event, count in expected.items():
        postings = case.posted("order", row.id, event)
        if len(postings) != count:
            yield case.violation(f"{event} not posted once", row.public_id, (row.state, postings))
            continue
        for posting in postings:
            moved = _on(case, posting, "ordered")
            accounts, sign = ORDERED[event]
            there = sum((_on(case, posting, account) for account in accounts), ZERO)
            if moved != -there or there != sign * row.cost:
                yield case.violation(
                    f"{event} posted another amount", row.public_id, (moved, there, row.cost)
                )


def _debts(case: Case) -> Iterator[Violation]:
    """What payments paid on instalments and fees is what these show as paid."""
    paid: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for row in case.settled:
        for part in row.parts:
            if part["part"] in {"instalment", "access_fee"}:
                paid[part["part"], part["id"]] += Decimal(part["amount"])
    for kind, name in (("instalment", "instalments"), ("access_fee", "fees")):
        for row in case.rows[name]:
            if row.paid != paid[kind, row.id]:
                yield case.violation(
                    "debt paid differs", f"{kind} {row.id}", (row.paid, paid[kind, row.id])
                )


def _days(case: Case) -> Iterator[Violation]:
    """A plan's ordered days are those of its orders that were not refused."""
    for plan in case.rows["plans"]:
        ordered = sum(
            (
                row.quantity
                for row in case.rows["orders"]
                if row.plan_id == plan.id and row.state != "refused"
            ),
            ZERO,
        )
        if ordered != plan.days_ordered:
            yield case.violation(
                "days ordered differ", f"plan {plan.id}", (plan.days_ordered, ordered)
            )
