"""What a payment bought, in the few words that a list has room for."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as say

from common import formats
from payments.allocation import Part
from payments.models import Payment
from payments.standing import Standing, corrections_of, messages_of, orders_of, standing_of
from vending.models import TokenOrder

GIVEN_BACK = (Payment.State.RETURNED, Payment.State.REFUNDED, Payment.State.REVERSED)


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment as the lists of a customer or device show it."""

    payment: Payment
    standing: Standing
    bought: str
    beside: str


def payment_rows(payments: Sequence[Payment], *, currency: str, language: str) -> list[PaymentRow]:
    """Return rows for payments, with three queries whatever their number."""
    ids = [payment.pk for payment in payments]
    orders, messages, corrections = orders_of(ids), messages_of(ids), corrections_of(ids)
    rows = []
    for payment in payments:
        own = orders.get(payment.pk, [])
        standing = standing_of(
            payment,
            own,
            messages.get(payment.pk, []),
            has_conflict=getattr(payment, "has_conflict", False),
            corrections=corrections.get(payment.pk, ()),
        )
        bought, beside = _words(payment, own, currency, language)
        rows.append(PaymentRow(payment, standing, bought, beside))
    return rows


def _words(
    payment: Payment, orders: Sequence[TokenOrder], currency: str, language: str
) -> tuple[str, str]:
    if payment.state in GIVEN_BACK:
        return say("nothing"), payment.reason
    beside = [_part(part, currency, language) for part in payment.parts]
    bought = [
        formats.quantity(order.quantity, order.unit, language)
        for order in orders
        if order.quantity and order.state != TokenOrder.State.REFUSED
    ]
    if any(order.task == TokenOrder.Task.UNLOCK for order in orders):
        bought.append(say("unlocked"))
    text = ", ".join(filter(None, beside))
    if bought:
        return ", ".join(bought), text
    return text or ("" if payment.state != Payment.State.SETTLED else say("nothing")), ""


def _part(part: dict[str, Any], currency: str, language: str) -> str:
    amount = Decimal(str(part.get("amount", 0)))
    shown = formats.plain_amount(abs(amount), currency, language)
    match part.get("part"):
        case Part.INSTALMENT:
            return f"{part.get('label') or say('instalment')} {shown}"
        case Part.ACCESS_FEE:
            return say("access fee %(amount)s") % {"amount": shown}
        case Part.DEVICE_CREDIT if amount < 0:
            return say("%(amount)s of credit used") % {"amount": shown}
        case Part.DEVICE_CREDIT | Part.CUSTOMER_CREDIT:
            return say("%(amount)s kept as credit") % {"amount": shown}
    return ""
