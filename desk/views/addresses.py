"""Addresses of pages that another page leads to when this user may go there."""

from typing import Any

from django.urls import reverse

from accounts.access import may
from payments.models import Payment

REFUNDABLE = (Payment.State.UNMATCHED, Payment.State.SETTLED)
REVERSIBLE = (*REFUNDABLE, Payment.State.RECEIVED, Payment.State.REFUNDED)


def refund_address(payment: Payment, user: Any) -> str:
    """Return the page on which a payment is refunded, or nothing."""
    return _address("desk:payment-refund", payment, user, REFUNDABLE)


def reversal_address(payment: Payment, user: Any) -> str:
    """Return the page on which it is noted that the operator took a payment back, or nothing."""
    return _address("desk:payment-reverse", payment, user, REVERSIBLE)


def _address(name: str, payment: Payment, user: Any, states: tuple[Payment.State, ...]) -> str:
    if payment.state not in states or not may(user, "payments.refund_payment"):
        return ""
    return reverse(name, args=[payment.public_id])
