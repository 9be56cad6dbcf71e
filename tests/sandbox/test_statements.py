"""What the pretend operators' portals hand out is what was paid there, and our reader understands it."""

import pytest

from common.sheets import open_table
from payments.statements.layouts import guess, sample_of
from payments.statements.reading import Sort, lines_of
from tests.conftest import NOW

ORDER = {"phone": "+255754123456", "device": "47000100011", "amount": "1250.50"}


@pytest.fixture
def remembered(sandbox):
    """Payments as the operators remember them, with any verdict."""

    def remembered(operator, reference, verdict):
        sandbox.app.extensions["sandbox"].store.run(
            "INSERT INTO payments (operator, reference, phone, name, device, amount, at, verdict,"
            " reason, fault, wire) VALUES (?, ?, ?, 'Neema Bahati', ?, ?, ?, ?, '', '', '[]')",
            operator, reference, ORDER["phone"], ORDER["device"], ORDER["amount"],
            NOW.timestamp(), verdict,
        )  # fmt: skip

    return remembered


def read(content):
    table = open_table(content)
    sample = sample_of(table)
    layout = guess(sample, latest=NOW.date())
    lines = lines_of(table, sample.head, layout, currency="TZS", zone="Africa/Dar_es_Salaam")
    return [line for line in lines if line.sort is not Sort.OTHER]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("operator", ["airtel", "vodacom_tz", "vodacom_mz"])
def test_a_statement_is_read_as_guessed(sandbox, remembered, operator, kind):
    remembered(operator, "PAID00001", "accepted")
    remembered(operator, "LOST00001", "unknown")
    remembered(operator, "BACK00001", "returned")
    remembered(operator, "NEVER0001", "refused")

    content = sandbox.get(f"/statements/{operator}.{kind}").data

    lines = read(content)
    assert [(line.reference, str(line.amount), line.sort.value) for line in lines] == [
        ("PAID00001", "1250.50", "payment"),
        ("LOST00001", "1250.50", "payment"),
        ("BACK00001", "1250.50", "payment"),
        ("BACK00001", "-1250.50", "taken_back"),
    ]
    first = lines[0]
    assert (first.at, first.account, first.has_time) == (NOW, "47000100011", True)
    assert first.phone.lstrip("+").endswith("754123456")
    assert first.name.lower() == "neema bahati"


def test_a_statement_of_nobody_does_not_exist(sandbox):
    assert sandbox.get("/statements/nobody.csv").status_code == 404
    assert sandbox.get("/statements/airtel.pdf").status_code == 404
