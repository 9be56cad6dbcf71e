"""Recording what a statement shows and nobody reported, and the call that comes late or came meanwhile."""

import json
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from ledger.models import Account
from ledger.selectors import balance
from payments import services
from payments.books import violations
from payments.models import Callback, Conflict, OperatorResult, Payment
from payments.statements import repairs, uploads, work
from payments.statements.models import Statement, StatementLine
from plugins.contracts import Callback as Call
from plugins.contracts import Notice
from plugins.models import Connection
from tests.conftest import NOW, make_user
from tests.line import airtel_xml
from tests.payments.statements.conftest import verdicts
from tests.payments.statements.makers import booked, paid
from tests.threads import at_once
from vending.models import TokenOrder


@pytest.fixture
def missing(compared):
    """The row of one payment that only the operator has."""

    def missing(**more):
        statement = compared([paid(1, **more)])
        return StatementLine.objects.get(statement=statement)

    return missing


def record(line, actor, key=None):
    return repairs.record_line(line_id=line.pk, actor=actor, key=key)


def test_a_recorded_payment_goes_the_way_of_a_reported_one(missing, asha, work):
    line = record(missing(), asha)

    work()

    payment = Payment.objects.get()
    assert (payment.reference, payment.amount, payment.state) == ("MP2610000001", 5000, "settled")
    assert payment.paid_at == line.at
    assert TokenOrder.objects.get().quantity == Decimal("12.5")
    assert (line.verdict, line.payment, line.ours) == ("both", payment, 5000)
    assert line.recorded_by == "Asha Mwinyi"
    assert balance(Account.OPERATOR_CLEARING, payment.connection_id) == 5000
    assert violations() == []
    entry = AuditEntry.objects.get(action="payment.recorded")
    assert entry.target == str(payment.public_id)


def test_what_was_recorded_is_kept_as_a_call_of_its_own_kind(missing, asha):
    record(missing(), asha)

    kept = Callback.objects.get()

    assert (kept.kind, kept.action, kept.state, kept.verdict) == (
        "statement", "statement", "accepted", "yes",
    )  # fmt: skip
    assert kept.digest
    said = json.loads(kept.content["body"])
    assert said["row"] == 2
    assert said["recorded_by"] == "Asha Mwinyi"


def test_money_for_an_unknown_device_is_ours_already_and_ends_unmatched(missing, asha):
    record(missing(account="999"), asha)

    payment = Payment.objects.get()
    assert (payment.state, payment.reason) == ("unmatched", "Unknown device")
    assert balance(Account.SUSPENSE, payment.pk) == 5000


def test_it_is_recorded_also_while_the_operator_is_switched_off(world, missing, asha):
    line = missing()
    Connection.objects.filter(pk=world.airtel.pk).update(is_on=False)

    assert record(line, asha).verdict == "both"


def test_a_call_that_comes_late_is_recognised_and_counts_nothing(missing, asha, airtel, work):
    record(missing(), asha)
    work()

    said = airtel(reference="MP2610000001", amount="5000")
    work()

    assert said.status == "200"
    payment = Payment.objects.get()
    assert balance(Account.OPERATOR_CLEARING, payment.connection_id) == 5000
    assert TokenOrder.objects.count() == 1
    assert not Conflict.objects.exists()


def test_a_late_call_of_another_amount_is_a_conflict(missing, asha, airtel):
    record(missing(), asha)

    said = airtel(reference="MP2610000001", amount="6000")

    assert said.status == "400"
    assert Conflict.objects.get().amount == "6000"
    assert Payment.objects.get().amount == 5000


@pytest.mark.parametrize("account", ["", "4700***0011"])
def test_a_late_call_says_whose_money_it_is_where_the_statement_did_not(
    missing, asha, airtel, work, account
):
    record(missing(account=account), asha)
    assert Payment.objects.get().state == "unmatched"

    said = airtel(reference="MP2610000001", amount="5000")
    work()

    assert said.status == "200"
    payment = Payment.objects.get()
    assert (payment.state, payment.account) == ("settled", "47000100011")
    assert TokenOrder.objects.get().quantity == Decimal("12.5")
    assert violations() == []


