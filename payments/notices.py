"""What the customer reads: the SMS about a payment, in the customer's language.

To the customer: amount, device, token with kWh or days, what went to debts, what is still owed, credit.
To another phone that paid: amount, device and token only.
"""

import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from common.money import minor_digits
from customers.models import Customer
from messaging.models import Message
from messaging.services import queue_message
from payments import balances
from payments.allocation import Part
from payments.models import Correction, Payment
from plugins import registry
from tenants.models import Company
from tenants.scope import current_company
from vending.models import TokenOrder

logger = logging.getLogger(__name__)
State = TokenOrder.State


def tell_settled(company: Company, payment: Payment) -> list[Message]:
    """Queue the SMS of a payment that ordered nothing: it cleared debts, or waits as credit."""
    payment = balances.with_what_is_owed(payment.pk)

    def text() -> str:
        return _join(company, payment, _("No token this time."), *_debts(company, payment))

    with _language_of(company, payment.customer):
        words = _written(text, plain=_plain_words(company, payment))
    return _send(company, payment, words, purpose="receipt")


def tell_kept(company: Company, payment: Payment) -> list[Message]:
    """Queue the SMS of a payment that staff kept as credit of its customer, for no device."""

    def text() -> str:
        words = _("%(company)s: %(amount)s received and kept as your credit. Ref %(reference)s")
        return words % {
            "company": company.name,
            "amount": _money(payment.amount, company),
            "reference": payment.receipt or payment.reference,
        }

    with _language_of(company, payment.customer):
        words = _written(text, plain=_plain_words(company, payment))
    return _send(company, payment, words, purpose="receipt")


def tell_order(order: TokenOrder) -> list[Message]:
    """Queue what an ended or doubtful order means for its customer; called in the closing transaction."""
    company = current_company()
    if order.source == "payment":
        payment = balances.with_what_is_owed(order.source_id)
        return _tell_payer(company, order, payment)
    # A code that empties a device is for whoever stands before it, not for its customer.
    is_for_customer = order.task != TokenOrder.Task.CLEAR and order.device.customer_id
    if order.state == State.ISSUED and is_for_customer:
        return _tell_owner(company, order)
    return []


def tell_refunded(company: Company, correction: Correction) -> list[Message]:
    """Queue what a payer reads when money went back; nobody is told where no phone is known."""
    payment, customer = correction.payment, correction.customer
    own = customer.phone if customer else ""
    payer = payment.payer_phone if payment else ""
    phone = payer if payer.startswith("+") else own
    if not phone:
        return []
    amount = _money(correction.amount, company)
    reference = correction.payout_reference or (
        payment.receipt or payment.reference if payment else ""
    )
    with _language_of(company, customer):
        words = _written(
            lambda: _refunded(company, amount, reference),
            plain=f"{company.name}: {amount} {reference}".strip(),
        )
    return [
        queue_message(
            phone=phone,
            text=words,
            purpose="refund",
            source="correction",
            source_id=correction.pk,
            language=(customer.language if customer else "") or company.language,
            now=timezone.now(),
        )
    ]


def _refunded(company: Company, amount: str, reference: str) -> str:
    facts = {"company": company.name, "amount": amount, "reference": reference}
    words = _("%(company)s: we sent %(amount)s back to you.") % facts
    return f"{words} {_('Ref %(reference)s') % facts}" if reference else words


def _tell_payer(company: Company, order: TokenOrder, payment: Payment) -> list[Message]:
    with _language_of(company, payment.customer):
        plain = _plain_words(company, payment, order.token)
        if order.state == State.ISSUED:
            short = _written(lambda: _join(company, payment, _token(order)), plain=plain)
            text = _written(
                lambda: _join(company, payment, _token(order), *_debts(company, payment)),
                plain=short,
            )
            return _send(company, payment, text, purpose="token", short=short)
        if order.state == State.IN_DOUBT:
            words = _("Your token takes a little longer. You need not pay again.")
        else:
            words = _("No token could be made. Your money is kept as credit; our office will help.")
        notice = _written(lambda: _join(company, payment, words), plain=plain)
        return _send(company, payment, notice, purpose="notice")


