"""When access fees fall due: the same however often one looks."""

import datetime as dt
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from devices.periods import FeePaid, FeeTerms, KnownFee, fees_to_make, period_ends

DAY0 = dt.date(2026, 1, 1)
FEE = Decimal(2000)


def day(number: int) -> dt.date:
    return DAY0 + dt.timedelta(days=number)


def terms(from_day: int, *, fee=FEE, days=30) -> FeeTerms:
    return FeeTerms(day(from_day), Decimal(fee), days)


def due(began: int, until: int, *found: FeeTerms) -> list[int]:
    ends = period_ends(began=day(began), until=day(until), terms=found)
    return [(end.day - DAY0).days for end in ends]


def test_the_first_fee_falls_due_one_period_after_the_beginning():
    assert due(5, 34, terms(0)) == []
    assert due(5, 35, terms(0)) == [35]
    assert due(5, 100, terms(0)) == [35, 65, 95]


def test_before_the_first_prices_no_period_runs():
    assert due(0, 100, terms(50)) == [80]


def test_a_tariff_without_a_fee_makes_none():
    assert due(0, 400, terms(0, fee=0)) == []
    assert due(0, 400, terms(0, days=0)) == []


def test_a_fee_that_is_introduced_later_counts_from_then_and_not_from_installation():
    assert due(0, 200, terms(0, fee=0), terms(100)) == [130, 160, 190]


def test_a_fee_that_is_dropped_and_comes_back_starts_a_new_period():
    assert due(0, 200, terms(0), terms(50, fee=0), terms(100)) == [30, 130, 160, 190]


def test_the_terms_of_the_day_count_when_the_period_changes():
    assert due(0, 70, terms(0), terms(40, days=7)) == [30, 40, 47, 54, 61, 68]
    assert due(0, 120, terms(0), terms(40, days=60)) == [30, 90]


def test_the_fee_of_the_day_is_asked():
    ends = list(period_ends(began=DAY0, until=day(60), terms=[terms(0), terms(60, fee=2500)]))

    assert [end.terms.fee for end in ends] == [2000, 2500]


def test_after_three_unpaid_periods_no_more_fees_are_made():
    ends = list(period_ends(began=DAY0, until=day(365), terms=[terms(0)]))

    made = fees_to_make(ends, fees=[], payments=[], limit=3)

    assert [end.day for end in made] == [day(30), day(60), day(90)]


def test_a_limit_of_none_at_all_makes_no_fees():
    ends = list(period_ends(began=DAY0, until=day(365), terms=[terms(0)]))

    assert fees_to_make(ends, fees=[], payments=[], limit=0) == []


def test_a_part_payment_leaves_its_period_unpaid():
    ends = list(period_ends(began=day(30), until=day(60), terms=[terms(0)]))
    fees = [KnownFee(day(30), FEE, paid=FEE - 1)]

    assert fees_to_make(ends, fees=fees, payments=[], limit=1) == []


def test_what_was_paid_after_a_midnight_does_not_count_for_it():
    ends = list(period_ends(began=day(30), until=day(90), terms=[terms(0)]))
    fees = [KnownFee(day(30), FEE, paid=FEE)]
    paid_between = [FeePaid(day(70), FEE)]

    made = fees_to_make(ends, fees=fees, payments=paid_between, limit=1)

    assert [end.day for end in made] == [day(90)]


class Book:
    """A device's fees, made by looking on some days, paid on others, oldest first."""

    def __init__(self, found: list[FeeTerms], limit: int, began: int) -> None:
        self.terms, self.limit = found, limit
        self.began, self.fees, self.payments = day(began), [], []

    def look(self, until: dt.date) -> None:
        ends = list(period_ends(began=self.began, until=until, terms=self.terms))
        if not ends:
            return
        made = fees_to_make(ends, fees=self.fees, payments=self.payments, limit=self.limit)
        self.fees += [KnownFee(end.day, end.terms.fee, Decimal(0)) for end in made]
        self.began = ends[-1].day

    def pay(self, on: dt.date, amount: Decimal) -> None:
        fees, self.fees, cleared = self.fees, [], Decimal(0)
        for fee in fees:
            part = min(amount - cleared, fee.amount - fee.paid)
            cleared += part
            self.fees.append(KnownFee(fee.due_date, fee.amount, fee.paid + part))
        self.payments.append(FeePaid(on, cleared))


histories = st.lists(
    st.tuples(
        st.integers(0, 120), st.sampled_from([0, 500, 2000]), st.sampled_from([0, 1, 7, 30, 45])
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda each: each[0],
).map(lambda found: [terms(at, fee=fee, days=days) for at, fee, days in sorted(found)])


@given(found=histories, limit=st.integers(0, 4), began=st.integers(0, 60))
def test_daily_looks_and_one_late_look_make_the_same_fees(found, limit, began):
    daily, late = Book(found, limit, began), Book(found, limit, began)

    for number in range(200):
        daily.look(day(number))
    late.look(day(199))

    assert late.fees == daily.fees
    assert late.began == daily.began


@given(
    found=histories,
    limit=st.integers(1, 4),
    silent=st.tuples(st.integers(0, 199), st.integers(0, 60)),
    visits=st.dictionaries(st.integers(0, 199), st.integers(1, 4000), max_size=5),
)
def test_a_silence_in_which_earlier_fees_are_paid_changes_nothing(found, limit, silent, visits):
    """As long as a payment finds the fees that were due before it: settlement looks first."""
    daily, patchy = Book(found, limit, 0), Book(found, limit, 0)

    for number in range(200):
        is_silent = silent[0] <= number < silent[0] + silent[1]
        for book in (daily, patchy):
            if book is daily or not is_silent or number in visits:
                book.look(day(number))
            if number in visits:
                book.pay(day(number), Decimal(visits[number]))
    patchy.look(day(199))

    assert patchy.fees == daily.fees


@given(
    limit=st.integers(1, 4),
    until=st.integers(90, 199),
    visits=st.dictionaries(st.integers(91, 199), st.integers(1, 9000), max_size=5),
)
def test_payments_of_fees_made_before_the_silence_decide_as_on_their_own_day(limit, until, visits):
    """Nobody looks from day 90 on; payments clear what there was, and the late look counts them in time."""
    found = [terms(0)]
    late, daily = Book(found, limit, 0), Book(found, limit, 0)
    late.look(day(90))
    daily.look(day(90))
    cleared = Decimal(0)

    for number in range(91, until + 1):
        daily.look(day(number))
        owed_then = sum((fee.amount for fee in late.fees), Decimal(0)) - cleared
        amount = min(Decimal(visits.get(number, 0)), owed_then)
        if amount:
            cleared += amount
            late.pay(day(number), amount)
            daily.pay(day(number), amount)
    late.look(day(until))

    assert [fee.due_date for fee in late.fees] == [fee.due_date for fee in daily.fees]