def test_a_late_call_moves_no_money_that_a_person_assigned(world, missing, asha, airtel, work):
    record(missing(account=""), asha)
    payment = Payment.objects.get()
    services.assign_payment(
        payment_id=payment.pk, device_id=world.meter.pk, reason="his", actor=asha
    )
    work()

    said = airtel(reference="MP2610000001", amount="5000", account="999")

    assert said.status == "200"
    payment.refresh_from_db()
    assert (payment.state, payment.device) == ("settled", world.meter)
    assert TokenOrder.objects.count() == 1


def test_a_late_call_is_recognised_by_its_receipt_and_brings_the_reference(
    missing, asha, airtel, work
):
    record(missing(), asha)
    work()

    for _time in range(2):
        said = airtel(reference="AT77", amount="5000", REFERENCE2="MP2610000001")
        assert said.status == "200"
    work()

    payment = Payment.objects.get()
    assert (payment.reference, payment.receipt) == ("AT77", "MP2610000001")
    assert TokenOrder.objects.count() == 1
    assert balance(Account.OPERATOR_CLEARING, payment.connection_id) == 5000


def test_a_late_call_of_the_same_receipt_and_another_amount_is_a_conflict(missing, asha, airtel):
    record(missing(), asha)

    said = airtel(reference="AT77", amount="6000", REFERENCE2="MP2610000001")

    assert said.status == "400"
    assert Conflict.objects.get().amount == "6000"
    assert Payment.objects.get().amount == 5000


SPELLINGS = [("7001", "0007001"), ("AB71", "ab71")]  # in the statement, in the call


@pytest.mark.parametrize(("written", "sent"), SPELLINGS)
def test_a_late_call_that_spells_its_reference_otherwise_counts_nothing(
    missing, asha, airtel, work, written, sent
):
    record(missing(reference=written), asha)

    for _time in range(2):
        assert airtel(reference=sent, amount="5000").status == "200"
    work()

    assert Payment.objects.get().reference == sent
    assert TokenOrder.objects.count() == 1
    assert violations() == []


@pytest.mark.parametrize(("written", "sent"), SPELLINGS)
def test_a_call_that_came_meanwhile_is_found_however_it_is_spelled(
    missing, asha, airtel, written, sent
):
    line = missing(reference=written)
    airtel(reference=sent, amount="5000")

    line = record(line, asha)

    assert (line.verdict, line.payment) == ("both", Payment.objects.get())


def test_a_call_whose_money_stands_twice_is_answered(missing, asha, airtel):
    """It told no receipt at first, so its row was recorded beside it."""
    airtel(reference="AT77", amount="5000")
    record(missing(), asha)

    said = airtel(reference="AT77", amount="5000", REFERENCE2="MP2610000001")

    assert (said.http, said.status) == (200, "200")


def test_a_call_that_came_meanwhile_leaves_nothing_to_record(missing, asha, airtel, work):
    line = missing()
    airtel(reference="MP2610000001", amount="5000")

    line = record(line, asha)

    assert (line.verdict, line.payment) == ("both", Payment.objects.get())
    assert line.recorded_at is None
    assert not Callback.objects.filter(kind="statement").exists()
    assert balance(Account.OPERATOR_CLEARING, line.payment.connection_id) == 5000


def test_a_call_that_came_meanwhile_is_found_by_its_receipt(missing, asha, airtel):
    line = missing()
    airtel(reference="AT77", amount="5000", REFERENCE2="MP2610000001")

    assert record(line, asha).verdict == "both"
    assert Payment.objects.count() == 1


def test_a_call_of_another_amount_meanwhile_shows_as_a_difference(missing, asha, airtel):
    line = missing()
    airtel(reference="MP2610000001", amount="4000")

    line = record(line, asha)

    assert (line.verdict, line.ours) == ("differs", 4000)
    assert not Conflict.objects.exists()


def test_money_that_we_refused_is_not_recorded(missing, asha, airtel):
    line = missing()
    airtel(reference="MP2610000001", amount="5000", account="999")
    assert Payment.objects.get().state == "returned"

    assert record(line, asha).verdict == "stands"
    assert Payment.objects.get().state == "returned"


