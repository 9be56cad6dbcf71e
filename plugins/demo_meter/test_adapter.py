"""Pretend meters: tokens that are made here, the same for the same order."""

import dataclasses
from decimal import Decimal

import pytest

from plugins.contracts import Unit
from plugins.demo_meter.adapter import DemoMeter
from plugins.testing import adapter_for, load_exchange, order_from

ORDER = order_from(__file__, "issue_token_ok")
NOTHING = dataclasses.replace(ORDER, quantity=Decimal(0))


@pytest.fixture
def demo() -> DemoMeter:
    return adapter_for(DemoMeter, **load_exchange(__file__, "settings"))


def test_issue_token_makes_twenty_digits(demo: DemoMeter) -> None:
    issued = demo.issue_token(ORDER)

    assert issued.token == load_exchange(__file__, "issue_token_ok")["issued"]
    assert len(issued.token) == 20
    assert issued.token.isdigit()
    assert (issued.quantity, issued.unit) == (Decimal("12.5"), Unit.KWH)


def test_the_same_order_makes_the_same_token_however_its_quantity_is_written(
    demo: DemoMeter,
) -> None:
    again = dataclasses.replace(ORDER, quantity=Decimal("12.500"))

    assert demo.issue_token(again).token == demo.issue_token(ORDER).token


@pytest.mark.parametrize(
    "change",
    [{"reference": "01JZ2M8Q5W"}, {"serial": "47000100012"}, {"quantity": Decimal("12.4")}],
)
def test_another_order_makes_another_token(demo: DemoMeter, change: dict[str, object]) -> None:
    other = dataclasses.replace(ORDER, **change)

    assert demo.issue_token(other).token != demo.issue_token(ORDER).token


def test_another_seed_makes_other_tokens(demo: DemoMeter) -> None:
    elsewhere = adapter_for(DemoMeter, seed="taa")

    assert elsewhere.issue_token(ORDER).token != demo.issue_token(ORDER).token


def test_many_orders_make_as_many_tokens_and_some_begin_with_zero(demo: DemoMeter) -> None:
    orders = [dataclasses.replace(ORDER, reference=f"order-{n}") for n in range(300)]

    tokens = {demo.issue_token(order).token for order in orders}

    assert len(tokens) == 300
    assert {len(token) for token in tokens} == {20}
    assert any(token.startswith("0") for token in tokens)


def test_unlocking_and_clearing_make_tokens_of_their_own_without_a_quantity(
    demo: DemoMeter,
) -> None:
    unlocked, cleared = demo.unlock(NOTHING), demo.clear_credit(NOTHING)

    assert len({demo.issue_token(ORDER).token, unlocked.token, cleared.token}) == 3
    assert (unlocked.quantity, cleared.quantity) == (None, None)


def test_checking_says_that_there_is_nobody_to_ask(demo: DemoMeter) -> None:
    assert "tokens are made here" in demo.check()
