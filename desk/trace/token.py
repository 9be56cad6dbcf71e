"""The stations of tokens: one for each order."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from accounts.models import AuditEntry
from common.badges import Tone
from desk.trace.decisions import decision_words
from desk.trace.load import Story
from desk.trace.raw import exchange_raws
from desk.trace.values import Station, Step
from desk.trace.writer import Writer, maker_name, sentence
from payments.models import Payment
from payments.standing import order_badge
from plugins.models import Exchange
from vending.models import OrderEvent, TokenOrder

State = TokenOrder.State
Kind = OrderEvent.Kind


def token_stations(story: Story, writer: Writer, *, with_raw: bool) -> list[Station]:
    """Tell of every order what was asked and answered; without an order, why there is none."""
    if story.orders:
        return [_station(story, order, writer, with_raw) for order in story.orders]
    return [_without_order(story.payment)]


def _without_order(payment: Payment | None) -> Station:
    station = Station("token", Tone.QUIET, "bolt", _("Token"))
    if payment is None or payment.state == Payment.State.SETTLED:
        station.title = _("No token")
        station.texts.append(_("Nothing was left to issue: see what the money paid for."))
    elif payment.state in (Payment.State.RECEIVED, Payment.State.VALIDATED):
        station.aside = _("waits until the money is settled")
    elif payment.state == Payment.State.UNMATCHED:
        station.aside = _("waits for a customer")
    else:
        station.aside = _("not ordered")
    return station


def _station(story: Story, order: TokenOrder, writer: Writer, with_raw: bool) -> Station:
    badge = order_badge(order)
    station = Station("token", badge.tone, "bolt", str(badge.label), at=order.closed_at)
    if order.state in (State.IN_DOUBT, State.REQUESTED, State.DUE):
        since = order.requested_at or order.created_at
        station.at = None
        station.aside = _("for %(span)s") % {"span": writer.span(writer.now - since)}
    if badge.tone in (Tone.DOUBT, Tone.WARN, Tone.BAD):
        station.title, station.badge = _("Token"), badge
    exchanges = story.exchanges_of("order", order.pk)
    station.steps = _steps(order, exchanges, story.decisions, writer)
    if with_raw:
        station.raws = exchange_raws(exchanges, writer)
    return station


def _is_untold(decision: AuditEntry, order: TokenOrder) -> bool:
    """Whether a decision about this order left no event that tells it."""
    is_told = decision.action not in {"order.refusal_accepted", "order.from_credit"}
    return not is_told and decision.target == str(order.public_id)


def _steps(
    order: TokenOrder,
    exchanges: Sequence[Exchange],
    decisions: Sequence[AuditEntry],
    writer: Writer,
) -> list[Step]:
    maker = maker_name(order.device.manufacturer)
    steps = [Step(order.created_at, _ordered(order, writer))]
    steps += [Step(event.at, event_words(event, maker)) for event in order.events.all()]
    steps += [Step(each.at, decision_words(each)) for each in decisions if _is_untold(each, order)]
    if order.requested_at:
        asked = _("Asked %(maker)s.") if order.attempts <= 1 else _("Asked %(maker)s again.")
        steps.append(Step(order.requested_at, asked % {"maker": maker}))
    if order.closed_at and order.state == State.ISSUED:
        steps.append(Step(order.closed_at, _issued(order, exchanges, maker)))
    return sorted(steps, key=lambda step: step.at)


def _ordered(order: TokenOrder, writer: Writer) -> str:
    facts = {"quantity": writer.quantity(order), "number": order.pk}
    if order.without_payment:
        facts |= {"name": order.ordered_by, "why": order.get_why_free_display()}
        said = _("%(name)s ordered %(quantity)s without payment: %(why)s. Our order %(number)s.")
        return f"{said % facts} “{order.note}”" if order.note else said % facts
    if order.task == TokenOrder.Task.UNLOCK:
        return _("The plan is paid: unlocking ordered, our order %(number)s.") % facts
    if order.task == TokenOrder.Task.CLEAR:
        return _("Clearing the credit ordered, our order %(number)s.") % facts
    if order.source == "credit":
        return _("%(quantity)s ordered from credit, our order %(number)s.") % facts
    return _("%(quantity)s ordered, our order %(number)s.") % facts


def _issued(order: TokenOrder, exchanges: Sequence[Exchange], maker: str) -> str:
    if order.decided_by and any(event.kind == Kind.FOUND for event in order.events.all()):
        return _("%(name)s entered the token.") % {"name": order.decided_by}
    answered = [e for e in exchanges if e.status is not None and not e.error]
    if not answered:
        return _("%(maker)s issued the token.") % {"maker": maker}
    seconds = f"{answered[-1].duration_ms / 1000:.1f}"
    facts = {"maker": maker, "seconds": seconds}
    return _("%(maker)s issued the token after %(seconds)s s.") % facts


def event_words(event: OrderEvent, maker: str) -> str:
    """Say in a sentence what an event of an order was."""
    facts = {
        "maker": maker,
        "text": sentence(event.text),
        "name": event.actor_name or _("The system"),
    }
    sentences = {
        Kind.UNAVAILABLE: _("%(maker)s could not be reached, so nothing was bought. %(text)s"),
        Kind.PAUSED: _("Paused, nothing was bought. %(text)s"),
        Kind.RESUMED: _("%(name)s had it tried again. %(text)s"),
        Kind.IN_DOUBT: _("Whether %(maker)s issued it is not known. %(text)s"),
        Kind.LOOKED_UP: _("Asked %(maker)s about past orders. %(text)s"),
        Kind.REFUSED: _("%(maker)s refused. %(text)s"),
        Kind.FOUND: _("%(name)s found the token. %(text)s"),
        Kind.ISSUE_ANEW: _("%(name)s had it ordered anew. %(text)s"),
        Kind.GIVEN_BACK: _("%(name)s gave the money back as credit. %(text)s"),
    }
    return (sentences[Kind(event.kind)] % facts).strip()
