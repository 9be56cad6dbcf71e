"""How far a payment has come, as one badge and four short bars: money in, settled, token, SMS."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from common.badges import Badge, Tone, Track
from common.words import _
from messaging.badges import message_badge
from messaging.models import Message
from payments.models import OPEN_CORRECTIONS, Correction, Payment
from vending.models import TokenOrder

GOOD, BUSY, WARN, BAD = Tone.GOOD, Tone.BUSY, Tone.WARN, Tone.BAD
DOUBT, QUIET, NONE = Tone.DOUBT, Tone.QUIET, Tone.NONE
GIVEN_BACK = (Payment.State.RETURNED, Payment.State.REFUNDED, Payment.State.REVERSED)
URGENCY = (DOUBT, BAD, WARN, BUSY, QUIET, GOOD)


@dataclass(frozen=True, slots=True)
class Standing:
    """The badge of a payment and the tones of its four bars."""

    badge: Badge
    track: Track


TOKEN_BADGES = {
    TokenOrder.State.IN_DOUBT: Badge(DOUBT, TokenOrder.State.IN_DOUBT.label),
    TokenOrder.State.REFUSED: Badge(BAD, TokenOrder.State.REFUSED.label),
    TokenOrder.State.REQUESTED: Badge(BUSY, TokenOrder.State.REQUESTED.label),
    TokenOrder.State.DUE: Badge(BUSY, TokenOrder.State.DUE.label),
    TokenOrder.State.ISSUED: Badge(GOOD, TokenOrder.State.ISSUED.label),
}
TOKEN_PAUSED = Badge(WARN, _("Token paused"))
TOKEN_GIVEN_BACK = Badge(QUIET, _("Kept as credit"), is_bare=True)
GIVEN_UP = Standing(Badge(BAD, _("Cannot be settled")), (GOOD, BAD, NONE, NONE))
CONFLICT = Badge(WARN, _("Conflict"))
SETTLED = Badge(GOOD, Payment.State.SETTLED.label, is_bare=True)
CORRECTIONS = {
    Correction.State.ASKED: Badge(WARN, _("To approve")),
    Correction.State.APPROVED: Badge(WARN, _("Refund to pay out")),
    Correction.State.REQUESTED: Badge(BUSY, _("Being refunded")),
    Correction.State.IN_DOUBT: Badge(DOUBT, _("Refund in doubt")),
    Correction.State.PAID: Badge(GOOD, _("Paid out"), is_bare=True),
    Correction.State.BOOKED: Badge(QUIET, _("Booked"), is_bare=True),
    Correction.State.DECLINED: Badge(QUIET, _("Declined"), icon="cross", is_bare=True),
    Correction.State.WITHDRAWN: Badge(QUIET, _("Withdrawn"), is_bare=True),
}
REFUND_ON_ITS_WAY = Badge(BUSY, _("Being refunded"))
REFUND_FAILED = Badge(BAD, _("Refund not paid out"))
UNSETTLED = {
    Payment.State.VALIDATED: Standing(
        Badge(BUSY, Payment.State.VALIDATED.label), (BUSY, NONE, NONE, NONE)
    ),
    Payment.State.RECEIVED: Standing(
        Badge(BUSY, Payment.State.RECEIVED.label), (BUSY, NONE, NONE, NONE)
    ),
    Payment.State.UNMATCHED: Standing(
        Badge(WARN, Payment.State.UNMATCHED.label, icon="ask"), (GOOD, WARN, NONE, NONE)
    ),
}


def order_badge(order: TokenOrder) -> Badge:
    """Return the badge of one order; a refusal that somebody dealt with is quiet."""
    if order.is_paused:
        return TOKEN_PAUSED
    if order.state == TokenOrder.State.REFUSED and order.decided_by:
        return TOKEN_GIVEN_BACK
    return TOKEN_BADGES[TokenOrder.State(order.state)]


def correction_badge(correction: Correction) -> Badge:
    """Return the badge of a refund or reversal; a refund that the operator would not do stands out."""
    if correction.state == Correction.State.APPROVED and correction.available_at:
        return REFUND_ON_ITS_WAY
    if correction.waits_for_person and correction.failure:
        return REFUND_FAILED
    return CORRECTIONS[Correction.State(correction.state)]


def worst_order(orders: Sequence[TokenOrder]) -> TokenOrder | None:
    """Return the order that most needs somebody, else the furthest from done."""
    return min(orders, key=lambda o: URGENCY.index(order_badge(o).tone), default=None)


def decisive_message(messages: Sequence[Message], *, has_token: bool) -> Message | None:
    """Return the SMS that says whether the news arrived: a delivered one, else the newest.

    Where a token was issued only messages that carry it count: being told to wait is not the token.
    """
    telling = [m for m in messages if not has_token or m.purpose == "token"]
    delivered = [m for m in telling if m.state == Message.State.DELIVERED]
    return max(delivered or telling, key=lambda m: m.pk, default=None)


def standing_of(
    payment: Payment,
    orders: Sequence[TokenOrder],
    messages: Sequence[Message],
    *,
    has_conflict: bool = False,
    corrections: Sequence[Correction] = (),
) -> Standing:
    """Return how far a payment has come: the furthest state that is not done."""
    found = _without_conflict(payment, orders, messages)
    going = [correction_badge(each) for each in corrections if each.is_open]
    if going and found.badge.tone in (GOOD, BUSY, QUIET):
        worst = min(going, key=lambda badge: URGENCY.index(badge.tone))
        found = Standing(worst, (worst.tone, *found.track[1:]))
    if has_conflict and found.badge.tone in (GOOD, BUSY, QUIET):
        return Standing(CONFLICT, (WARN, *found.track[1:]))
    return found


def _without_conflict(
    payment: Payment, orders: Sequence[TokenOrder], messages: Sequence[Message]
) -> Standing:
    state = Payment.State(payment.state)
    if state in GIVEN_BACK:
        return Standing(Badge(QUIET, state.label, is_bare=True), (QUIET, QUIET, QUIET, QUIET))
    if payment.is_parked:
        return GIVEN_UP
    if state in UNSETTLED:
        return UNSETTLED[state]
    order = worst_order(orders)
    token = order_badge(order) if order else None
    if token and token.tone not in (GOOD, QUIET):
        return Standing(token, (GOOD, GOOD, token.tone, NONE))
    message = decisive_message(messages, has_token=bool(token and token.tone == GOOD))
    sms = message_badge(message) if message else None
    bars = (GOOD, GOOD, token.tone if token else QUIET, sms.tone if sms else NONE)
    return Standing(sms or token or SETTLED, bars)


def orders_of(payment_ids: Iterable[int]) -> dict[int, list[TokenOrder]]:
    """Return the orders that payments paid for, by payment, oldest first."""
    found: dict[int, list[TokenOrder]] = defaultdict(list)
    orders = TokenOrder.objects.filter(source="payment", source_id__in=list(payment_ids))
    for order in orders.select_related("device").order_by("pk"):
        found[order.source_id].append(order)
    return found


def messages_of(payment_ids: Iterable[int]) -> dict[int, list[Message]]:
    """Return the SMS about payments, by payment, oldest first."""
    found: dict[int, list[Message]] = defaultdict(list)
    messages = Message.objects.filter(source="payment", source_id__in=list(payment_ids))
    for message in messages.select_related("connection").order_by("pk"):
        found[int(message.source_id or 0)].append(message)
    return found


def corrections_of(payment_ids: Iterable[int]) -> dict[int, list[Correction]]:
    """Return the refunds and reversals of payments that are still open, by payment."""
    found: dict[int, list[Correction]] = defaultdict(list)
    going = Correction.objects.filter(payment__in=list(payment_ids), state__in=OPEN_CORRECTIONS)
    for correction in going.order_by("pk"):
        found[int(correction.payment_id or 0)].append(correction)
    return found


def standings(payments: Sequence[Payment]) -> dict[int, Standing]:
    """Return the standing of each payment, in three queries whatever their number.

    A payment's ``has_conflict`` is read where a selector annotated it.
    """
    ids = [payment.pk for payment in payments]
    orders, messages, corrections = orders_of(ids), messages_of(ids), corrections_of(ids)
    return {
        payment.pk: standing_of(
            payment,
            orders.get(payment.pk, []),
            messages.get(payment.pk, []),
            has_conflict=getattr(payment, "has_conflict", False),
            corrections=corrections.get(payment.pk, ()),
        )
        for payment in payments
    }
