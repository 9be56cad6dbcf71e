"""Payments that need a person: unmatched, returned, stuck, conflicts, results not confirmed."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from common.badges import Tone
from desk import inbox
from desk.inbox_items.item import MOST, Item, Tab
from desk.trace.writer import Writer, explain, sentence
from payments.models import Conflict, OperatorResult, Payment


def payment_items(writer: Writer) -> Iterator[Item]:
    related = ("connection", "customer__village")
    for payment in inbox.payments_unmatched().select_related(*related).order_by("pk")[:MOST]:
        yield _unmatched(payment, writer)
    for payment in inbox.payments_returned().select_related(*related).order_by("pk")[:MOST]:
        yield _returned(payment, writer)
    for payment in inbox.payments_stuck().select_related(*related).order_by("pk")[:MOST]:
        yield _stuck(payment, writer)


def _money_in(payment: Payment, **words: Any) -> Item:
    receipt = payment.receipt or payment.reference
    return Item(
        key=f"payment-{payment.public_id}",
        tab=Tab.PAYMENTS,
        facts=(f"{payment.connection.label} {receipt}",),
        since=payment.booked_at or payment.created_at,
        permission=words.pop("permission", "payments.view_payment"),
        **{"url": reverse("desk:payment", args=[payment.public_id]), **words},
    )


def _payer(payment: Payment, writer: Writer) -> str:
    return payment.payer_name or writer.phone(payment.payer_phone) or _("The payer")


def _unmatched(payment: Payment, writer: Writer) -> Item:
    facts = {
        "payer": _payer(payment, writer),
        "account": payment.account,
        "reason": explain(payment.reason),
    }
    return _money_in(
        payment,
        tone=Tone.WARN,
        icon="people",
        title=_("%(money)s without a customer") % {"money": writer.money(payment.amount)},
        text=_("%(payer)s typed %(account)s. %(reason)s") % facts,
        button=_("Match"),
        url=reverse("desk:payment-assign", args=[payment.public_id]),
        permission="payments.decide_payment",
    )


def _returned(payment: Payment, writer: Writer) -> Item:
    facts = {
        "payer": _payer(payment, writer),
        "account": payment.account,
        "reason": explain(payment.reason),
        "operator": payment.connection.label,
    }
    return _money_in(
        payment,
        tone=Tone.QUIET,
        icon="undo",
        title=_("%(money)s goes back to the payer") % {"money": writer.money(payment.amount)},
        text=_("%(payer)s typed %(account)s. %(reason)s %(operator)s returns the money.") % facts,
        button=_("See"),
        group="returned",
    )


def _stuck(payment: Payment, writer: Writer) -> Item:
    facts = {"money": writer.money(payment.amount), "count": payment.attempts}
    said = _("Tried %(count)s times. The money is booked and safe; tell your technician.")
    if payment.is_parked:
        said = _(
            "Tried %(count)s times, then given up. The money is booked and safe; tell your technician,"
            " then try again."
        )
    return _money_in(
        payment,
        tone=Tone.BAD,
        icon="split",
        title=_("%(money)s cannot be settled") % facts,
        text=said % facts,
        button=_("See and try again"),
    )


def conflict_items(writer: Writer) -> Iterator[Item]:
    conflicts = inbox.conflicts_open().select_related(
        "payment__connection", "payment__customer__village", "callback"
    )
    for conflict in conflicts.order_by("pk")[:MOST]:
        yield _conflict(conflict, writer)


def _conflict(conflict: Conflict, writer: Writer) -> Item:
    payment = conflict.payment
    facts = {
        "operator": payment.connection.label,
        "receipt": payment.receipt or payment.reference,
        "counted": writer.money(payment.amount),
        "account": payment.account,
        "other": writer.written_amount(conflict.amount),
        "other_account": conflict.account,
    }
    text = _(
        "%(operator)s reported %(receipt)s with %(counted)s for %(account)s, which was counted, and"
        " again with %(other)s for %(other_account)s, which was not."
    )
    who = (writer.person(payment.customer),) if payment.customer else ()
    return Item(
        key=f"conflict-{conflict.pk}",
        tab=Tab.PAYMENTS,
        tone=Tone.WARN,
        icon="warn",
        title=_("One receipt, two reports"),
        text=text % facts,
        facts=(*who, payment.connection.label),
        since=conflict.opened_at,
        button=_("Compare"),
        url=reverse("desk:conflict", args=[payment.public_id, conflict.pk]),
        permission="payments.view_payment",
    )


def result_items(writer: Writer) -> Iterator[Item]:
    results = inbox.results_unconfirmed().select_related("payment__connection")
    for result in results.order_by("pk")[:MOST]:
        yield _result(result, writer)


def _result(result: OperatorResult, writer: Writer) -> Item:
    payment = result.payment
    facts = {
        "operator": payment.connection.label,
        "count": result.attempts,
        "reason": sentence(result.reason),
        "money": writer.money(payment.amount),
    }
    return Item(
        key=f"result-{result.pk}",
        tab=Tab.PAYMENTS,
        tone=Tone.WARN,
        icon="send",
        title=_("%(operator)s has not taken our word on %(money)s") % facts,
        text=_("Told %(count)s times, never confirmed. %(reason)s We go on telling.") % facts,
        facts=(f"{payment.connection.label} {payment.receipt or payment.reference}",),
        since=result.decided_at,
        button=_("See and tell again"),
        url=reverse("desk:payment", args=[payment.public_id]),
        permission="payments.view_payment",
    )
