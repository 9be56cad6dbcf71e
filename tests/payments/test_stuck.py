"""A payment that cannot be settled: tried later and later, shown to people, in nobody's way."""

import contextlib
import datetime as dt

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from common.clock import database_now
from desk import inbox
from payments import line, services, sweeps, tasks
from payments.models import Payment
from tenants.models import DueWork


@pytest.fixture
def poison(world, airtel, monkeypatch):
    """A payment on which settling stumbles, for a reason that nobody foresaw."""
    airtel(reference="POISON")
    payment = Payment.objects.get(reference="POISON")
    settle = services.settle_payment

    def stumble(*, company, payment_id):
        if payment_id == payment.pk:
            raise ZeroDivisionError
        return settle(company=company, payment_id=payment_id)

    monkeypatch.setattr(services, "settle_payment", stumble)
    return payment


def work(payment):
    with pytest.raises(ZeroDivisionError):
        tasks.work_payment(schema="jua", payment_id=payment.pk)
    payment.refresh_from_db()
    return payment.available_at - timezone.now()


def park(payment):
    Payment.objects.filter(pk=payment.pk).update(attempts=8, available_at=None)
    payment.refresh_from_db()


def test_it_is_tried_again_with_growing_gaps(poison, jua):
    later = timezone.now() + dt.timedelta(hours=1)
    DueWork.objects.filter(company=jua).update(due_at=later)

    gaps = [work(poison) for _ in range(4)]

    assert (poison.state, poison.attempts) == ("received", 4)
    assert [round(gap.total_seconds()) for gap in gaps] == [5, 15, 60, 300]
    assert DueWork.objects.get(company=jua, kind="line").due_at < later


def test_others_are_settled_meanwhile(poison, airtel, jua, monkeypatch):
    airtel(reference="GOOD")
    Payment.objects.update(available_at=timezone.now())
    rung = []
    monkeypatch.setattr(sweeps, "ring", lambda _, *, payment_id, **more: rung.append(payment_id))

    work(poison)
    sweeps.restart(jua)
    for payment_id in rung:
        tasks.work_payment(schema="jua", payment_id=payment_id)

    assert Payment.objects.get(reference="GOOD").state == "settled"


def test_it_stands_in_the_inbox_after_ten_minutes(poison):
    work(poison)
    before = inbox.payments_stuck().count()
    Payment.objects.update(booked_at=timezone.now() - dt.timedelta(minutes=11))

    assert (before, inbox.payments_stuck().count()) == (0, 1)


def test_a_payment_that_was_settled_meanwhile_is_not_put_off(world, pay):
    payment = pay("5000")

    services.put_off_settling(payment.pk)

    payment.refresh_from_db()
    assert (payment.state, payment.available_at, payment.attempts) == ("settled", None, 0)


def test_after_eight_tries_it_waits_for_a_person(poison, jua, owner):
    for _ in range(7):
        work(poison)
    before = inbox.payments_stuck().count()

    with pytest.raises(ZeroDivisionError):
        tasks.work_payment(schema="jua", payment_id=poison.pk)

    poison.refresh_from_db()
    assert (before, inbox.payments_stuck().count()) == (0, 1)
    assert (poison.state, poison.attempts, poison.available_at) == ("received", 8, None)
    assert sweeps.next_due(jua) is None
    assert "Try again now" in owner.get(f"/payments/{poison.public_id}/").content.decode()
    assert "Cannot be settled" in owner.get("/payments/?state=needs").content.decode()
    assert "given up" in owner.get("/inbox/").content.decode()


def test_what_was_given_up_is_not_tried_again_by_the_machine(poison, jua, monkeypatch):
    park(poison)
    rung = []
    monkeypatch.setattr(sweeps, "ring", lambda _, **what: rung.append(what))

    sweeps.restart(jua)
    tasks.work_payment(schema="jua", payment_id=poison.pk, is_again=True)

    poison.refresh_from_db()
    assert (rung, poison.attempts) == ([], 8)


def test_a_person_has_it_tried_again(poison, owner):
    park(poison)

    answer = owner.post(f"/payments/{poison.public_id}/retry/")
    again = owner.post(f"/payments/{poison.public_id}/retry/")

    poison.refresh_from_db()
    assert (answer.status_code, again.status_code) == (302, 422)
    assert (poison.attempts, poison.is_parked) == (0, False)
    entries = AuditEntry.objects.filter(target=str(poison.public_id))
    assert [each.action for each in entries] == ["payment.retried"]
    work(poison)
    assert poison.attempts == 1


@pytest.mark.parametrize("how", ["swept", "redelivered"])
def test_a_try_that_kills_its_worker_is_counted_too(poison, how, monkeypatch):
    seen = []

    def die(company, payment_id):
        seen.append(Payment.objects.get(pk=payment_id).attempts)
        raise SystemExit  # as a worker that is killed: nothing after it is done

    monkeypatch.setattr(line, "work", die)
    task = tasks.work_payment
    task.push_request(delivery_info={"redelivered": how == "redelivered"})
    try:
        for _ in range(10):
            with contextlib.suppress(SystemExit):
                task.run(schema="jua", payment_id=poison.pk, is_again=how == "swept")
    finally:
        task.pop_request()

    poison.refresh_from_db()
    assert seen == [1, 2, 3, 4, 5, 6, 7, 8]
    assert poison.is_parked


def test_waiting_in_a_long_queue_is_no_attempt(world, airtel, jua, monkeypatch):
    airtel(reference="WAITS")
    monkeypatch.setattr(sweeps, "ring", lambda _, **what: True)

    for _ in range(3):
        Payment.objects.update(available_at=database_now())
        sweeps.restart(jua)

    payment = Payment.objects.get()
    assert (payment.attempts, payment.is_parked) == (0, False)