def test_it_is_recorded_once(missing, asha):
    line = missing()
    record(line, asha)

    with pytest.raises(repairs.NothingMissing):
        record(line, asha)

    assert Payment.objects.count() == 1


def test_a_form_that_is_sent_twice_counts_once(missing, asha):
    line, key = missing(), uuid4()
    record(line, asha, key)

    with pytest.raises(services.KeyUsed):
        record(line, asha, key)


def test_two_rows_of_one_reference_are_recorded_once(compared, asha):
    statement = compared([paid(1), paid(1, minutes=1)])
    first, second = statement.lines.order_by("number")

    record(first, asha)

    assert [first.verdict, second.verdict] == ["operator", "twice"]
    with pytest.raises(repairs.NothingMissing):
        record(second, asha)


def test_the_same_payment_in_two_statements_is_recorded_once(compared, asha):
    first = compared([paid(1)])
    second = compared([paid(1), paid(2, minutes=5)])
    record(first.lines.get(), asha)

    line = record(second.lines.get(reference="MP2610000001"), asha)

    assert line.verdict == "both"
    assert Payment.objects.count() == 1


def test_an_operator_that_wants_results_gets_one_when_its_call_comes_late(world, asha, jua):
    """Vodacom's call carries what the result must echo; a statement does not."""
    vodacom = Connection.objects.create(plugin="vodacom_tz", kind="payment")

    def call(body):
        return Call(action="request", headers={}, body=body, remote_ip="", received_at=NOW)

    notice = Notice(reference="V1", amount="5000", account="47000100011", wire={"a": "1"})
    services.record_notice(
        company=jua, connection=vodacom, callback=call(b"row"), notice=notice, now=NOW
    )
    assert not OperatorResult.objects.exists()

    kept = services.keep_callback(connection=vodacom, callback=call(b"late"))
    said = services.handle_incoming(
        company=jua, connection=vodacom, kept=kept, incoming=notice, now=NOW
    )

    assert said.verdict == "yes"
    assert OperatorResult.objects.get().is_accepted
    assert Payment.objects.get().wire == {"a": "1"}


def test_a_worker_records_all_that_is_missing(compared, asha, jua, work_line):
    statement = compared([paid(n, minutes=n) for n in range(1, 6)])

    count = repairs.record_all(statement_id=statement.pk, actor=asha, key=uuid4())
    work.work(jua, statement.pk)

    assert count == 5
    assert verdicts(statement) == {"both": [f"MP261000000{n}" for n in range(1, 6)]}
    statement.refresh_from_db()
    assert not statement.is_busy
    assert AuditEntry.objects.filter(action="payment.recorded", actor=asha).count() == 5
    work_line()
    assert violations() == []


@pytest.fixture
def work_line(work):
    return work


def test_a_worker_that_dies_while_recording_is_followed_by_another(
    compared, asha, jua, monkeypatch
):
    statement = compared([paid(n, minutes=n) for n in range(1, 6)])
    repairs.record_all(statement_id=statement.pk, actor=asha, key=uuid4())

    class Killed(BaseException):
        pass

    def die(name):
        if name == "statement.recorded" and Payment.objects.count() == 2:
            raise Killed

    monkeypatch.setattr("common.crash.point", die)
    with pytest.raises(Killed):
        work.work(jua, statement.pk)
    monkeypatch.undo()

    work.work(jua, statement.pk)  # the lease still stands
    assert Payment.objects.count() == 2
    type(statement).objects.filter(pk=statement.pk).update(leased_until="2026-01-01T00:00Z")
    work.work(jua, statement.pk)

    assert Payment.objects.count() == 5
    assert set(verdicts(statement)) == {"both"}


def test_all_is_recorded_once_by_whoever_is_first(compared, asha, amina, jua):
    statement = compared([paid(1)])
    key = uuid4()
    repairs.record_all(statement_id=statement.pk, actor=asha, key=key)

    with pytest.raises(uploads.StatementIsBusy):
        repairs.record_all(statement_id=statement.pk, actor=amina, key=uuid4())
    with pytest.raises(services.KeyUsed):
        repairs.record_all(statement_id=statement.pk, actor=asha, key=key)


