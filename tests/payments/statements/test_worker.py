"""A worker that dies, fails or comes twice; what is taken up, and what is forgotten."""

import datetime as dt
from collections import Counter

import pytest
from django.utils import timezone

from payments import services
from payments.models import Payment
from payments.statements import comparing, repairs, sweeps, uploads, work
from payments.statements.layouts import Layout
from payments.statements.models import Statement, StatementFile, StatementLine
from plugins.contracts import PaymentState, PaymentStatus
from tenants import duework
from tests.payments.refunds import ask_refund, unmatched
from tests.payments.statements.conftest import verdicts
from tests.payments.statements.makers import as_csv, booked, paid


class Killed(BaseException):
    """A power cut."""


@pytest.fixture
def asked(upload, asha):
    """A statement whose columns are confirmed and which waits for its worker."""
    statement = upload(as_csv([paid(1), paid(2, minutes=5)]))
    layout = Layout.from_json(statement.guess)
    return uploads.confirm_layout(statement_id=statement.pk, layout=layout, actor=asha)


def expire(statement):
    Statement.objects.filter(pk=statement.pk).update(leased_until=timezone.now() - dt.timedelta(1))


def test_a_worker_killed_while_comparing_is_followed_by_another(asked, jua, monkeypatch):
    monkeypatch.setattr(comparing, "_close", lambda *_: (_ for _ in ()).throw(Killed))
    with pytest.raises(Killed):
        work.work(jua, asked.pk)
    monkeypatch.undo()
    assert not StatementLine.objects.exists()

    work.work(jua, asked.pk)  # somebody else's lease
    assert Statement.objects.get().state == "comparing"
    assert sweeps.next_due(jua) > timezone.now()
    expire(asked)
    work.work(jua, asked.pk)

    assert Statement.objects.get().state == "compared"
    assert verdicts(asked) == {"operator": ["MP2610000001", "MP2610000002"]}
    assert sweeps.next_due(jua) is None


def test_a_task_that_comes_twice_ends_the_same(asked, jua):
    work.work(jua, asked.pk)
    work.work(jua, asked.pk)

    assert StatementLine.objects.count() == 2


def test_the_sweeper_rings_for_what_is_due(asked, jua, monkeypatch):
    rung = []
    monkeypatch.setattr(sweeps, "ring", lambda _task, **kwargs: rung.append(kwargs))

    sweeps.restart(jua)

    assert rung == [{"schema": "jua", "statement_id": asked.pk}]


def test_upload_announces_its_work(upload, jua):
    upload(as_csv([paid(1)]))

    from tenants.models import DueWork

    assert DueWork.objects.filter(company=jua, kind="statements").exists()
    duework.look_again(jua.pk, DueWork.Kind.STATEMENTS, lambda: sweeps.next_due(jua))
    assert not DueWork.objects.filter(company=jua, kind="statements").exists()


