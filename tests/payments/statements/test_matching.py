"""The comparison, line by line; and what holds whatever the lines and payments are."""

import datetime as dt
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.statements.matching import Ours, Span, Standing, Verdict, match
from payments.statements.reading import Line, Sort

DAY = dt.datetime(2026, 10, 5, 6, 0, tzinfo=dt.UTC)


def line(reference="A", amount="5000", minutes=60, number=2, sort=None, has_time=True, **more):
    amount = Decimal(amount)
    sort = sort or (Sort.PAYMENT if amount > 0 else Sort.TAKEN_BACK)
    at = DAY + dt.timedelta(minutes=minutes)
    return Line(number, sort, reference, amount=amount, at=at, has_time=has_time, **more)


def ours(pk=1, reference="A", amount="5000", minutes=60, standing=Standing.COUNTED, receipt=""):
    at = DAY + dt.timedelta(minutes=minutes)
    return Ours(pk, reference, receipt, Decimal(amount), at, standing)


# So that what is tested lies well inside: a first and a last line that are in both.
EDGES = [line("FIRST", minutes=0), line("LAST", minutes=600)]
OUR_EDGES = [ours(98, "FIRST", minutes=0), ours(99, "LAST", minutes=600)]


def found(lines, payments, **more):
    result = match([*EDGES, *lines], [*OUR_EDGES, *payments], **more)
    return [
        (each.verdict.value, each.payment) for each in result.found if each.payment not in (98, 99)
    ]