def test_what_cannot_be_recorded_says_why_and_holds_nothing_up(world, compared, asha, jua):
    statement = compared([paid(1), paid(2, minutes=1)])
    booked(world, paid(1), state="validated", booked_at=None, amount=Decimal(900)).save()
    repairs.record_all(statement_id=statement.pk, actor=asha, key=uuid4())

    work.work(jua, statement.pk)

    first, second = statement.lines.order_by("number")
    assert (first.verdict, first.wanted_by) == ("operator", None)
    assert "900" in first.problem
    assert second.verdict == "both"


def test_a_payment_that_was_only_asked_about_is_counted_by_the_statement(world, compared, asha):
    booked(world, paid(1), state="validated", booked_at=None).save()
    statement = compared([paid(1)])
    line = statement.lines.get()
    assert line.verdict == "operator"

    record(line, asha)

    assert Payment.objects.get().state == "received"


# --- flags ----------------------------------------------------------------------------------------


def test_a_flag_stands_until_it_is_closed_with_a_note(missing, asha, amina):
    line = repairs.flag_line(line_id=missing().pk, reason="Whose is it?", actor=asha)
    assert line.is_flagged

    line = repairs.close_line(line_id=line.pk, note="The operator's test.", actor=amina)

    assert not line.is_flagged
    assert (line.flagged_by, line.closed_by) == ("Asha Mwinyi", "Amina Said")
    with pytest.raises(repairs.NotFlagged):
        repairs.close_line(line_id=line.pk, note="again", actor=asha)


def test_what_is_in_both_has_nothing_to_flag(world, compared, asha):
    booked(world, paid(1)).save()
    statement = compared([paid(1)])

    with pytest.raises(repairs.NotFlaggable):
        repairs.flag_line(line_id=statement.lines.get().pk, reason="x", actor=asha)


def test_flags_stay_when_it_is_compared_again(missing, asha, jua):
    line = missing()
    repairs.flag_line(line_id=line.pk, reason="Whose is it?", actor=asha)
    uploads.compare_again(statement_id=line.statement_id, actor=asha)
    work.work(jua, line.statement_id)

    line.refresh_from_db()

    assert line.is_flagged


def test_a_statement_with_recorded_or_flagged_rows_cannot_be_removed(missing, asha):
    line = missing()
    repairs.flag_line(line_id=line.pk, reason="Whose is it?", actor=asha)

    with pytest.raises(uploads.StatementInUse):
        uploads.remove_statement(statement_id=line.statement_id, actor=asha)


# --- at the same moment ---------------------------------------------------------------------------


def test_a_call_and_a_person_at_the_same_moment_count_once(fresh_company):
    """Under the reference, and under the receipt, where no key of the database helps."""
    world, company = fresh_company, fresh_company.company
    actor = make_user("owner", "Amina Said", "amina@own.example")
    for number in range(1, 9):
        row = paid(number)
        numbers = {"REFERENCE2": row.reference if number % 2 else "R2"}
        call = _caller(company, world, f"AT{number}" if number % 2 else row.reference, numbers)
        line = _stored_line(world, row)

        said = at_once(
            company.slug, lambda line=line: repairs.record_line(line_id=line.pk, actor=actor), call
        )

        assert not any(isinstance(each, Exception) for each in said), said
        assert Payment.objects.count() == number
        line.refresh_from_db()
        assert line.verdict == "both"
    assert violations() == []


def _stored_line(world, row):
    statement = Statement.objects.create(
        connection=world.airtel, name="s.csv", digest=row.reference, size_bytes=1,
        state="compared", uploaded_at=timezone.now(), uploaded_by="Amina",
    )  # fmt: skip
    return StatementLine.objects.create(
        statement=statement, number=2, reference=row.reference, amount=row.amount, at=row.at,
        account=row.account, verdict="operator",
    )  # fmt: skip


def _caller(company, world, reference, numbers):
    def call():
        said = Client(headers={"host": f"{company.slug}.localhost"}).post(
            f"/webhooks/airtel/{world.airtel.webhook_key}/process",
            airtel_xml(reference=reference, amount="5000", **numbers),
            content_type="application/xml",
        )
        assert b"<STATUS>200</STATUS>" in said.content, said.content

    return call