def test_what_fails_again_and_again_is_put_off_and_then_refused(asked, jua, monkeypatch):
    def broken(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(comparing, "_match", broken)
    for _time in range(work.MOST_ATTEMPTS):
        Statement.objects.update(available_at=timezone.now())
        with pytest.raises(RuntimeError):
            work.work(jua, asked.pk)
    Statement.objects.update(available_at=timezone.now())
    work.work(jua, asked.pk)

    statement = Statement.objects.get()
    assert statement.state == "refused"
    assert "again and again" in statement.reason


def test_a_file_that_breaks_off_is_refused_and_nothing_kept(asked, jua, monkeypatch):
    from common import sheets

    monkeypatch.setattr(sheets, "MAX_ROWS", 2)
    work.work(jua, asked.pk)

    statement = Statement.objects.get()
    assert (statement.state, statement.available_at) == ("refused", None)
    assert "more than 2 rows" in statement.reason
    assert not StatementLine.objects.exists()


def test_comparing_again_sees_what_changed_meanwhile(compared, world, asha, jua, airtel):
    booked(world, paid(5, minutes=60)).save()
    statement = compared([paid(1), paid(9, minutes=600)])
    assert verdicts(statement) == {
        "operator": ["MP2610000001", "MP2610000009"],
        "here": ["MP2610000005"],
    }
    airtel(reference="MP2610000001", amount="5000")
    Payment.objects.filter(reference="MP2610000005").update(state="reversed")

    uploads.compare_again(statement_id=statement.pk, actor=asha)
    work.work(jua, statement.pk)

    assert verdicts(statement) == {"both": ["MP2610000001"], "operator": ["MP2610000009"]}


def test_a_payment_recorded_today_is_not_missing_in_the_statement_of_today(
    compared, world, asha, jua
):
    """It was paid in October, whenever it was recorded."""
    october = compared([paid(1)])
    repairs.record_line(line_id=october.lines.get().pk, actor=asha)
    now = timezone.now()
    rows = [
        paid(n, minutes=0).__class__(f"TODAY{n}", paid(1).amount, now - dt.timedelta(hours=10 - n))
        for n in (1, 9)
    ]
    Payment.objects.bulk_create([booked(world, row) for row in rows])

    today = compared([*rows, rows[0].__class__("TODAY10", rows[0].amount, now)])

    assert verdicts(today) == {"both": ["TODAY1", "TODAY9"], "operator": ["TODAY10"]}


def test_files_are_forgotten_after_their_time_and_lines_stay(compared, jua, asha, settings):
    statement = compared([paid(1)])
    old = timezone.now() - settings.KEEP_STATEMENT_FILES - dt.timedelta(days=1)
    Statement.objects.update(uploaded_at=old)

    assert sweeps.forget_files(jua) == 1

    assert not StatementFile.objects.exists()
    assert StatementLine.objects.count() == 1
    with pytest.raises(uploads.FileIsGone):
        uploads.confirm_layout(
            statement_id=statement.pk, layout=comparing.layout_of(statement), actor=asha
        )


def test_the_file_is_kept_encrypted(compared):
    compared([paid(1)])

    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT content, sample FROM payments_statementfile")
        for kept in cursor.fetchone():
            assert b"MP2610000001" not in bytes(kept)


def test_the_operator_can_be_asked_about_one_payment(compared, world, jua, monkeypatch):
    booked(world, paid(5, minutes=60)).save()
    statement = compared([paid(1), paid(9, minutes=600)])
    line = statement.lines.get(verdict="here")
    asked = []

    def fetch(_self, reference):
        asked.append(reference)
        return PaymentStatus(PaymentState.FAILED, message="Reversed by the payer")

    monkeypatch.setattr("plugins.airtel.adapter.Airtel.fetch_status", fetch)
    repairs.ask_operator(line_id=line.pk)
    work.work(jua, statement.pk)

    line.refresh_from_db()
    assert asked == ["MP2610000005"]
    assert not line.is_asking
    assert line.answer == "Not paid. Reversed by the payer"


@pytest.mark.parametrize(
    ("paid_from", "lists"), [("operator", {"undone": 2}), ("cash", {"both": 1, "reversed": 1})]
)
def test_what_the_operator_sent_back_on_our_word_is_no_alarm(
    compared, world, asha, airtel, paid_from, lists
):
    """Where we paid it back in cash, and the operator took it back too, somebody has to look."""
    payment = unmatched(world, airtel)
    refund = ask_refund(asha, payment, 5000)
    services.pay_out_by_hand(
        correction_id=refund.pk, paid_from=paid_from, reference="CI42", actor=asha
    )
    row = paid(1, reference=payment.reference)
    back = paid(1, amount="-5000", reference=payment.reference, kind="Transaction Reversal")

    statement = compared([row, back])

    found = Counter(statement.lines.values_list("verdict", flat=True))
    assert found == lists
