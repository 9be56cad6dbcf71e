"""Files as people upload them: every encoding, a spreadsheet's habits, and what is refused unread."""

import io
import zipfile
from decimal import Decimal

import pytest

from common import sheets
from common.sheets import NotASheet, open_table, text_of
from tests.payments.statements.makers import as_csv, as_xlsx, paid

TEXT = "Transaction ID;Nome;Valor\nA1;Conceição;1.250,50\n"


def rows(content):
    return [
        (number, [text_of(cell) for cell in cells]) for number, cells in open_table(content).rows()
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_any_common_encoding_is_read(encoding):
    assert rows(TEXT.encode(encoding))[1] == (2, ["A1", "Conceição", "1.250,50"])


@pytest.mark.parametrize(("encoding", "is_guessed"), [("utf-8", False), ("cp1252", True)])
def test_an_encoding_that_the_file_does_not_say_is_known_to_be_a_guess(encoding, is_guessed):
    assert open_table(TEXT.encode(encoding)).is_guessed == is_guessed


@pytest.mark.parametrize("delimiter", list(",;\t|"))
def test_any_common_delimiter_is_found(delimiter):
    content = as_csv([paid(1), paid(2)], delimiter=delimiter, titles=["Airtel, Money; of Jua"])

    assert rows(content)[1][1][0] == "Transaction ID"
    assert len(rows(content)[2][1]) == 8


def test_a_cell_may_hold_line_ends_quotes_and_delimiters():
    content = b'Receipt,Details\nA1,"Paid\nby ""Neema"", in cash"\nA2,x\n'

    assert rows(content) == [
        (1, ["Receipt", "Details"]),
        (3, ["A1", 'Paid by "Neema", in cash']),
        (4, ["A2", "x"]),
    ]


def test_rows_of_blanks_are_passed_over_and_the_others_keep_their_numbers():
    assert [number for number, _ in rows(b"a,b\n\n,,\n 1,2\n")] == [1, 4]


def test_a_workbook_is_read_as_it_is_shown():
    book = as_xlsx(
        [["A1", 5000, 1250.5, 4.7e16, True, None]], headings=["a", "b", "c", "d", "e", "f"]
    )

    assert rows(book)[1] == (2, ["A1", "5000", "1250.5", "4.70000E+16", "True"])


def rezipped(change):
    """A workbook with its parts changed by ``change(name, content)``."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(as_xlsx([paid(1)]))) as book,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in book.namelist():
            new.writestr(name, change(name, book.read(name)))
    return made.getvalue()


def bomb():
    return rezipped(
        lambda name, content: b"0" * (160 * sheets.MEGABYTE) if "sheet1" in name else content
    )


def with_entities(prolog):
    evil = b'<?xml version="1.0"?>' + prolog + b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'
    return rezipped(
        lambda name, content: evil + content.partition(b"?>")[2] if "sheet1" in name else content
    )


def locked():
    content = bytearray(as_xlsx([paid(1)]))
    return bytes(content[: len(content) // 2])


def garbled():
    """A part whose compressed bytes are noise."""
    content = bytearray(as_xlsx([paid(n) for n in range(50)]))
    start = content.index(b"sheet1.xml") + 40
    content[start : start + 40] = b"\xff" * 40
    return bytes(content)


REFUSED = {
    "empty": (b"  \n", "empty"),
    "too large": (b"a,b\n" * 3_000_000, "10 MB"),
    "pdf": (b"%PDF-1.7", "PDF"),
    "old excel": (b"\xd0\xcf\x11\xe0" + b"x" * 100, ".xls"),
    "web page": (b"\xef\xbb\xbf <HTML><table>", "web page"),
    "xml": (b"<?xml version='1.0'?><Workbook/>", "web page"),
    "half a workbook": (locked(), "damaged"),
    "garbled": (garbled(), "damaged"),
    "a zip of something": (None, "no Excel workbook"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_table_is_refused_with_what_to_do(kind):
    content, said = REFUSED[kind]
    if content is None:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("readme.txt", "hello")
        content = made.getvalue()

    with pytest.raises(NotASheet, match=said):
        open_table(content)


def test_a_workbook_made_to_burst_is_refused_before_it_is_unpacked(monkeypatch):
    content = bomb()
    assert len(content) < sheets.MEGABYTE
    monkeypatch.setattr(sheets, "load_workbook", None)

    with pytest.raises(NotASheet, match="unpacks to more"):
        open_table(content)


def test_a_part_that_was_squeezed_beyond_what_anybody_writes_is_refused():
    content = rezipped(
        lambda name, each: b"0" * (21 * sheets.MEGABYTE) if "sheet1" in name else each
    )

    with pytest.raises(NotASheet, match="unpacks to more"):
        open_table(content)


@pytest.mark.parametrize("part", ["sheet1.xml", "styles.xml", "workbook.xml"])
def test_a_workbook_of_too_many_elements_is_refused_before_they_fill_the_memory(part, monkeypatch):
    monkeypatch.setattr(sheets, "load_workbook", None)
    content = rezipped(
        lambda name, each: each + b"<c/>" * (sheets.MAX_ELEMENTS + 1) if part in name else each
    )
    assert len(content) < sheets.MEGABYTE

    with pytest.raises(NotASheet, match="unpacks to more"):
        open_table(content)


def test_a_row_that_claims_to_be_far_below_is_not_walked_to():
    content = rezipped(
        lambda name, each: (
            each.replace(b'<row r="2"', b'<row r="2000000000"') if "sheet1" in name else each
        )
    )

    with pytest.raises(NotASheet, match="rows"):
        list(open_table(content).rows())


@pytest.mark.parametrize("prolog", [b"", b"<!--" + b" " * 3 * sheets.MEGABYTE + b"-->"])
def test_a_workbook_with_entities_is_refused_wherever_they_stand(prolog):
    with pytest.raises(NotASheet, match="no spreadsheet writes"):
        open_table(with_entities(prolog))


def test_a_damaged_sheet_is_refused_while_it_is_read():
    content = rezipped(lambda name, each: each[:200] if "sheet1" in name else each)

    with pytest.raises(NotASheet, match="damaged"):
        list(open_table(content).rows())


def test_too_many_rows_are_refused(monkeypatch):
    monkeypatch.setattr(sheets, "MAX_ROWS", 5)

    with pytest.raises(NotASheet, match="more than 5 rows"):
        rows(as_csv([paid(n) for n in range(6)]))


def test_numbers_of_a_workbook_stay_exact():
    (_, cells) = list(open_table(as_xlsx([[0.1, 1234.56]], headings=["a", "b"])).rows())[1]

    assert cells == [Decimal("0.1"), Decimal("1234.56")]