TABLE = {
    "in both": ([line()], [ours()], [("both", 1)]),
    "spelled otherwise": ([line(" a'")], [ours(reference="A")], [("both", 1)]),
    "under its receipt": ([line("R")], [ours(receipt="R")], [("both", 1)]),
    "its receipt in a column of its own": ([line("X", receipt="R")], [ours(receipt="r")], [("both", 1)]),
    "only there": ([line()], [], [("operator", None)]),
    "only here": ([], [ours()], [("here", 1)]),
    "another amount": ([line(amount="4000")], [ours()], [("differs", 1)]),
    "booked days later": ([line()], [ours(minutes=5000)], [("both", 1)]),
    "asked, never reported": ([line()], [ours(standing=Standing.ASKED)], [("operator", 1)]),
    "asked, never paid": ([], [ours(standing=Standing.ASKED)], []),
    "twice there": ([line(), line()], [ours()], [("both", 1), ("twice", 1)]),
    "twice there, not here": ([line(), line()], [], [("operator", None), ("twice", None)]),
    "twice, one of our amount": ([line(amount="1"), line()], [ours()], [("both", 1), ("twice", 1)]),
    "taken back there": ([line(), line(amount="-5000")], [ours()], [("both", 1), ("reversed", 1)]),
    "taken back in a later statement": ([line(amount="-5000")], [ours()], [("reversed", 1)]),
    "taken back, unknown here": ([line(amount="-5000")], [], [("reversed", None)]),
    "came and went there": ([line(), line(amount="-5000")], [], [("undone", None)] * 2),
    "reversed in both": (
        [line(), line(amount="-5000")], [ours(standing=Standing.REVERSED)], [("undone", 1)] * 2,
    ),
    "sent back on our word": (
        [line(), line(amount="-5000")], [ours(standing=Standing.REFUNDED)], [("undone", 1)] * 2,
    ),
    "to be sent back on our word": ([line()], [ours(standing=Standing.REFUNDED)], [("both", 1)]),
    "sent back, never there": ([], [ours(standing=Standing.REFUNDED)], [("here", 1)]),
    "reversed only here": ([line()], [ours(standing=Standing.REVERSED)], [("stands", 1)]),
    "refused here, stands there": ([line()], [ours(standing=Standing.GIVEN_BACK)], [("stands", 1)]),
    "refused here, given back there": (
        [line(), line(amount="-5000")], [ours(standing=Standing.GIVEN_BACK)], [("undone", 1)] * 2,
    ),
    "refused here, not there": ([], [ours(standing=Standing.GIVEN_BACK)], []),
    "the operator's fee": ([line(sort=Sort.OTHER)], [], [("other", None)]),
    "its reference lost, likely ours": ([line("1E+11", sort=Sort.UNREADABLE)], [ours()], [("unreadable", 1)]),
    "its reference lost, not ours": (
        [line("1E+11", amount="1", sort=Sort.UNREADABLE)], [ours()], [("unreadable", None), ("here", 1)],
    ),
    "one lost reference is one payment": (
        [line("1E+11", sort=Sort.UNREADABLE)], [ours(), ours(2, "B")], [("unreadable", 1), ("here", 2)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_each_line_and_payment_gets_its_verdict(case):
    lines, payments, expected = TABLE[case]

    assert found(lines, payments) == expected


@pytest.mark.parametrize(
    ("minutes", "verdicts"),
    [(-300, []), (3, []), (16, [("here", 1)]), (597, [("here", 1)]), (599, []), (700, [])],
)
def test_payments_at_the_edges_and_outside_raise_no_alarm(minutes, verdicts):
    assert found([], [ours(minutes=minutes)]) == verdicts


def test_payments_at_the_edges_are_counted():
    result = match(EDGES, [*OUR_EDGES, ours(1, minutes=3), ours(2, "B", minutes=-4000)])

    assert (result.outside, result.quiet) == ([1], [2])


@pytest.mark.parametrize("hours", [-3, 3, 2])
def test_a_statement_in_another_time_zone_is_seen_through(hours):
    shift = dt.timedelta(hours=hours)
    lines = [line(f"P{n}", minutes=n * 60) for n in range(11)]
    payments = [ours(n, f"P{n}", minutes=n * 60 + 60 * hours) for n in range(11)]
    late = ours(50, "GONE", minutes=60 * hours + 200)
    before = ours(51, "EARLIER", minutes=60 * hours - 30)

    result = match(lines, [*payments, late, before])

    assert result.shift_minutes == hours * 60
    assert [each.payment for each in result.found if each.verdict is Verdict.HERE] == [50]
    assert result.span == Span(DAY + shift, DAY + shift + dt.timedelta(hours=10))


def test_a_day_that_was_not_over_ends_with_the_last_that_is_in_both():
    midnight = DAY.replace(hour=0)
    lines = [
        Line(n, Sort.PAYMENT, f"P{n}", amount=Decimal(1), at=midnight, has_time=False)
        for n in range(5)
    ]
    payments = [ours(n, f"P{n}", "1", minutes=n * 60) for n in range(5)]
    gone, later = ours(50, "GONE", minutes=150), ours(51, "LATER", minutes=300)

    result = match(lines, [*payments, gone, later], read_at=DAY + dt.timedelta(minutes=290))

    assert [each.payment for each in result.found if each.verdict is Verdict.HERE] == [50]
    assert not result.has_times


def test_a_stated_time_finds_what_is_missing_before_the_first_line():
    stated = Span(DAY - dt.timedelta(hours=6), DAY + dt.timedelta(hours=18))

    assert found([], [ours(minutes=-200)], stated=stated) == [("here", 1)]


# --- whatever they are ----------------------------------------------------------------------------

references = st.sampled_from(["A", "a", "B", "C", "0D", "D", "R1", "R2", "1E+11"])
amounts = st.sampled_from([Decimal(n) for n in (1, 5000, 5000, 700)])


@st.composite
def some_lines(draw):
    rows = []
    for number in range(draw(st.integers(0, 14))):
        sort = draw(
            st.sampled_from([Sort.PAYMENT] * 4 + [Sort.TAKEN_BACK, Sort.OTHER, Sort.UNREADABLE])
        )
        sign = -1 if sort is Sort.TAKEN_BACK else 1
        minutes = draw(st.integers(0, 600))
        amount = draw(amounts) * sign
        receipt = draw(st.sampled_from(["", "", "R1", "R2"]))
        rows.append(line(draw(references), amount, minutes, number, sort, receipt=receipt))
    return rows


@st.composite
def some_payments(draw):
    names = draw(st.lists(references, max_size=9, unique=True))
    return [
        ours(
            pk, name, draw(amounts), draw(st.integers(-100, 700)),
            draw(st.sampled_from([Standing.COUNTED] * 4 + list(Standing))),
            draw(st.sampled_from(["", "", "R1", "R2"])),
        )
        for pk, name in enumerate(names)
    ]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(some_lines(), some_payments())
def test_every_line_and_every_payment_stands_in_exactly_one_list_and_the_sums_tie(lines, payments):
    result = match(lines, payments)

    places = [each.line for each in result.found if each.line is not None]
    assert sorted(places) == list(range(len(lines)))
    without_line = [each.payment for each in result.found if each.line is None]
    of_lines = {each.payment for each in result.found if each.line is not None} - {None}
    alone = [*without_line, *result.outside, *result.quiet]
    assert Counter(alone) == Counter(set(alone))
    assert of_lines.isdisjoint(alone)
    assert of_lines | set(alone) == {each.id for each in payments}
    # What we count is counted once, with its own amount, and only where it is ours.
    counted = [each for each in result.found if each.ours]
    assert len({each.payment for each in counted}) == len(counted)
    by_id = {each.id: each for each in payments}
    assert all(each.ours == by_id[each.payment].amount for each in counted)
    counts = {Standing.COUNTED, Standing.REFUNDED}
    assert all(by_id[each.payment].standing in counts for each in counted)
    both = [each for each in result.found if each.verdict is Verdict.BOTH]
    assert all(lines[each.line].amount == each.ours for each in both)


@settings(max_examples=100, deadline=None)
@given(some_payments())
def test_a_statement_of_all_that_we_count_agrees(payments):
    counted = {}
    for each in payments:
        if each.standing is Standing.COUNTED:
            counted.setdefault(each.reference.upper().lstrip("0"), each)
    mine = list(counted.values())
    lines = [
        Line(n, Sort.PAYMENT, each.reference, amount=each.amount, at=each.at, has_time=True)
        for n, each in enumerate(mine)
    ]
    others = [each for each in mine if not each.receipt]

    result = match([row for row, each in zip(lines, mine, strict=True) if not each.receipt], others)

    assert {each.verdict for each in result.found} <= {Verdict.BOTH}
