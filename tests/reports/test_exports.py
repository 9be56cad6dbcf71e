"""Lists as files, safe to open in a spreadsheet."""

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from django.utils import translation
from django.utils.dates import WEEKDAYS
from openpyxl import load_workbook

from common.words import _
from reports.exports import Column, export, neutral

COLUMNS = [
    Column(_("Name"), lambda row: row[0]),
    Column(_("Amount"), lambda row: row[1]),
    Column("At", lambda row: row[2]),
]
AT = dt.datetime(2026, 11, 23, 11, 2, 7, 999, tzinfo=dt.UTC)
EVIL = '=HYPERLINK("http://x","y")'


def body(response):
    return b"".join(response.streaming_content)


def csv_rows(response):
    return list(csv.reader(io.StringIO(body(response).decode("utf-8-sig"))))


def xlsx_sheet(response):
    return load_workbook(io.BytesIO(body(response))).active


def test_csv_has_headings_plain_numbers_and_the_companys_time(jua):
    rows = csv_rows(export([("Neema", Decimal("10000.0000"), AT)], COLUMNS, "list", "csv"))
    assert rows == [["Name", "Amount", "At"], ["Neema", "10000", "2026-11-23 14:02:07"]]


def test_the_file_is_named_for_its_list_and_day(jua):
    response = export([], COLUMNS, "customers", "csv")
    assert response.headers["Content-Disposition"].startswith('attachment; filename="customers-20')


@pytest.mark.parametrize("text", [EVIL, "+1+1", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1"])
def test_no_cell_of_a_csv_starts_a_formula(jua, text):
    rows = csv_rows(export([(text, None, None)], COLUMNS, "list", "csv"))
    assert rows[1][0].startswith("'")


@pytest.mark.parametrize(
    ("text", "safe"),
    [("x;=1", "x;'=1"), ("x\t +1", "x\t '+1"), ("x\n@a", "x\n'@a"), ("x; y-1", "x; y-1")],
)
def test_no_cell_starts_a_formula_where_other_signs_end_cells(text, safe):
    assert neutral(text) == safe


@pytest.mark.parametrize("text", ["+255 754 123 456", "Neema", "0754 123 456", "a=b"])
def test_harmless_text_stays_as_it_is(text):
    assert neutral(text) == text


def test_a_formula_in_xlsx_is_text(jua):
    sheet = xlsx_sheet(export([(EVIL, Decimal("5.5"), AT)], COLUMNS, "list", "xlsx"))
    assert sheet["A2"].value == EVIL
    assert sheet["A2"].data_type != "f"
    assert sheet["B2"].value == 5.5
    assert sheet["C2"].value == dt.datetime(2026, 11, 23, 14, 2, 7)  # noqa: DTZ001


def test_control_characters_do_not_break_a_workbook(jua):
    sheet = xlsx_sheet(export([("a\x00b\x07", None, None)], COLUMNS, "list", "xlsx"))
    assert sheet["A2"].value == "ab"


def test_rows_are_read_while_they_are_sent(jua):
    read = []

    def rows():
        for number in range(1500):
            read.append(number)
            yield (str(number), number, None)

    response = export(rows(), COLUMNS, "list", "csv")
    assert read == []
    next(iter(response.streaming_content))
    next(iter(response.streaming_content))
    assert 0 < len(read) < 1500


def test_words_in_cells_are_of_the_language_that_asked(jua):
    columns = [Column("x", lambda row: WEEKDAYS[row])]
    with translation.override("fr"):
        response = export([0], columns, "list", "csv")
    assert csv_rows(response)[1] == ["lundi"]


def test_another_format_is_refused(jua):
    with pytest.raises(ValueError):
        export([], COLUMNS, "list", "pdf")
