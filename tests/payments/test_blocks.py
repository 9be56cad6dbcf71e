"""Energy at more than one price: the allowance first, to the maker's step, and never more than the money."""

from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.allocation import Allowance, Energy, Terms, split_payment

D = Decimal
TZS, UGX = Terms("TZS"), Terms("UGX")
NORMAL, CHEAP, STEP = D(400), D(100), D("0.1")


def buy(amount, *, left="10", cheap=CHEAP, price=NORMAL, step=STEP, credit="0", terms=TZS):
    return split_payment(
        amount=D(amount),
        device_credit=D(credit),
        debts=[],
        fees=[],
        target=Energy(D(price), D(step), "Day", Allowance(D(left), D(cheap))),
        terms=terms,
    )


def blocks(result):
    return [(str(b.kwh), str(b.price), b.is_allowance) for b in result.blocks]


@pytest.mark.parametrize(
    ("amount", "left", "kwh", "cost", "of_allowance"),
    [
        ("500", "10", "5.0", "500", "5.0"),  # within the allowance
        ("1000", "10", "10.0", "1000", "10"),  # all of it
        ("5000", "10", "20.0", "5000", "10"),  # 10 × 100 + 10 × 400
        ("5000", "0", "12.5", "5000", "0"),  # used up: as without one
        ("5000", "2.5", "14.3", "4970", "2.5"),  # 250 + 11.8 × 400, 30 stay
        ("45", "0.05", "0.1", "25", "0.05"),  # a step across the border: 0.05 × 100 + 0.05 × 400
    ],
)
def test_what_is_left_of_the_allowance_comes_first(amount, left, kwh, cost, of_allowance):
    result = buy(amount, left=left)

    assert (result.quantity, result.cost) == (D(kwh), D(cost))
    assert result.allowance_kwh == D(of_allowance)
    assert result.device_credit == D(amount) - D(cost)
    assert result.parts_total == D(amount)


def test_the_blocks_say_what_was_bought_at_which_price():
    result = buy("5000")

    assert blocks(result) == [("10", "100", True), ("10.0", "400", False)]
    assert [b.amount for b in result.blocks] == [D(1000), D(4000)]
    assert [b.band for b in result.blocks] == ["", "Day"]


def test_an_allowance_that_is_not_cheaper_at_this_hour_is_left_for_another():
    result = buy("500", price="90")

    assert (result.allowance_kwh, result.price) == (0, D(90))
    assert blocks(result) == [("5.5", "90", False)]


def test_the_cost_of_all_blocks_is_rounded_up_once():
    result = buy("1000", left="0.3", cheap="33.33", price="350.55")

    exact = D("0.3") * D("33.33") + (result.quantity - D("0.3")) * D("350.55")
    assert result.cost == exact.quantize(D("0.01"), ROUND_CEILING)
    assert sum(b.amount for b in result.blocks) == result.cost


amounts = st.integers(0, 10**7)
prices = st.integers(1, 10**7).map(lambda n: D(n) / 10**4)
lefts = st.integers(0, 10**6).map(lambda n: D(n) / 10**4)
steps = st.sampled_from([D(1), D("0.1"), D("0.01"), D("0.001")])
currencies = st.sampled_from([TZS, UGX])


def grid(number, terms):
    return D(number) / 100 if terms is TZS else D(number)


@given(amounts, amounts, lefts, prices, prices, steps, currencies)
def test_nothing_is_lost_negative_or_above_the_money(paid, held, left, cheap, price, step, terms):
    amount, credit = grid(paid, terms), grid(held, terms)

    result = buy(amount, left=left, cheap=cheap, price=price, step=step, credit=credit, terms=terms)

    exact = sum((Fraction(b.kwh) * Fraction(b.price) for b in result.blocks), Fraction(0))
    smallest = Fraction(grid(1, terms))
    assert result.parts_total == amount
    assert credit + result.device_credit >= 0
    assert exact <= result.cost < exact + smallest
    assert sum((b.kwh for b in result.blocks), D(0)) == result.quantity
    assert sum((b.amount for b in result.blocks), D(0)) == result.cost
    assert all(b.kwh > 0 and b.amount >= 0 for b in result.blocks)
    assert result.quantity % step == 0
    assert result.allowance_kwh <= left
    # One step more would cost more than there is.
    more = result.quantity + step
    within = min(more, left) if cheap < price else D(0)
    assert within * cheap + (more - within) * price > amount + credit


@given(amounts, amounts, lefts, prices, prices, steps)
def test_more_money_never_gives_less_energy(one, other, left, cheap, price, step):
    less, more = sorted((one, other))

    few = buy(grid(less, TZS), left=left, cheap=cheap, price=price, step=step)
    many = buy(grid(more, TZS), left=left, cheap=cheap, price=price, step=step)

    assert few.quantity <= many.quantity
    assert few.allowance_kwh <= many.allowance_kwh


@given(amounts, lefts, prices, prices, steps)
def test_an_allowance_never_gives_less_than_none(amount, left, cheap, price, step):
    money = grid(amount, TZS)

    with_it = buy(money, left=left, cheap=cheap, price=price, step=step)
    without = buy(money, left="0", cheap=cheap, price=price, step=step)

    assert with_it.quantity >= without.quantity


@given(st.lists(st.integers(0, 10**5), min_size=1, max_size=12), lefts, prices, prices)
def test_many_small_payments_use_the_allowance_once(payments, left, cheap, price):
    credit, used, spent = D(0), D(0), D(0)
    for each in payments:
        result = buy(grid(each, TZS), left=left - used, cheap=cheap, price=price, credit=credit)
        credit += result.device_credit
        used += result.allowance_kwh
        spent += result.cost

    assert used <= left
    assert spent + credit == grid(sum(payments), TZS)
