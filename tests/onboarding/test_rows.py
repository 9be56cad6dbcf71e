"""Reading a portfolio: every bad cell is told with line, column, value and remedy."""

from decimal import Decimal

import pytest

from onboarding.cells import Problem, Row
from onboarding.rows import COLUMNS, read_rows

GOOD = {
    "first_name": "Neema",
    "last_name": "Bahati",
    "phone": "0754123456",
    "cluster": "Ukerewe",
    "mini_grid": "Ukara",
    "village": "Bwisya",
    "latitude": "-1.85",
    "longitude": "33.05",
    "device_kind": "meter",
    "manufacturer": "demo_meter",
    "serial": "47000100011",
    "tariff": "Household",
    "price_per_kwh": "400",
    "access_fee": "2000",
    "access_fee_days": "30",
    "minimum_purchase": "500",
    "connection_type": "Household",
    "connection_group": "North",
}


def line(delimiter=",", **changes) -> str:
    facts = {**GOOD, **changes}
    return delimiter.join(facts[column] for column in COLUMNS) + "\n"


HEADER = ",".join(COLUMNS) + "\n"


def read(*lines: str, header: str = HEADER) -> tuple[list[Row], list[Problem]]:
    problems: list[Problem] = []
    rows = read_rows([header, *lines], country="TZ", currency="TZS", on_problem=problems.append)
    return list(rows), problems


def only(problems: list[Problem]) -> Problem:
    (problem,) = problems
    return problem


def test_a_good_line_becomes_a_row():
    (row,), problems = read(line())

    assert problems == []
    assert row.customer_key == ("+255754123456", "Neema", "Bahati")
    assert row.place.names == ("Ukerewe", "Ukara", "Bwisya")
    assert row.place.latitude == Decimal("-1.85")
    assert (row.device.kind, row.device.manufacturer, row.device.serial) == (
        "meter",
        "demo_meter",
        "47000100011",
    )
    assert row.tariff.name == "Household"
    assert row.tariff.prices.price_per_kwh == 400
    assert (row.tariff.prices.access_fee, row.tariff.prices.access_fee_days) == (2000, 30)
    assert row.tariff.prices.minimum_purchase == 500


def test_semicolons_byte_order_marks_crlf_and_other_orders_are_read():
    header = "\ufeff" + ";".join(reversed(COLUMNS)) + "\r\n"
    cells = ";".join(GOOD[column] for column in reversed(COLUMNS)) + "\r\n"

    (row,), problems = read(cells, header=header)

    assert problems == []
    assert row.first_name == "Neema"


def test_a_quoted_cell_may_hold_commas_and_line_ends_and_lines_are_counted_on():
    _rows, problems = read(
        *line(cluster='"Ukerewe,\nNorth"').splitlines(keepends=True), "\n", line(phone="no")
    )

    assert only(problems).line == 5


def test_blanks_and_accents_are_read_in_one_spelling():
    (row,), _problems = read(line(first_name="  Ne\u0301e   ma "))

    assert row.first_name == "N\u00e9e ma"


def test_a_customer_may_have_no_device_and_no_tariff():
    blank = dict.fromkeys(COLUMNS[8:], "")

    (row,), problems = read(line(**blank))

    assert problems == []
    assert (row.device, row.tariff) == (None, None)


def test_a_kit_needs_no_tariff():
    blank = dict.fromkeys(
        ("tariff", "price_per_kwh", "access_fee", "access_fee_days", "minimum_purchase"), ""
    )

    (row,), problems = read(line(device_kind="shs", manufacturer="sunking", **blank))

    assert problems == []
    assert row.tariff is None


