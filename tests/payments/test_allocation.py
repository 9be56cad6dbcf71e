"""The split: the worked cases as a table, the rules as properties."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal as D
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.allocation import (
    Energy,
    Fee,
    Instalment,
    Nothing,
    PlanDays,
    Service,
    Terms,
    days_earned,
    split_payment,
)

TZS = Terms("TZS")
METER = Energy(price=D(400), resolution=D("0.1"))
DAY = dt.date(2026, 11, 23)


def split(amount, *, credit="0", debts=(), fees=(), target=METER, terms=TZS):
    return split_payment(
        amount=D(amount),
        device_credit=D(credit),
        debts=debts,
        fees=fees,
        target=target,
        terms=terms,
    )


def due(amount, *, id=1, plan=1, number=1, days=0, paid="0", on=DAY):
    return Instalment(id, plan, number, on, D(amount), D(paid), days)


@pytest.mark.parametrize(
    ("amount", "credit", "price", "kwh", "cost", "credit_change"),
    [
        ("5000", "0", "400", "12.5", "5000", "0"),
        ("4999", "0", "400", "12.4", "4960", "39"),
        ("4961", "39", "400", "12.5", "5000", "-39"),
        ("4320", "0", "350.55", "12.3", "4311.77", "8.23"),
        ("100", "0", "2350", "0.0", "0", "100"),
    ],
)
def test_energy_is_the_floor_and_the_rest_stays_as_credit(
    amount, credit, price, kwh, cost, credit_change
):
    result = split(amount, credit=credit, target=Energy(D(price), D("0.1")))

    assert (result.quantity, result.cost) == (D(kwh), D(cost))
    assert result.device_credit == D(credit_change)
    assert result.parts_total == D(amount)


def test_debts_come_first_then_energy():
    result = split("20000", debts=[due("15000")], fees=[Fee(1, DAY, D(2000))])

    assert [p.amount for p in result.instalments] == [D(15000)]
    assert [p.amount for p in result.fees] == [D(2000)]
    assert (result.quantity, result.cost) == (D("7.5"), D(3000))


def test_a_payment_may_go_wholly_to_debts():
    result = split("5000", debts=[due("6000")])

    assert [p.amount for p in result.instalments] == [D(5000)]
    assert (result.quantity, result.cost, result.device_credit) == (0, 0, 0)


def test_the_share_for_old_debts_is_a_ceiling():
    result = split("5000", debts=[due("6000")], terms=Terms("TZS", share_percent=50))

    assert [p.amount for p in result.instalments] == [D(2500)]
    assert (result.quantity, result.cost, result.device_credit) == (D("6.2"), D(2480), D(20))


def test_fees_can_come_before_instalments():
    terms = Terms("TZS", share_percent=50, fees_first=True)

    result = split("1000", debts=[due("600")], fees=[Fee(1, DAY, D(400))], terms=terms)

    assert [p.amount for p in result.fees] == [D(400)]
    assert [p.amount for p in result.instalments] == [D(100)]


def test_the_oldest_debt_is_cleared_first():
    late, early = due("300", id=1, on=DAY), due("300", id=2, plan=2, on=DAY - dt.timedelta(9))

    result = split("400", debts=[late, early])

    assert [(p.id, p.amount) for p in result.instalments] == [(2, D(300)), (1, D(100))]


def kit(*, paid="0", ordered=0, can_unlock=True, carried=0):
    rows = [
        due("9000", id=n, number=n, days=30, on=DAY + dt.timedelta(30 * n)) for n in range(1, 13)
    ]
    money, filled = D(paid), []
    for row in rows:
        part = min(money, row.cost)
        filled.append(replace(row, paid=part))
        money -= part
    return PlanDays(filled, ordered, carried, can_unlock)


@pytest.mark.parametrize(
    ("paid_before", "ordered", "amount", "days"),
    [("0", 0, "100", 0), ("100", 0, "200", 1), ("300", 1, "4200", 14), ("0", 0, "4000", 13)],
)
def test_days_of_a_plan_are_the_floor_of_a_running_sum(paid_before, ordered, amount, days):
    result = split(amount, target=kit(paid=paid_before, ordered=ordered))

    assert (result.quantity, result.cost) == (days, 0)
    assert sum(p.amount for p in result.plan) == D(amount)


def test_days_are_exact_where_binary_floats_are_not():
    target = PlanDays([due("11", days=30)], 0)

    assert split("11", target=target).quantity == 30


def test_a_paid_plan_frees_the_kit_and_the_rest_belongs_to_the_customer():
    result = split("1500", target=kit(paid="107000", ordered=350))

    assert (result.unlock, result.is_plan_paid, result.quantity) == (True, True, 0)
    assert (result.customer_credit, result.device_credit) == (D(500), 0)


def test_a_kit_that_cannot_be_freed_gets_its_last_days():
    result = split("1500", target=kit(paid="107000", ordered=350, can_unlock=False))

    assert (result.unlock, result.quantity, result.customer_credit) == (False, 10, D(500))


def test_a_service_sells_whole_days():
    result = split("1000", target=Service(D(300)))

    assert (result.quantity, result.cost, result.device_credit) == (3, D(900), D(100))


def test_a_device_without_a_price_keeps_the_money_as_credit():
    assert split("700", target=Nothing()).device_credit == D(700)
    assert split("700", target=Nothing(is_paid_off=True)).customer_credit == D(700)


amounts = st.integers(0, 10**8).map(lambda cents: D(cents) / 100)
prices = st.integers(1, 10**6).map(lambda n: D(n) / 10**4)
debt_rows = st.lists(
    st.tuples(st.integers(1, 10**7), st.integers(0, 400), st.integers(1, 5)), max_size=6
)


@given(amounts, amounts, debt_rows, debt_rows, prices, st.integers(0, 100), st.booleans())
def test_parts_add_up_and_nothing_is_negative(
    amount, credit, debts, fees, price, share, fees_first
):
    rows = [
        due(D(c) / 100, id=i, plan=p, on=DAY - dt.timedelta(d)) for i, (c, d, p) in enumerate(debts)
    ]
    fee_rows = [Fee(i, DAY - dt.timedelta(d), D(c) / 100) for i, (c, d, _) in enumerate(fees)]

    result = split(
        amount,
        credit=credit,
        debts=rows,
        fees=fee_rows,
        target=Energy(price, D("0.1")),
        terms=Terms("TZS", share, fees_first),
    )

    assert result.parts_total == amount
    assert result.debts_paid <= amount * share / 100
    assert min(result.quantity, result.cost, credit + result.device_credit) >= 0
    assert result.quantity % D("0.1") == 0
    assert result.quantity * price <= result.cost < result.quantity * price + D("0.01")
    assert credit + result.device_credit < price * D("0.1") + D("0.01")


@given(debt_rows, amounts)
def test_no_younger_debt_is_touched_before_an_older_one_is_cleared(debts, amount):
    rows = [
        due(D(c) / 100, id=i, plan=p, on=DAY - dt.timedelta(d)) for i, (c, d, p) in enumerate(debts)
    ]

    paid = {p.id: p.amount for p in split(amount, debts=rows).instalments}

    oldest_first = sorted(rows, key=lambda r: (r.due_date, r.plan_id, r.number))
    is_cleared = [paid.get(r.id, D(0)) == r.open for r in oldest_first]
    assert is_cleared == sorted(is_cleared, reverse=True)


plans = st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 90)), min_size=1, max_size=6)


@given(plans, st.lists(st.integers(0, 10**6), max_size=20))
def test_days_over_any_sequence_of_payments_are_those_of_one_payment(plan, payments):
    rows = [
        due(D(cost) / 100, id=n, number=n, days=days, on=DAY + dt.timedelta(n))
        for n, (cost, days) in enumerate(plan)
    ]
    ordered = 0
    for cents in payments:
        result = split(D(cents) / 100, target=PlanDays(rows, ordered))
        by_id = {p.id: p.amount for p in result.plan}
        rows = [replace(r, paid=r.paid + by_id.get(r.id, 0)) for r in rows]
        ordered += int(result.quantity)
        assert result.parts_total == D(cents) / 100

    paid = sum(r.paid for r in rows)
    total = sum((Fraction(r.cost) for r in rows), Fraction(0))
    assert paid == min(Fraction(sum(payments), 100), total)
    assert ordered == days_earned(rows)


@given(prices, st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_energy_over_any_sequence_of_payments_loses_nothing(price, payments):
    credit, spent = D(0), D(0)
    for cents in payments:
        result = split(D(cents) / 100, credit=credit, target=Energy(price, D("0.1")))
        credit += result.device_credit
        spent += result.cost

    assert spent + credit == D(sum(payments)) / 100
    assert 0 <= credit
