"""The books are compared with the rows of the same moment."""

from decimal import Decimal as D

from django.utils import timezone

from ledger.services import Movement, credit, debit, post
from payments import books
from payments.models import Payment
from tests.threads import at_once


def test_money_that_moves_meanwhile_is_no_violation(fresh_company, monkeypatch):
    world, sums = fresh_company, books._sums

    def book():
        payment = Payment.objects.create(
            connection=world.airtel, reference="R1", amount=D(500), account="x",
            state="unmatched", booked_at=timezone.now(),
        )  # fmt: skip
        lines = [debit("operator_clearing", D(500), 1), credit("suspense", D(500), payment.pk)]
        post(Movement("booked", "payment", payment.pk, lines), occurred_at=timezone.now())

    def sums_and_then_money(account):
        found = sums(account)
        if account == "suspense":
            assert at_once(world.company.schema_name, book) == [None]
        return found

    monkeypatch.setattr(books, "_sums", sums_and_then_money)

    assert books.violations() == []
    monkeypatch.undo()
    assert books.violations() == []
