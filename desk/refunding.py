"""What a page offers to send back: from where, how much at most, and why not more."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from desk.trace.writer import Writer
from payments.models import Payment
from payments.refundable import Pot, Source, most_of, refunded
from vending.models import TokenOrder

OPEN_ORDERS = [TokenOrder.State.DUE, TokenOrder.State.REQUESTED, TokenOrder.State.IN_DOUBT]


@dataclass(frozen=True, slots=True)
class Offer:
    """One place from which money can go back now."""

    source: Source
    label: str
    most: Decimal

    @property
    def key(self) -> str:
        return self.source.key


def offers_of(sources: list[Source], writer: Writer) -> list[Offer]:
    """Return what can go back now, the places without money left out."""
    found = [Offer(each, _label(each), most_of(each)) for each in sources]
    return [offer for offer in found if offer.most > 0]


def _label(source: Source) -> str:
    if source.pot == Pot.SUSPENSE:
        return _("The whole payment")
    if source.pot == Pot.DEVICE:
        return _("Credit of %(device)s") % {"device": source.device.label if source.device else ""}
    return _("Credit of %(customer)s") % {"customer": source.customer}


def why_not_more(payment: Payment, writer: Writer) -> list[str]:
    """Say what keeps a payment from going back whole, one sentence each."""
    words = {
        Payment.State.VALIDATED: _("It is not paid yet."),
        Payment.State.RECEIVED: _("It is just being settled. Look again in a moment."),
        Payment.State.RETURNED: _("We said no, so the operator gives it back."),
        Payment.State.REFUNDED: _("All of it was refunded already."),
        Payment.State.REVERSED: _("The operator took it back."),
    }
    state = Payment.State(payment.state)
    if state in words:
        return [words[state]]
    if state == Payment.State.UNMATCHED:
        return [_("Nobody could match it, so it goes back whole.")]
    return _spent(payment, writer)


def _spent(payment: Payment, writer: Writer) -> list[str]:
    found = []
    back = refunded(payment)
    if back:
        found.append(_("%(money)s of it was refunded already.") % {"money": writer.money(back)})
    orders = TokenOrder.objects.filter(source="payment", source_id=payment.pk)
    waiting = [order for order in orders if order.state in OPEN_ORDERS]
    if any(order.is_in_doubt for order in waiting):
        found.append(_("A token of it is in doubt: once that is decided, its money may be free."))
    elif waiting:
        found.append(_("A token of it is on its way."))
    found.append(
        _(
            "What bought a token or cleared a debt is spent. Unspent is only what stands as credit now."
        )
    )
    return found
