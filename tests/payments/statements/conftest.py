"""A statement from its file to its lists, as a worker takes it there."""

import pytest

from payments.models import Statement, StatementLine
from payments.statements import uploads, work
from payments.statements.layouts import Layout
from tests.payments.statements.makers import as_csv


@pytest.fixture
def upload(world, asha, jua):
    """Upload a file for Airtel and let the worker look at it."""

    def upload(content, name="airtel-november.csv", **more):
        statement, _is_new = uploads.upload_statement(
            connection=world.airtel, name=name, content=content, actor=asha, **more
        )
        work.work(jua, statement.pk)
        statement.refresh_from_db()
        return statement

    return upload


@pytest.fixture
def compared(upload, asha, jua):
    """Upload rows, confirm the columns that were guessed, and compare."""

    def compared(rows, *, make=as_csv, **more):
        statement = upload(make(rows, **more))
        if statement.state == Statement.State.ASKING:
            layout = Layout.from_json(statement.guess)
            uploads.confirm_layout(statement_id=statement.pk, layout=layout, actor=asha)
            work.work(jua, statement.pk)
            statement.refresh_from_db()
        assert statement.state == Statement.State.COMPARED, statement.reason
        return statement

    return compared


def verdicts(statement):
    """Return the references of each list; of payments without a row, the payment's."""
    found = {}
    for line in StatementLine.objects.filter(statement=statement).select_related("payment"):
        reference = line.reference or line.payment.reference
        found.setdefault(line.verdict, []).append(reference)
    return {verdict: sorted(references) for verdict, references in found.items()}
