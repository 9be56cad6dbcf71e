"""What a reversal takes: the credit that the payment brought, as far as it is there, and no other."""

import pytest
from django.utils import timezone

from ledger.models import Account
from ledger.selectors import balance
from payments import books, services
from tests.payments.makers import answering, use_calin
from tests.payments.refunds import ask_refund, unmatched


def reverse(payment, actor, *, as_loss=True):
    services.ask_reversal(
        payment_id=payment.pk, as_loss=as_loss, reason="Chargeback", actor=actor, now=timezone.now()
    )


def by_hand(refund, actor):
    services.pay_out_by_hand(correction_id=refund.pk, paid_from="cash", reference="", actor=actor)


def test_a_reversal_takes_what_is_kept_for_the_customer(world, amina, airtel):
    payment = unmatched(world, airtel)
    services.keep_as_credit(
        payment_id=payment.pk, customer_id=world.neema.pk, reason="His", actor=amina
    )
    refund = ask_refund(
        amina, payment, 1000, payment_id=None, pot="customer", customer_id=world.neema.pk
    )

    with pytest.raises(services.RefundOnItsWay):  # withdrawn afterwards, it would be credit again
        reverse(payment, amina)
    by_hand(refund, amina)
    reverse(payment, amina)

    assert balance(Account.CUSTOMER_CREDIT, world.neema.pk) == 0
    assert balance(Account.LOSSES, None) == 1000
    assert books.violations() == []


def test_a_reversal_leaves_the_credit_that_was_there_before(world, amina, pay, television):
    """A refused order gives back what the payment brought, and the earlier credit that it took."""
    pay("4999")  # 39 are left of it
    television("1000")
    use_calin(world.meter)
    with answering(code="03"):
        payment = pay("1961")

    reverse(payment, amina)

    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == 39
    assert balance(Account.LOSSES, None) == 1000
    assert books.violations() == []


def test_what_was_refunded_and_is_taken_back_too_is_a_loss(world, amina, airtel):
    """The payer has the money twice: from us, and from the operator."""
    payment = unmatched(world, airtel)
    refund = ask_refund(amina, payment, 5000)
    with pytest.raises(services.RefundOnItsWay):
        reverse(payment, amina)
    by_hand(refund, amina)
    with pytest.raises(services.NobodyOwes):
        reverse(payment, amina, as_loss=False)

    reverse(payment, amina)

    payment.refresh_from_db()
    assert payment.state == "reversed"
    assert balance(Account.LOSSES, None) == 5000
    assert balance(Account.OPERATOR_CLEARING, payment.connection_id) == 0
    assert books.violations() == []
    with pytest.raises(services.CannotReverse):
        reverse(payment, amina)
