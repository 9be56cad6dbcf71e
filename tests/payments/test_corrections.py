"""Refunds and reversals: who decides, what goes back, how it is paid out, and what never happens."""

import datetime as dt
from decimal import Decimal as D

import pytest
import requests
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import AuditEntry
from ledger.models import Account, Posting
from ledger.selectors import balance
from ledger.services import Movement, credit, debit, post
from messaging.models import Message
from payments import books, services, sweeps, tasks
from payments.models import Correction, Payment
from payments.refundable import most_of, sources_of_customer, sources_of_device, sources_of_payment
from tenants.scope import current_company
from tests.conftest import NOW
from tests.payments.makers import answering, silent, use_calin
from tests.payments.refunds import (
    REFUSED,
    airtel_refunds,
    ask_refund,
    asked,
    pay_out,
    set_limit,
    settle_time_is_over,
    unmatched,
    with_open_api,
)
from vending.models import TokenOrder

BY_OPERATOR = Correction.PayBy.OPERATOR


@pytest.fixture
def refused(world, pay):
    """A payment whose token was refused: all of it is credit of the device."""
    use_calin(world.meter)
    with answering(code="03"):
        return pay("5000", REFERENCE2="MP261123.1402.A00002")


def approve(refund, actor):
    return services.approve_correction(correction_id=refund.pk, actor=actor, now=timezone.now())


def decline(refund, actor):
    return services.decline_correction(
        correction_id=refund.pk, reason="Not ours", actor=actor, now=timezone.now()
    )


def withdraw(refund, actor):
    return services.withdraw_correction(
        correction_id=refund.pk, reason="Wrong one", actor=actor, now=timezone.now()
    )


def by_hand(refund, actor, *, paid_from="cash", reference=""):
    return services.pay_out_by_hand(
        correction_id=refund.pk, paid_from=paid_from, reference=reference, actor=actor
    )


def settle(refund, actor, *, went, reference=""):
    return services.settle_payout(
        correction_id=refund.pk, went=went, reference=reference, reason="Looked", actor=actor
    )


# --- who decides ------------------------------------------------------------------------------------


def test_without_a_limit_nobody_else_is_asked(world, amina, refused):
    refund = ask_refund(amina, refused, 5000)

    assert (refund.state, refund.needs_approval) == ("approved", False)
    assert balance(Account.REFUNDS_PAYABLE, refund.pk) == 5000
    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == 0
    assert books.violations() == []


@pytest.mark.parametrize(
    ("limit", "waits"),
    [(0, True), (4999, True), (D("4999.99"), True), (5000, False), (6000, False)],
)
def test_above_the_limit_a_second_person_is_asked(jua, amina, refused, limit, waits):
    set_limit(jua, limit)

    refund = ask_refund(amina, refused, 5000)

    assert (refund.state == "asked") is waits
    assert Posting.objects.filter(event="refund_decided").exists() is not waits


def test_what_was_asked_moves_no_money_until_it_is_approved(world, jua, amina, asha, refused):
    set_limit(jua, 0)
    refund = ask_refund(amina, refused, 5000)
    before = balance(Account.DEVICE_CREDIT, world.meter.pk)

    approve(refund, asha)

    refund.refresh_from_db()
    refused.refresh_from_db()
    assert before == 5000
    assert (refund.state, refund.decided_by, refused.state) == ("approved", asha, "refunded")
    assert books.violations() == []
    assert [
        e.action for e in AuditEntry.objects.filter(target=str(refund.public_id)).order_by("pk")
    ] == [
        "refund.asked",
        "refund.approved",
    ]


def test_nobody_approves_or_declines_what_they_asked_for(jua, amina, refused):
    set_limit(jua, 0)
    refund = ask_refund(amina, refused, 5000)

    for decide in (approve, decline):
        with pytest.raises(services.OwnCorrection):
            decide(refund, amina)

    refund.refresh_from_db()
    assert refund.state == "asked"


