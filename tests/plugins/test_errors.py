"""A vendor's words end on pages and in the database, so they are made fit for both."""

from plugins.errors import Rejected


def test_a_reason_is_one_printable_line_of_bounded_length() -> None:
    error = Rejected("no\x00 such\r\nmeter \ud800" + "x" * 5000, code="E\x007" + "7" * 99)

    assert error.reason.startswith("no  such  meter  x")
    assert error.reason.isprintable()
    assert len(error.reason) <= 300
    assert str(error) == error.reason
    assert error.code.startswith("E 77")
    assert len(error.code) <= 40


def test_an_ordinary_reason_stays_as_it_is() -> None:
    assert Rejected("Calin refused: Zähler „4“ unbekannt", code="03").reason == (
        "Calin refused: Zähler „4“ unbekannt"
    )
