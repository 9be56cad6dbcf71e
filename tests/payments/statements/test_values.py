"""Cells: what they mean, in every style that an operator or a spreadsheet writes."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.statements.values import (
    DateOrder,
    DecimalStyle,
    amount_of,
    bare,
    date_order,
    decimal_style,
    is_spoiled,
    key_of,
    moment_of,
)

POINT, COMMA = DecimalStyle.POINT, DecimalStyle.COMMA
ZONE = "Africa/Dar_es_Salaam"
AMOUNTS = [
    ("5000", POINT, "5000"),
    ("1,234.50", POINT, "1234.50"),
    ("1.234,50", COMMA, "1234.50"),
    ("1 234,50", COMMA, "1234.50"),
    ("1\u202f234\u00a0567,5", COMMA, "1234567.5"),
    ("1'234.50", POINT, "1234.50"),
    ("TZS 1,234.50", POINT, "1234.50"),
    ("1.250,00MT", COMMA, "1250.00"),
    ("-50.00", POINT, "-50"),
    ("50.00-", POINT, "-50"),
    ("(50.00)", POINT, "-50"),
    ("−50", POINT, "-50"),
    ("TZS -1,000", POINT, "-1000"),
    ("1,000 DR", POINT, "-1000"),
    ("1,000 CR", POINT, "1000"),
    (Decimal("7.5"), COMMA, "7.5"),
    ("1,234.50", COMMA, None),
    ("1.234.50", POINT, None),
    ("12,34", POINT, None),
    ("", POINT, None),
    ("n/a", POINT, None),
    ("5 of 6", POINT, None),
    ("5; 6", POINT, None),
    ("9" * 40, POINT, None),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "style", "amount"), AMOUNTS)
def test_an_amount_is_read_in_its_style_or_not_at_all(cell, style, amount):
    assert amount_of(cell, style) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("values", "style"),
    [
        (["1,234.50", "700"], POINT),
        (["1.234,50", "700"], COMMA),
        (["700", "12,5"], COMMA),
        (["700", "12.5", "1,000"], POINT),
        (["1 000,00"], COMMA),
        (["700", "800"], POINT),
        ([Decimal(5)], POINT),
        ([], POINT),
    ],
)
def test_the_style_is_what_the_values_can_only_mean(values, style):
    assert decimal_style(values) == style


@given(st.decimals(min_value=0, max_value=10**9, places=2), st.sampled_from([POINT, COMMA]))
def test_what_is_written_in_a_style_is_read_in_it(amount, style):
    text = f"{amount:,.2f}"
    if style == COMMA:
        text = text.translate(str.maketrans(",.", ".,"))

    assert decimal_style([text]) == style
    assert amount_of(text, style) == amount


MOMENTS = [
    ("31/10/2026 14:02:07", "", "dmy", "2026-10-31T14:02:07", True),
    ("31-10-26 14:02", "", "dmy", "2026-10-31T14:02:00", True),
    ("10/31/2026 2:02 PM", "", "mdy", "2026-10-31T14:02:00", True),
    ("2026-10-31T14:02:07", "", "ymd", "2026-10-31T14:02:07", True),
    ("2026-10-31", "14:02:07", "dmy", "2026-10-31T14:02:07", True),
    ("31 Oct 2026", "", "dmy", "2026-10-31T00:00:00", False),
    ("31-Oct-2026 12:05:00 AM", "", "dmy", "2026-10-31T00:05:00", True),
    ("31 outubro 2026, 14h02", "", "dmy", "2026-10-31T14:02:00", True),
    ("20261031140207", "", "dmy", "2026-10-31T14:02:07", True),
    ("20261031", "", "dmy", "2026-10-31T00:00:00", False),
    (dt.datetime(2026, 10, 31, 14, 2, 7), "", "mdy", "2026-10-31T14:02:07", True),  # noqa: DTZ001
    (Decimal("46326.585"), "", "dmy", "2026-10-31T14:02:24", True),
    ("31/10/2026 25:99", "", "dmy", "2026-10-31T00:00:00", False),
    ("31/13/2026", "", "dmy", None, None),
    ("yesterday", "", "dmy", None, None),
    ("", "14:02", "dmy", None, None),
    ("5000", "", "dmy", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "time", "order", "moment", "has_time"), MOMENTS)
def test_a_moment_is_read_in_the_companys_zone(cell, time, order, moment, has_time):
    found = moment_of(cell, time, DateOrder(order), ZONE)

    if moment is None:
        assert found is None
    else:
        assert found is not None
        assert (
            f"{found[0].astimezone(dt.timezone(dt.timedelta(hours=3))):%Y-%m-%dT%H:%M:%S}" == moment
        )
        assert found[1] is has_time


@pytest.mark.parametrize("zone", ["Z", "+00:00", "UTC"])
def test_a_zone_that_is_written_counts(zone):
    found = moment_of(f"2026-10-31 11:02:07 {zone}", "", DateOrder.YMD, ZONE)

    assert found == (dt.datetime(2026, 10, 31, 11, 2, 7, tzinfo=dt.UTC), True)


@pytest.mark.parametrize(
    ("values", "order"),
    [
        (["31/10/2026", "1/11/2026"], "dmy"),
        (["10/31/2026", "11/1/2026"], "mdy"),
        (["2026/10/31"], "dmy"),  # the year in front decides by itself
        (["01/11/2026", "02/11/2026", "03/11/2026"], "dmy"),
        (["11/01/2026", "11/02/2026", "11/03/2026"], "mdy"),
        (["12/11/2026"], "dmy"),  # not in the future
        ([], "dmy"),
    ],
)
def test_the_order_of_a_date_is_what_all_values_allow(values, order):
    assert date_order(values, latest=dt.date(2026, 11, 25)) == DateOrder(order)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MP261025.1830.A12345", " mp261025.1830.a12345 "),
        ("'1234567890", "1234567890"),
        ("0012345", "12345"),
        ("123456789.0", "123456789"),
        ("AB 12 CD", "AB12CD"),
        ("\ufeffAB12\u200b", "ab12"),
    ],
)
def test_two_spellings_of_a_reference_are_one(one, other):
    assert key_of(one) == key_of(other) != ""


@pytest.mark.parametrize("text", ["1.23E+11", "1,23e+11", " 4.7E+16"])
def test_digits_that_a_spreadsheet_lost_are_seen(text):
    assert is_spoiled(text)
    assert not is_spoiled("1E23ABC")
    assert not is_spoiled("9E12")


@given(st.text(max_size=40))
def test_any_text_has_a_key_and_no_cell_breaks_the_reading(text):
    assert key_of(text) == key_of(bare(text))
    amount_of(text, POINT)
    moment_of(text, text, DateOrder.DMY, ZONE)
    decimal_style([text])
    date_order([text], latest=dt.date(2026, 11, 25))
