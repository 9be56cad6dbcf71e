"""R18: a statement of 10,000 lines with 50 seeded gaps: all are found, and nothing else is raised."""

import time

import pytest

from payments.models import Payment
from tests.payments.statements.conftest import verdicts
from tests.payments.statements.makers import as_csv, as_xlsx, seeded

LISTS = {"operator", "differs", "here", "twice", "reversed", "stands", "unreadable"}


@pytest.mark.parametrize(("make", "seed"), [(as_csv, 1), (as_xlsx, 2)])
def test_all_50_gaps_of_10_000_lines_are_found_without_a_false_alarm(world, compared, make, seed):
    month = seeded(world, seed=seed)
    Payment.objects.bulk_create(month.payments)
    started = time.process_time()  # others may use the machine

    statement = compared(month.rows, make=make)

    took = time.process_time() - started
    found = {
        verdict: set(references)
        for verdict, references in verdicts(statement).items()
        if verdict in LISTS
    }
    assert found == month.expected
    assert sum(len(each) for each in found.values()) == 50
    assert took < 30, f"{took:.1f} s"