def test_the_database_itself_wants_another_person(jua, amina, refused):
    set_limit(jua, 0)
    refund = ask_refund(amina, refused, 5000)

    for changes in ({"decided_by": amina}, {"state": "approved"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Correction.objects.filter(pk=refund.pk).update(**changes)


def test_small_parts_of_a_payment_add_up_to_the_limit(jua, amina, refused):
    set_limit(jua, 2000)

    states = [ask_refund(amina, refused, part).state for part in (1500, 500, 1)]

    assert states == ["approved", "approved", "asked"]


def test_small_refunds_of_one_device_add_up_for_a_day(world, jua, amina, pay):
    use_calin(world.meter)
    with answering(code="03"):
        first, second, third = pay("800"), pay("800"), pay("800")
    set_limit(jua, 1000)

    states = [ask_refund(amina, payment, 800).state for payment in (first, second)]
    Correction.objects.update(asked_at=timezone.now() - dt.timedelta(hours=25))
    later = ask_refund(amina, third, 800)

    assert states == ["approved", "asked"]
    assert later.state == "approved"


def test_small_refunds_of_one_payer_add_up_for_a_day(world, jua, amina, airtel):
    set_limit(jua, 1000)

    states = [ask_refund(amina, unmatched(world, airtel, "800"), 800).state for _ in range(2)]

    assert states == ["approved", "asked"]


def test_what_is_asked_once_is_not_asked_again(jua, amina, asha, refused):
    set_limit(jua, 0)
    ask_refund(amina, refused, 100)

    with pytest.raises(services.AskedAlready):
        ask_refund(asha, refused, 100)

    assert Correction.objects.count() == 1


def test_what_was_declined_stays_where_it_was_and_may_be_asked_again(
    world, jua, amina, asha, refused
):
    set_limit(jua, 0)
    refund = decline(ask_refund(amina, refused, 5000), asha)

    with pytest.raises(services.AlreadyDecided):
        approve(refund, asha)
    again = ask_refund(amina, refused, 5000)

    assert (refund.state, refund.note, again.state) == ("declined", "Not ours", "asked")
    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == 5000


def test_money_that_was_spent_meanwhile_is_not_refunded(world, jua, amina, asha, refused, work):
    from uuid import uuid4

    set_limit(jua, 0)
    refund = ask_refund(amina, refused, 5000)
    with answering():
        services.issue_from_credit(device_id=world.meter.pk, actor=amina, key=uuid4())
        work()

    with pytest.raises(services.NothingToRefund, match="At most TZS\xa00"):
        approve(refund, asha)

    refund.refresh_from_db()
    assert refund.state == "asked"
    assert books.violations() == []


def test_a_payment_that_was_matched_meanwhile_is_not_refunded(world, jua, amina, asha, airtel):
    set_limit(jua, 0)
    payment = unmatched(world, airtel)
    refund = ask_refund(amina, payment, 5000)
    services.assign_payment(
        payment_id=payment.pk, device_id=world.meter.pk, reason="Known", actor=amina
    )

    with pytest.raises(services.NothingToRefund):
        approve(refund, asha)

    payment.refresh_from_db()
    assert payment.state == "received"


# --- what goes back ---------------------------------------------------------------------------------


def test_the_change_of_a_payment_goes_back_and_the_rest_stays(world, amina, pay):
    payment = pay("4999")

    refund = ask_refund(amina, payment, 39)

    payment.refresh_from_db()
    assert payment.state == "settled"
    assert balance(Account.REFUNDS_PAYABLE, refund.pk) == 39
    assert [most_of(source) for source in sources_of_payment(payment)] == [0, 0]


@pytest.mark.parametrize("amount", ["0", "-1", "39.01"])
def test_no_amount_but_one_from_above_zero_to_the_most(amina, pay, amount):
    payment = pay("4999")

    with pytest.raises(services.NothingToRefund):
        ask_refund(amina, payment, amount)

    assert not Correction.objects.exists()


def test_credit_of_a_device_goes_back_without_naming_a_payment(world, amina, refused):
    (source,) = sources_of_device(world.meter)
    refund = ask_refund(amina, refused, 2000, payment_id=None, device_id=world.meter.pk)

    assert most_of(source) == 3000
    assert (refund.payment, refund.connection, refund.device) == (None, world.airtel, world.meter)
    refused.refresh_from_db()
    assert refused.state == "settled"
    assert books.violations() == []


def test_credit_of_a_customer_goes_back(world, amina):
    lines = [debit(Account.LOSSES, D(700)), credit(Account.CUSTOMER_CREDIT, D(700), world.neema.pk)]
    post(Movement("opening", "test", 1, lines), occurred_at=NOW)
    refund = services.ask_refund(
        pot=Correction.Pot.CUSTOMER, customer_id=world.neema.pk, amount=D(700),
        pay_by=Correction.PayBy.HAND, reason="Moves away", actor=amina, now=NOW,
    )  # fmt: skip

    assert [most_of(source) for source in sources_of_customer(world.neema)] == [0]
    assert balance(Account.REFUNDS_PAYABLE, refund.pk) == 700
    by_hand(refund, amina)
    assert balance(Account.CASH_DESK, amina.pk) == -700
    assert books.violations() == []


def test_a_refused_token_is_dealt_with_when_its_money_goes_back(amina, refused):
    ask_refund(amina, refused, 5000)

    assert TokenOrder.objects.get().decided_by == str(amina)


def test_a_withdrawn_refund_puts_the_money_back_where_it_was(world, amina, refused, airtel):
    for payment, state in ((refused, "settled"), (unmatched(world, airtel), "unmatched")):
        withdraw(ask_refund(amina, payment, 5000), amina)

        payment.refresh_from_db()
        assert payment.state == state

    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == 5000
    assert books.violations() == []


def test_what_is_paid_out_cannot_be_withdrawn(amina, refused):
    refund = by_hand(ask_refund(amina, refused, 5000), amina)

    with pytest.raises(services.AlreadyDecided):
        withdraw(refund, amina)

    assert Correction.objects.get().state == "paid"


# --- reversals --------------------------------------------------------------------------------------


def reverse(payment, actor, *, as_loss=True):
    return services.ask_reversal(
        payment_id=payment.pk, as_loss=as_loss, reason="Chargeback", actor=actor, now=timezone.now()
    )


def test_a_reversal_above_the_limit_waits_for_a_second_person(world, jua, amina, asha, pay):
    payment = pay("5000")
    set_limit(jua, 4000)

    reversal = reverse(payment, amina, as_loss=False)
    waited = payment.state, balance(Account.CUSTOMER_RECEIVABLE, world.neema.pk)
    approve(reversal, asha)

    payment.refresh_from_db()
    assert waited == ("settled", 0)
    assert (payment.state, Correction.objects.get().state) == ("reversed", "booked")
    assert balance(Account.CUSTOMER_RECEIVABLE, world.neema.pk) == 5000
    assert books.violations() == []


def test_a_payment_whose_refund_is_on_its_way_is_not_reversed(amina, pay):
    payment = pay("4999")
    refund = ask_refund(amina, payment, 39)

    with pytest.raises(services.RefundOnItsWay):
        reverse(payment, amina)
    by_hand(refund, amina)
    reverse(payment, amina)

    assert balance(Account.LOSSES, None) == 4999
    assert books.violations() == []


def test_an_order_in_doubt_is_decided_before_the_payment_is_reversed(world, amina, pay):
    use_calin(world.meter)
    with silent():
        payment = pay("5000")

    with pytest.raises(services.TokenOnItsWay):
        reverse(payment, amina)


# --- paid out by hand -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paid_from", "account"),
    [("operator", "operator_clearing"), ("cash", "cash_desk"), ("bank", "bank")],
)
def test_what_is_paid_by_hand_leaves_the_account_it_was_paid_from(
    amina, refused, paid_from, account
):
    refund = by_hand(ask_refund(amina, refused, 5000), amina, paid_from=paid_from, reference="X1")

    posting = Posting.objects.get(event="refund_paid")
    assert {e.account for e in posting.entries.filter(amount__lt=0)} == {account}
    assert (refund.state, refund.payout_reference) == ("paid", "X1")
    assert books.violations() == []


@pytest.mark.parametrize("paid_from", ["operator", "bank"])
def test_a_transfer_needs_its_reference(amina, refused, paid_from):
    refund = ask_refund(amina, refused, 5000)

    with pytest.raises(services.ReferenceNeeded):
        by_hand(refund, amina, paid_from=paid_from, reference=" ")

    assert Correction.objects.get().state == "approved"


def test_the_payer_reads_that_the_money_went_back(amina, refused, work):
    Message.objects.all().delete()
    by_hand(ask_refund(amina, refused, 5000), amina)
    work()

    (message,) = Message.objects.all()
    assert message.phone == refused.payer_phone
    assert message.text == ("Jua Power: we sent TZS 5,000 back to you. Ref MP261123.1402.A00002")


# --- paid out by the operator -----------------------------------------------------------------------


@pytest.fixture
def by_airtel(world, amina, airtel):
    """A refund of an unmatched payment that Airtel shall send back."""
    with_open_api(world.airtel)
    return ask_refund(amina, unmatched(world, airtel), 5000, pay_by=BY_OPERATOR)


def test_the_operator_sends_it_back_and_it_leaves_its_clearing(world, by_airtel):
    with airtel_refunds() as mock:
        pay_out(by_airtel)

    assert asked(mock) == 1
    assert (by_airtel.state, by_airtel.payout_reference) == ("paid", "CI42")
    assert balance(Account.OPERATOR_CLEARING, world.airtel.pk) == 0
    assert Message.objects.get(purpose="refund").state == "delivered"
    assert books.violations() == []


def test_a_worker_is_told_and_a_sweeper_finds_it_again(world, by_airtel, monkeypatch):
    rung = []
    monkeypatch.setattr(sweeps, "ring", lambda task, **kwargs: rung.append((task, kwargs)))

    sweeps.restart(current_company())

    kwargs = {"schema": "jua", "correction_id": by_airtel.pk}
    assert (tasks.pay_out_refund, kwargs) in rung
    assert sweeps.next_due(current_company()) is not None


def test_an_operator_that_cannot_is_not_asked(world, amina, airtel):
    payment = unmatched(world, airtel)

    with pytest.raises(services.OperatorCannotRefund):
        ask_refund(amina, payment, 5000, pay_by=BY_OPERATOR)

    assert not Correction.objects.exists()


def test_an_operator_that_sends_back_whole_payments_is_not_asked_for_a_part(world, amina, refused):
    with_open_api(world.airtel)

    with pytest.raises(services.OperatorCannotRefund):
        ask_refund(amina, refused, 4000, pay_by=BY_OPERATOR)
    whole = ask_refund(amina, refused, 5000, pay_by=BY_OPERATOR)

    assert whole.available_at


def test_silence_is_doubt_and_nothing_is_repeated(by_airtel):
    with airtel_refunds(body=requests.ReadTimeout("silence")) as mock:
        pay_out(by_airtel)
        with pytest.raises(services.NothingToPayOut):
            pay_out(by_airtel)

    assert asked(mock) == 1
    assert (by_airtel.state, by_airtel.available_at) == ("in_doubt", None)
    assert sweeps.next_due(current_company()) is None
    assert books.violations() == []


def test_a_refusal_waits_for_a_person_with_its_reason(amina, by_airtel):
    with airtel_refunds(json=REFUSED):
        pay_out(by_airtel)

    assert by_airtel.waits_for_person
    assert "Refused" in by_airtel.failure
    services.try_payout_again(correction_id=by_airtel.pk, actor=amina)
    with airtel_refunds():
        pay_out(by_airtel)
    assert (by_airtel.state, by_airtel.attempts) == ("paid", 2)


def test_a_busy_operator_is_asked_again_later(by_airtel):
    with airtel_refunds(status=429):
        pay_out(by_airtel)

    assert by_airtel.state == "approved"
    assert (
        dt.timedelta(seconds=3) < by_airtel.available_at - timezone.now() < dt.timedelta(seconds=7)
    )
    with airtel_refunds() as mock, pytest.raises(services.NothingToPayOut):
        pay_out(by_airtel)
    assert asked(mock) == 0


def test_after_a_day_of_trying_a_person_looks(by_airtel):
    Correction.objects.update(attempts=28)
    with airtel_refunds(status=429):
        pay_out(by_airtel)
    assert by_airtel.available_at
    Correction.objects.update(available_at=NOW)
    with airtel_refunds(status=429):
        pay_out(by_airtel)

    assert by_airtel.waits_for_person


def test_a_lost_worker_leaves_doubt(by_airtel):
    Correction.objects.update(state="requested", leased_until=NOW, requested_at=NOW, attempts=1)

    services.release_lost_refund(by_airtel.pk)

    by_airtel.refresh_from_db()
    assert by_airtel.state == "in_doubt"


def test_a_plug_in_that_was_switched_off_leaves_it_to_a_person(world, by_airtel):
    world.airtel.is_on = False
    world.airtel.save(update_fields=["is_on"])

    with airtel_refunds() as mock:
        pay_out(by_airtel)

    assert asked(mock) == 0
    assert by_airtel.waits_for_person


@pytest.fixture
def doubtful(by_airtel):
    with airtel_refunds(body=requests.ReadTimeout("silence")):
        pay_out(by_airtel)
    return by_airtel


def test_a_person_says_that_it_went(world, amina, doubtful):
    with pytest.raises(services.ReferenceNeeded):
        settle(doubtful, amina, went=True)
    settle(doubtful, amina, went=True, reference="CI43")

    doubtful.refresh_from_db()
    assert (doubtful.state, doubtful.payout_reference) == ("paid", "CI43")
    assert balance(Account.OPERATOR_CLEARING, world.airtel.pk) == 0
    assert books.violations() == []


def test_a_person_says_that_it_did_not_go_once_it_cannot_any_more(amina, doubtful):
    with pytest.raises(services.RefundMayStillGo):
        settle(doubtful, amina, went=False)
    settle_time_is_over()
    settle(doubtful, amina, went=False)

    doubtful.refresh_from_db()
    assert doubtful.waits_for_person
    with pytest.raises(services.AlreadyDecided):
        settle(doubtful, amina, went=True, reference="x")


def test_what_is_in_doubt_is_neither_paid_again_nor_withdrawn(amina, doubtful):
    with pytest.raises(services.NothingToPayOut):
        by_hand(doubtful, amina)
    with pytest.raises(services.NothingToPayOut):
        services.try_payout_again(correction_id=doubtful.pk, actor=amina)
    with pytest.raises(services.AlreadyDecided):
        withdraw(doubtful, amina)

    doubtful.refresh_from_db()
    assert doubtful.state == "in_doubt"


def test_a_late_yes_closes_the_doubt(monkeypatch, by_airtel):
    from payments.services import payouts

    close = payouts._close_as_gone

    def after_the_lease(correction, answer):
        Correction.objects.update(leased_until=NOW)
        services.release_lost_refund(correction.pk)
        return close(correction, answer)

    monkeypatch.setattr(payouts, "_close_as_gone", after_the_lease)
    with airtel_refunds():
        pay_out(by_airtel)

    assert by_airtel.state == "paid"
    assert books.violations() == []


def test_a_late_yes_after_it_was_paid_by_hand_is_written_down(monkeypatch, amina, by_airtel):
    from payments.services import payouts

    close = payouts._close_as_gone

    def after_a_person(correction, answer):
        Correction.objects.update(state="approved", leased_until=None)
        by_hand(correction, amina)
        return close(correction, answer)

    monkeypatch.setattr(payouts, "_close_as_gone", after_a_person)
    with airtel_refunds():
        pay_out(by_airtel)

    assert by_airtel.paid_from == "cash"
    assert AuditEntry.objects.filter(action="refund.went_after_all").count() == 1
    assert Posting.objects.filter(event="refund_paid").count() == 1


def test_the_books_name_a_refund_that_was_paid_without_a_posting(amina, refused):
    ask_refund(amina, refused, 5000)
    Correction.objects.update(state="paid")

    (found,) = books.violations()

    assert found.startswith("Refund ")
    assert "5000" in found


def test_payments_that_were_given_back_are_not_refundable(world, amina, refused):
    ask_refund(amina, refused, 5000)

    assert sources_of_payment(Payment.objects.get()) == []
