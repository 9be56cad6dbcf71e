"""From a process call to a sent SMS, through the operator's door."""

from decimal import Decimal as D

from ledger.models import Account
from ledger.selectors import balance, trial_balance
from messaging.models import Message
from payments.models import Callback, Payment
from vending.models import TokenOrder


def test_a_payment_becomes_a_token_and_an_sms(world, pay):
    payment = pay("5000")

    order = TokenOrder.objects.get()
    message = Message.objects.get()
    assert payment.state == Payment.State.SETTLED
    assert (order.state, order.quantity, order.cost) == ("issued", D("12.5"), D(5000))
    assert (message.phone, message.state) == ("+255754123456", "delivered")
    grouped = " ".join(order.token[i : i + 4] for i in range(0, 20, 4))
    assert f"Token {grouped} = 12.5 kWh" in message.text
    assert "TZS 5,000" in message.text
    assert trial_balance() == {
        Account.OPERATOR_CLEARING: D(5000),
        Account.SUSPENSE: 0,
        Account.DEVICE_CREDIT: 0,
        Account.ORDERED: 0,
        Account.ENERGY_REVENUE: D(-5000),
    }


def test_the_callback_is_kept_encrypted(world, airtel):
    airtel(amount="5000")

    kept = Callback.objects.get()
    assert kept.state == Callback.State.ACCEPTED
    assert "<AMOUNT>5000</AMOUNT>" in kept.content["body"]
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM payments_callback")
        (raw,) = cursor.fetchone()
    assert b"5000" not in bytes(raw)


def test_a_repeat_gets_the_same_answer_and_changes_nothing(world, airtel, work):
    first = airtel(amount="5000", reference="AT1")
    work()
    again = airtel(amount="5000", reference="AT1")
    work()

    assert again.text == first.text
    assert Payment.objects.count() == TokenOrder.objects.count() == Message.objects.count() == 1
    assert balance(Account.OPERATOR_CLEARING, world.airtel.pk) == D(5000)


def test_a_reference_with_another_amount_is_a_conflict(world, airtel, work):
    airtel(amount="5000", reference="AT1")
    work()
    other = airtel(amount="8000", reference="AT1")
    work()

    payment = Payment.objects.get()
    assert other.status == "400"
    assert payment.amount == D(5000)
    assert [c.amount for c in payment.conflicts.all()] == ["8000"]
    assert TokenOrder.objects.count() == 1
