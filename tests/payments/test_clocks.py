"""The clock of a web server or worker may be wrong: what is due, and when, goes by the database's."""

import datetime as dt

import pytest
import time_machine

from common.clock import database_now
from messaging.models import Message
from payments import services
from payments.models import OperatorResult, Payment
from tests.payments.test_intake import ORDER, broker, mozambique, vodacom
from vending.models import TokenOrder

__all__ = ["broker", "mozambique"]
SKEWS = [dt.timedelta(hours=48), dt.timedelta(hours=-48)]


@pytest.fixture(params=SKEWS, ids=["fast", "slow"])
def wrong_clock(request):
    """The clock of this process is two days fast, or slow."""
    with time_machine.travel(dt.datetime.now(dt.UTC) + request.param):
        yield


def seconds_until(moment):
    return round((moment - database_now()).total_seconds())


def test_a_payment_is_taken_up_after_seconds(world, airtel, wrong_clock):
    airtel(reference="A1")

    assert seconds_until(Payment.objects.get().available_at) in range(6, 9)


def test_an_order_is_taken_up_after_seconds_however_old_its_payment_is(jua, airtel, wrong_clock):
    airtel(reference="A1")
    Payment.objects.update(booked_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))

    services.settle_payment(company=jua, payment_id=Payment.objects.get().pk)

    assert seconds_until(TokenOrder.objects.get().available_at) in range(6, 9)


def test_a_message_is_leased_for_its_call(pay, wrong_clock, monkeypatch):
    leases = []
    monkeypatch.setattr(
        "messaging.services.sending._hand_over",
        lambda message: leases.append(Message.objects.get(pk=message.pk).leased_until),
    )

    pay("5000")

    assert seconds_until(leases[0]) in range(72, 76)


def test_a_validation_lives_a_day(mozambique, wrong_clock):
    mozambique("validate", **ORDER)

    payment = Payment.objects.get()
    assert seconds_until(payment.expires_at) in range(86_398, 86_401)
    assert payment.available_at == payment.expires_at
    services.expire_validations(now=database_now())
    payment.refresh_from_db()
    assert payment.state == "validated"


def test_a_validated_payment_that_was_paid_is_taken_up_after_seconds(mozambique, wrong_clock):
    our_id = mozambique("validate", **ORDER).json()["data"]["transactionId"]

    mozambique("process", referenceId="ORD-77-A1", transactionId=our_id)

    assert seconds_until(Payment.objects.get().available_at) in range(6, 9)


def test_a_result_is_owed_at_once(broker, wrong_clock):
    for _ in range(2):  # the second asks for it again
        vodacom(broker)
        assert seconds_until(OperatorResult.objects.get().available_at) in range(-2, 1)


def test_an_assigned_payment_is_due_at_once(world, amina, airtel, wrong_clock):
    airtel(reference="A1", account="1")
    Payment.objects.update(state="unmatched")

    services.assign_payment(
        payment_id=Payment.objects.get().pk, device_id=world.meter.pk, reason="", actor=amina
    )

    assert seconds_until(Payment.objects.get().available_at) in range(-2, 1)
