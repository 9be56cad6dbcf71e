"""A payment that cannot be settled: tried later and later, shown to people, in nobody's way."""

import datetime as dt

import pytest
from django.utils import timezone

from desk import inbox
from payments import services, sweeps, tasks
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
    monkeypatch.setattr(sweeps, "ring", lambda _, *, schema, payment_id: rung.append(payment_id))

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


def test_attempts_are_counted_to_the_end_of_their_column_only(poison, jua):
    Payment.objects.update(attempts=30_000, available_at=timezone.now())

    sweeps.restart(jua)

    poison.refresh_from_db()
    assert poison.attempts == 30_000