@pytest.mark.parametrize(
    ("changes", "column", "says"),
    [
        ({"phone": "12"}, "phone", "not a phone number"),
        ({"phone": ""}, "phone", "needed"),
        ({"phone": "2.55754E+11"}, "phone", "Format the column as text"),
        ({"serial": "4,70001E+10".replace(",", ".")}, "serial", "Format the column as text"),
        ({"first_name": "", "last_name": ""}, "last_name", "no name"),
        ({"first_name": "N" * 101}, "first_name", "Longer than 100"),
        ({"first_name": "Ne\x00ema"}, "first_name", "cannot be printed"),
        ({"village": ""}, "village", "needed"),
        ({"latitude": "ninety"}, "latitude", "Not degrees from -90 to 90"),
        ({"latitude": "90.5"}, "latitude", "Not degrees from -90 to 90"),
        ({"longitude": "181"}, "longitude", "Not degrees from -180 to 180"),
        ({"longitude": ""}, "longitude", "or neither"),
        ({"device_kind": "car"}, "device_kind", "Write one of: meter, shs, ebike"),
        ({"device_kind": "ebike"}, "device_kind", "Demo meter makes no device of kind “ebike”"),
        ({"device_kind": ""}, "device_kind", "needed"),
        ({"manufacturer": "acme"}, "manufacturer", "not a manufacturer's plug-in"),
        ({"manufacturer": "airtel"}, "manufacturer", "not a manufacturer's plug-in"),
        ({"manufacturer": ""}, "manufacturer", "needed"),
        ({"serial": ""}, "serial", "needed"),
        ({"serial": "4" * 41}, "serial", "Longer than 40"),
        ({"price_per_kwh": "4oo"}, "price_per_kwh", "not an amount"),
        ({"price_per_kwh": "0"}, "price_per_kwh", "more than 0"),
        ({"price_per_kwh": "-400"}, "price_per_kwh", "not an amount"),
        ({"price_per_kwh": "400.005"}, "price_per_kwh", "finer than the currency"),
        ({"price_per_kwh": "1e3"}, "price_per_kwh", "not an amount"),
        ({"price_per_kwh": "NaN"}, "price_per_kwh", "not an amount"),
        ({"price_per_kwh": ""}, "price_per_kwh", "needs a price per kWh"),
        ({"access_fee": "2 000"}, "access_fee", "not an amount"),
        ({"access_fee_days": ""}, "access_fee_days", "how many days"),
        ({"access_fee_days": "0"}, "access_fee_days", "how many days"),
        ({"access_fee_days": "1.5"}, "access_fee_days", "Not a number of days"),
        ({"access_fee_days": "-30"}, "access_fee_days", "Not a number of days"),
        ({"access_fee_days": "9999"}, "access_fee_days", "Not a number of days"),
        ({"minimum_purchase": "some"}, "minimum_purchase", "not an amount"),
        ({"connection_type": "T" * 101}, "connection_type", "Longer than 100"),
    ],
)
def test_a_bad_cell_is_told_with_its_line_column_and_remedy(changes, column, says):
    rows, problems = read(line(serial="1"), line(**changes))

    assert len(rows) == 1
    problem = next(each for each in problems if each.column == column)
    assert problem.line == 3
    assert says in problem.message
    assert str(problem).startswith(f"line 3, {column}")


def test_a_meter_needs_a_tariff():
    blank = dict.fromkeys(
        ("tariff", "price_per_kwh", "access_fee", "access_fee_days", "minimum_purchase"), ""
    )

    _rows, problems = read(line(**blank))

    assert only(problems).column == "tariff"


def test_a_price_needs_the_name_of_its_tariff():
    _rows, problems = read(line(tariff=""))

    assert {each.column for each in problems} == {
        "price_per_kwh",
        "access_fee",
        "access_fee_days",
        "minimum_purchase",
    }


def test_every_bad_cell_of_every_line_is_told():
    rows, problems = read(line(phone="no", price_per_kwh="x"), line(), line(latitude="y"))

    assert len(rows) == 1
    assert [(each.line, each.column) for each in problems] == [
        (2, "phone"),
        (2, "price_per_kwh"),
        (4, "latitude"),
    ]


@pytest.mark.parametrize("more", [",surplus", None])
def test_a_line_with_too_many_or_too_few_cells_is_told(more):
    good = line().strip()
    rows, problems = read((good + more if more else good.rsplit(",", 1)[0]) + "\n")

    assert rows == []
    assert "cells" in only(problems).message


def test_columns_that_are_unknown_missing_or_twice_are_told_and_nothing_is_read():
    header = ",".join(["phone", "phone", "colour", *COLUMNS[3:]]) + "\n"

    rows, problems = read(line(), header=header)

    assert rows == []
    assert {each.column for each in problems} == {"phone", "colour", "first_name", "last_name"}
    assert {each.line for each in problems} == {1}


def test_an_empty_file_is_told():
    rows, problems = read(header="")

    assert rows == []
    assert "must name the columns" in only(problems).message


def test_broken_quoting_is_told_where_it_breaks():
    rows, problems = read(line(), line(first_name='"Neema" Bahati"'))

    assert len(rows) == 1
    assert (only(problems).line, only(problems).column) == (3, "")
