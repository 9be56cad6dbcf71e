"""What operators were told, and what stands of it."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from simulation.case import Case, Violation, grouped
from simulation.client import LATE
from simulation.evidence import Row
from simulation.operators import ENQUIRY, NO, NOTICE, TAKEN, UNKNOWN, YES, Call
from simulation.plan import Content, Payment

DEFINITE = (YES, NO, TAKEN)


def check(case: Case) -> Iterator[Violation]:
    """Every acknowledged payment stands once, as it was acknowledged; nothing stands that nobody sent."""
    planned = {payment.reference: payment for payment in case.company.payments}
    for reference, rows in case.payments.items():
        if reference not in planned:
            yield case.violation("payment nobody sent", reference, rows)
    for payment in case.company.payments:
        rows = case.payments.get(payment.reference, [])
        if len(rows) > 1:
            yield case.violation("payment counted twice", payment.reference, rows)
        yield from _one(case, payment, rows[0] if rows else None)


def _one(case: Case, payment: Payment, row: Row | None) -> Iterator[Violation]:
    said = [each for each in case.calls.get(payment.reference, ()) if each.step in {NOTICE, LATE}]
    definite = [each for each in said if each.word in DEFINITE]
    booked = row if row is not None and row.booked_at is not None else None
    if booked is None:
        if definite and any(each.word != NO for each in definite):
            yield case.violation("acknowledged payment lost", payment.reference, definite[0])
        return
    if row is not None:
        yield from _content(case, payment, row, said)
        yield from _state(case, row)
        yield from _words(case, payment, row, definite)
        yield from _conflicts(case, row, definite)
        yield from _enquiries(case, payment, row)
        if payment.operator == "vodacom_tz":
            yield from _result(case, row)


def _is(row: Row, content: Content) -> bool:
    return (row.amount, row.account) == (Decimal(content.amount), content.account)


def _content(case: Case, payment: Payment, row: Row, said: Sequence[Call]) -> Iterator[Violation]:
    if row.operator != payment.operator or not any(_is(row, each.content) for each in said):
        yield case.violation("payment differs from what was sent", payment.reference, row)


def _state(case: Case, row: Row) -> Iterator[Violation]:
    """A payment for a device of a customer is settled; any other is sent back or waits for a person."""
    device = case.company.device(row.account)
    is_ours = device is not None and device.customer is not None
    allowed = {"settled"} if is_ours else {"returned", "unmatched"}
    if row.state not in allowed:
        yield case.violation(
            "payment in a wrong state", row.reference, f"{row.state}, not {allowed}"
        )


def _words(case: Case, payment: Payment, row: Row, definite: Sequence[Call]) -> Iterator[Violation]:
    expected = NO if row.state == "returned" else YES
    for each in definite:
        right = expected if _is(row, each.content) else NO
        if each.word not in {right, TAKEN}:
            yield case.violation("answer contradicts the books", payment.reference, each)
    for content, calls in grouped(definite, lambda each: each.content).items():
        if len({(each.http, each.text) for each in calls}) > 1:
            texts = sorted({each.text for each in calls})
            yield case.violation(
                "identical calls answered differently", row.reference, (content, texts)
            )


def _conflicts(case: Case, row: Row, definite: Sequence[Call]) -> Iterator[Violation]:
    """What was said otherwise of a payment that stands is one conflict for each content."""
    others = {each.content for each in definite if not _is(row, each.content)}
    kept = [each for each in case.rows["conflicts"] if each.payment_id == row.id]
    for content in others:
        fitting = [
            each
            for each in kept
            if (Decimal(each.amount), each.account) == (Decimal(content.amount), content.account)
        ]
        if len(fitting) != 1:
            yield case.violation("conflict not kept once", row.reference, (content, fitting))
    if any((Decimal(each.amount), each.account) == (row.amount, row.account) for each in kept):
        yield case.violation("conflict with itself", row.reference, kept)


def _enquiries(case: Case, payment: Payment, row: Row) -> Iterator[Violation]:
    """A yes never becomes a no."""
    for each in case.calls.get(payment.reference, ()):
        if each.step != ENQUIRY or each.word == UNKNOWN:
            continue
        if (each.word == YES) != (row.state != "returned"):
            yield case.violation("enquiry contradicts the books", payment.reference, each)


def _result(case: Case, row: Row) -> Iterator[Violation]:
    """The operator that wants our word in a call of its own hears it, and never another."""
    heard = {each["code"] for each in case.found.results if each["reference"] == row.reference}
    right = "999" if row.state == "returned" else "0"
    if heard != {right}:
        yield case.violation("result differs", row.reference, f"{heard}, not {right}")
