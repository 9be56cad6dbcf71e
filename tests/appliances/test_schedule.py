"""Plans add up, whatever their numbers."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliances.schedule import (
    DownPaymentAbovePrice,
    InstalmentTooSmall,
    NotAPeriod,
    Period,
    PlanTooLong,
    PriceNotPositive,
    WrongNumberOfInstalments,
    parse_period,
    schedule,
)

NEW_YEAR = dt.date(2027, 1, 1)
SOLD_ON = dt.date(2026, 12, 1)
CENT = Decimal("0.01")


def plan(price="108000", down="0", count=12, every="30d", first=NEW_YEAR, quantum=CENT):
    return schedule(
        price=Decimal(price),
        down_payment=Decimal(down),
        count=count,
        every=parse_period(every),
        first_due=first,
        sold_on=SOLD_ON,
        quantum=quantum,
    )


def test_a_price_that_divides_gives_even_instalments_one_period_apart():
    parts = plan()

    assert [part.number for part in parts] == list(range(1, 13))
    assert {part.cost for part in parts} == {Decimal(9000)}
    assert {part.days for part in parts} == {30}
    assert [part.due_date for part in parts][:3] == [
        NEW_YEAR,
        dt.date(2027, 1, 31),
        dt.date(2027, 3, 2),
    ]


def test_the_last_instalment_takes_the_rest():
    parts = plan(price="100", count=3)

    assert [part.cost for part in parts] == [Decimal("33.33"), Decimal("33.33"), Decimal("33.34")]


def test_a_currency_without_decimals_has_none_in_its_instalments():
    parts = plan(price="100", count=3, quantum=Decimal(1))

    assert [part.cost for part in parts] == [33, 33, 34]


def test_a_down_payment_is_the_first_part_due_on_the_day_of_the_sale_and_earns_no_days():
    parts = plan(down="8000", count=10)

    first, second = parts[:2]
    assert (first.number, first.due_date, first.cost, first.days) == (0, SOLD_ON, 8000, 0)
    assert (second.number, second.due_date, second.cost, second.days) == (1, NEW_YEAR, 10000, 30)


def test_a_down_payment_is_never_due_after_the_first_instalment():
    parts = plan(down="8000", count=10, first=dt.date(2026, 11, 1))

    assert parts[0].due_date == dt.date(2026, 11, 1)


def test_a_down_payment_of_the_whole_price_leaves_no_instalments():
    parts = plan(down="108000", count=0)

    assert [(part.number, part.cost) for part in parts] == [(0, 108000)]


def test_months_end_on_their_last_day_and_earn_their_own_length():
    parts = plan(count=4, every="1m", first=dt.date(2027, 1, 31))

    assert [part.due_date for part in parts] == [
        dt.date(2027, 1, 31),
        dt.date(2027, 2, 28),
        dt.date(2027, 3, 31),
        dt.date(2027, 4, 30),
    ]
    assert [part.days for part in parts] == [28, 31, 30, 31]


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("30d", Period(30)),
        ("2w", Period(14)),
        ("1m", Period(1, is_months=True)),
        (" 7d ", Period(7)),
    ],
)
def test_a_period_is_a_number_and_a_letter(text, period):
    assert parse_period(text) == period


@pytest.mark.parametrize(
    "text", ["", "d", "0d", "-1d", "30", "30 days", "1y", "1.5m", "٣d", "99999d"]
)
def test_anything_else_is_no_period(text):
    with pytest.raises(NotAPeriod):
        parse_period(text)


@pytest.mark.parametrize(
    ("numbers", "refusal"),
    [
        ({"price": "0"}, PriceNotPositive),
        ({"down": "-1"}, PriceNotPositive),
        ({"down": "108001"}, DownPaymentAbovePrice),
        ({"count": 0}, WrongNumberOfInstalments),
        ({"count": 1001}, WrongNumberOfInstalments),
        ({"down": "108000", "count": 1}, WrongNumberOfInstalments),
        ({"price": "0.05", "count": 6}, InstalmentTooSmall),
        ({"count": 1000, "every": "9999d"}, PlanTooLong),
        ({"count": 1000, "every": "9999m"}, PlanTooLong),
    ],
)
def test_numbers_that_make_no_plan_are_refused(numbers, refusal):
    with pytest.raises(refusal):
        plan(**numbers)


@given(
    cents=st.integers(1, 10**10),
    share=st.integers(0, 99),
    count=st.integers(1, 120),
    every=st.one_of(
        st.builds(Period, st.integers(1, 90)),
        st.builds(Period, st.integers(1, 6), is_months=st.just(True)),
    ),
    first=st.dates(dt.date(2020, 1, 1), dt.date(2100, 1, 1)),
)
def test_parts_add_up_to_the_price_and_days_to_the_length_of_the_plan(
    cents, share, count, every, first
):
    price = Decimal(cents) * CENT
    down = (price * share / 100).quantize(CENT)
    if (price - down) < count * CENT or down == price:
        return

    parts = schedule(
        price=price,
        down_payment=down,
        count=count,
        every=every,
        first_due=first,
        sold_on=SOLD_ON,
        quantum=CENT,
    )

    assert sum(part.cost for part in parts) == price
    assert all(part.cost > 0 for part in parts)
    assert all(part.cost % CENT == 0 for part in parts)
    assert [part.due_date for part in parts] == sorted(part.due_date for part in parts)
    assert sum(part.days for part in parts) == (every.after(first, count) - first).days
