"""The figures of one page are of one moment, and reading them cannot write."""

from decimal import Decimal as D

import pytest
from django.db import DatabaseError

from common.moment import one_moment
from ledger.models import Account, Event, Posting
from ledger.services import Movement, credit, debit, post
from tenants.scope import in_company
from tests.conftest import NOW
from tests.threads import at_once


def book():
    lines = [debit(Account.BANK, D(1)), credit(Account.OPENING_BALANCES, D(1))]
    post(Movement(Event.OPENING, "bank", 1, lines), occurred_at=NOW)


@pytest.fixture
def schema(fresh_company):
    return fresh_company.company.schema_name


def test_what_is_booked_meanwhile_is_not_seen(schema):
    with in_company(schema), one_moment():
        before = Posting.objects.count()
        assert at_once(schema, book) == [None]
        meanwhile = Posting.objects.count()
    with in_company(schema):
        assert (before, meanwhile, Posting.objects.count()) == (0, 0, 1)


def test_nothing_can_be_written_while_the_books_are_read(schema):
    with in_company(schema), pytest.raises(DatabaseError, match="read-only"), one_moment():
        book()
