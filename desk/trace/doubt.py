"""What is known of an order in doubt, for the person who has to decide it."""

import datetime as dt
from decimal import Decimal

from django.utils.translation import gettext as _

from common import formats
from desk.trace.load import Story
from desk.trace.outcome import reader_of
from desk.trace.raw import exchange_raws
from desk.trace.values import Candidate, Doubt, Fact
from desk.trace.writer import Writer, display_token, maker_name, sentence
from plugins import registry
from plugins.contracts import Capability
from plugins.models import Exchange
from vending.models import OrderEvent, TokenOrder
from vending.services import safe_from

LOOK_UP = "find_tokens"
LONGEST_ANSWER = 160


def doubt_of(story: Story, writer: Writer) -> Doubt | None:
    """Return what a person has to look up, and what is known; None when nothing is in doubt."""
    order = next((order for order in story.orders if order.is_in_doubt), None)
    if order is None:
        return None
    since, until = order.requested_at or order.created_at, safe_from(order)
    asked = _asked(story, order)
    return Doubt(
        order_id=str(order.public_id),
        maker=maker_name(order.device.manufacturer),
        serial=order.device.serial,
        quantity=writer.quantity(order),
        since=since,
        until=until,
        is_over=writer.now >= until,
        has_money=bool(order.cost),
        told=reader_of(story),
        evidence=(
            Fact(_("Asked"), _request(order, since, writer)),
            Fact(_("Answer"), _answer(order, asked)),
            Fact(_("Looked up"), _looked_up(order, writer)),
        ),
        raws=tuple(exchange_raws([asked] if asked else [], writer)),
        candidates=_candidates(order, writer),
    )


def _asked(story: Story, order: TokenOrder) -> Exchange | None:
    """Return the last request that may have bought a token."""
    sent = [e for e in story.exchanges_of("order", order.pk) if e.operation != LOOK_UP]
    return sent[-1] if sent else None


def _request(order: TokenOrder, since: dt.datetime, writer: Writer) -> str:
    facts = {"time": writer.clock_seconds(since), "reference": order.public_id}
    if order.attempts > 1:
        facts["count"] = order.attempts
        return _("at %(time)s, attempt %(count)s, our reference %(reference)s") % facts
    return _("at %(time)s, our reference %(reference)s") % facts


def _answer(order: TokenOrder, asked: Exchange | None) -> str:
    if asked is None:
        return _("none was noted: %(reason)s") % {"reason": sentence(order.reason)}
    facts = {"seconds": f"{asked.duration_ms / 1000:.1f}", "error": sentence(asked.error)}
    if asked.status is None:
        return _("none after %(seconds)s s. %(error)s") % facts
    text = " ".join(asked.response_text.split())[:LONGEST_ANSWER]
    facts |= {"status": str(asked.status), "text": text or "–"}
    return (_("after %(seconds)s s, status %(status)s: %(text)s %(error)s") % facts).strip()


def _looked_up(order: TokenOrder, writer: Writer) -> str:
    looks = _looks(order)
    maker = maker_name(order.device.manufacturer)
    if not looks:
        if _can_be_asked(order):
            return _("not yet; %(maker)s is asked by itself") % {"maker": maker}
        return _("%(maker)s cannot be asked about past purchases") % {"maker": maker}
    facts = {
        "time": writer.clock_seconds(looks[-1].at),
        "said": sentence(looks[-1].text),
        "count": len(looks),
    }
    said = _("at %(time)s, %(count)s times so far: %(said)s") if len(looks) > 1 else (
        _("at %(time)s: %(said)s")
    )  # fmt: skip
    if order.available_at is None:
        return said % facts
    again = _("Asked again at %(time)s.") % {"time": writer.clock_seconds(order.available_at)}
    return f"{said % facts} {again}"


def _looks(order: TokenOrder) -> list[OrderEvent]:
    looks = [each for each in order.events.all() if each.kind == OrderEvent.Kind.LOOKED_UP]
    return sorted(looks, key=lambda each: each.at)


def _can_be_asked(order: TokenOrder) -> bool:
    try:
        maker = registry.manufacturer(order.device.manufacturer)
    except registry.UnknownPlugin:
        return False
    return Capability.FIND_TOKENS in maker.capabilities


def _candidates(order: TokenOrder, writer: Writer) -> tuple[Candidate, ...]:
    """Return the purchases that the last look-up found to fit."""
    looks = _looks(order)
    return tuple(_candidate(order, each, writer) for each in (looks[-1].found if looks else []))


def _candidate(order: TokenOrder, found: dict[str, str], writer: Writer) -> Candidate:
    shown = TokenOrder(device=order.device, token=found["token"])
    quantity = ""
    if found.get("quantity"):
        quantity = formats.quantity(Decimal(found["quantity"]), order.unit, writer.language)
    at = dt.datetime.fromisoformat(found["issued_at"]) if found.get("issued_at") else None
    when = writer.when(at) if at else ""
    return Candidate(found["token"], display_token(shown), quantity, when)
