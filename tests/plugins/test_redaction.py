"""Secrets stay hidden however they are spelled, and the rest stays readable."""

import pytest

from plugins.redaction import BLANK, Redactor

SECRET = 'é "q" & +/'


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        '{"cut off": "é \\"q\\" & +/',
        '{"cut off": "\\u00e9 \\"q\\" & +/',
        '{"whole": "\\u00e9 \\"q\\" & +/"}',
        "<a>é &quot;q&quot; &amp; +/</a>",
        '<a>é "q" &amp; +/</a>',
        "x=%C3%A9+%22q%22+%26+%2B%2F",
        "x=%C3%A9%20%22q%22%20%26%20%2B%2F",
        "x=%C3%A9%20%22q%22%20%26%20%2B/",
    ],
)
def test_a_secret_is_blanked_in_every_spelling(spelled: str) -> None:
    told = Redactor(values=frozenset({SECRET})).body(spelled)

    assert BLANK in told
    assert "q" not in told.replace("&quot;", "")


def test_what_is_no_secret_stays_readable() -> None:
    redactor = Redactor(values=frozenset({SECRET, "12"}), names=frozenset({"PIN"}))

    assert redactor.body('{"amount": 12.5, "pin": 1234}') == '{"amount": 12.5, "pin": "••••"}'
    assert redactor.body("<a><PIN>1234</PIN><amount>12</amount><PIN/></a>") == (
        "<a><PIN>••••</PIN><amount>12</amount><PIN/></a>"
    )
    assert redactor.body("<a><PIN k='1'/><amount>12</amount></a>") == (
        "<a><PIN k='1'/><amount>12</amount></a>"
    )
    assert redactor.body("amount=12&pin=1234&pinned=1") == "amount=12&pin=••••&pinned=1"
    assert redactor.headers({"Pin": "1234", "Accept": "12"}) == {"Pin": BLANK, "Accept": "12"}
    assert redactor.url("https://a.test/x?pin=1&y=2") == "https://a.test/x?pin=••••&y=2"


def test_the_longer_of_two_secrets_is_blanked_whole() -> None:
    redactor = Redactor(values=frozenset({"jua-key", "jua-key-of-vending"}))

    assert redactor.text("jua-key-of-vending jua-key") == f"{BLANK} {BLANK}"
