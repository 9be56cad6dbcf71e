"""Small translations that many vendors share."""

from decimal import Decimal

import pytest

from plugins.wire import is_about_account, json_number


@pytest.mark.parametrize(
    ("quantity", "written"), [("12.5", "12.5"), ("10", "10"), ("10.000", "10"), ("0.1", "0.1")]
)
def test_a_quantity_is_written_in_its_shortest_form(quantity: str, written: str) -> None:
    assert str(json_number(Decimal(quantity))) == written


@pytest.mark.parametrize(
    "reason",
    ["The prepaid balance is used up", "Insufficient funds", "User or password wrong", "Login"],
)
def test_words_about_the_account_are_heard(reason: str) -> None:
    assert is_about_account(reason)


@pytest.mark.parametrize(
    "reason", ["", "Amount error", "Meter 470 is not registered to this company", "No customer"]
)
def test_words_about_a_meter_outweigh_them(reason: str) -> None:
    assert not is_about_account(reason)