def _tell_owner(company: Company, order: TokenOrder) -> list[Message]:
    customer = Customer.objects.get(devices__pk=order.device_id)
    with _language_of(company, customer):
        text = _written(
            lambda: (
                _("%(company)s: %(token)s Device %(serial)s.")
                % {
                    "company": company.name,
                    "token": _token(order),
                    "serial": order.device.serial,
                }
            ),
            plain=f"{company.name}: {order.token} {order.device.serial}",
        )
        message = queue_message(
            phone=customer.phone,
            text=text,
            purpose="token",
            source="order",
            source_id=order.pk,
            language=translation.get_language(),
            now=timezone.now(),
        )
    return [message]


def _written(write: Callable[[], str], *, plain: str) -> str:
    """The text, or plain figures when a fault, say in a translation, keeps it from being written."""
    try:
        return write()
    except Exception:
        logger.exception("notice.not_written")
        return plain


def _plain_words(company: Company, payment: Payment, token: str = "") -> str:
    """What needs no language: who, how much, the token, the reference."""
    amount = f"{company.currency} {_plain(payment.amount)}"
    reference = payment.receipt or payment.reference
    return " ".join(part for part in (f"{company.name}:", amount, token, reference) if part)


def _send(
    company: Company, payment: Payment, text: str, *, purpose: str, short: str = ""
) -> list[Message]:
    assert payment.customer is not None
    to = {payment.customer.phone: text}
    if short and payment.payer_phone.startswith("+"):
        to.setdefault(payment.payer_phone, short)
    return [
        queue_message(
            phone=phone,
            text=words,
            purpose=purpose,
            source="payment",
            source_id=payment.pk,
            language=payment.customer.language or company.language,
            now=timezone.now(),
        )
        for phone, words in to.items()
    ]


def _language_of(company: Company, customer: Customer | None) -> Any:
    return translation.override((customer.language if customer else "") or company.language)


def _join(company: Company, payment: Payment, *sentences: str) -> str:
    head = _("%(company)s: %(amount)s received for %(serial)s.") % {
        "company": company.name,
        "amount": _money(payment.amount, company),
        "serial": payment.device.serial if payment.device else payment.account,
    }
    tail = _("Ref %(reference)s") % {"reference": payment.receipt or payment.reference}
    return " ".join(part for part in (head, *sentences, tail) if part)


def _token(order: TokenOrder) -> str:
    maker = registry.manufacturer(order.device.manufacturer)
    facts = {"token": maker.display_token(order.token), "quantity": _plain(order.quantity)}
    if order.task == TokenOrder.Task.UNLOCK and order.without_payment:
        return _("Code %(token)s frees your device for good.") % facts
    if order.task == TokenOrder.Task.UNLOCK:
        return _("All paid: code %(token)s frees your device for good.") % facts
    if order.unit == "day":
        return _("Code %(token)s = %(quantity)s days.") % facts
    return _("Token %(token)s = %(quantity)s kWh.") % facts


def _debts(company: Company, payment: Payment) -> list[str]:
    """What went to debts, what is still owed, what stands as credit; empty sentences are left out."""
    paid: dict[str, Decimal] = {}
    for part in payment.parts:
        if part["part"] in {Part.INSTALMENT, Part.ACCESS_FEE}:
            name = part.get("label") or _("access fee")
            paid[name] = paid.get(name, Decimal(0)) + Decimal(part["amount"])
    sentences = []
    if paid:
        listed = ", ".join(f"{name} {_figure(amount, company)}" for name, amount in paid.items())
        sentences.append(_("Paid: %(listed)s.") % {"listed": listed})
    for words, amount in (
        (_("Still owed: %(amount)s."), balances.still_owed(payment)),
        (_("Credit: %(amount)s."), balances.credit(payment)),
    ):
        if amount:
            sentences.append(words % {"amount": _figure(amount, company)})
    return sentences


def _money(amount: Decimal, company: Company) -> str:
    return f"{company.currency} {_figure(amount, company)}"


def _figure(amount: Decimal, company: Company) -> str:
    """An amount in an SMS: thousands with a comma, decimals only where there are any."""
    digits = 0 if amount == amount.to_integral_value() else minor_digits(company.currency)
    return f"{amount:,.{digits}f}"


def _plain(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"
