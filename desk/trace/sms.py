"""The station of the SMS: every message about the payment, resends included."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.badges import Tone
from desk.trace.load import Story
from desk.trace.raw import exchange_raws
from desk.trace.values import Bubble, Station, Step
from desk.trace.writer import Writer, sentence
from messaging.badges import message_badge
from messaging.length import sms_count
from messaging.models import Message
from payments.models import Payment
from payments.standing import decisive_message
from vending.models import TokenOrder

State = Message.State


def sms_station(story: Story, writer: Writer, *, with_raw: bool) -> Station:
    """Tell what the customer was told, and whether it arrived."""
    has_token = any(order.state == TokenOrder.State.ISSUED for order in story.orders)
    message = decisive_message(story.messages, has_token=has_token)
    is_open = any(_is_open(order) for order in story.orders)
    if message is None or is_open:
        station = Station("sms", Tone.QUIET, "sms", _("SMS"), aside=_waits_for(story, is_open))
    else:
        badge = message_badge(message)
        station = Station("sms", badge.tone, "sms", str(badge.label), at=message.closed_at)
        if badge.tone == Tone.BAD:
            station.title, station.badge = _("SMS"), badge
    station.bubbles = [bubble_of(each, writer) for each in story.messages]
    if with_raw:
        ids = {each.pk for each in story.messages}
        calls = [e for e in story.exchanges if e.source == "message" and e.source_id in ids]
        station.raws = exchange_raws(calls, writer)
    return station


def _is_open(order: TokenOrder) -> bool:
    return order.state not in (TokenOrder.State.ISSUED, TokenOrder.State.REFUSED)


def _waits_for(story: Story, is_open: bool) -> str:
    if is_open:
        return _("waits for the token")
    payment = story.payment
    if payment and payment.state in (Payment.State.RECEIVED, Payment.State.VALIDATED):
        return _("waits until the money is settled")
    if payment and payment.state == Payment.State.UNMATCHED:
        return _("waits for a customer")
    return _("none was sent")


def bubble_of(message: Message, writer: Writer) -> Bubble:
    """Return one SMS with what happened to it."""
    phone = writer.phone(message.phone)
    gateway = message.connection.label if message.connection else _("the gateway")
    steps = [Step(message.created_at, _written(message, phone))]
    if message.paused_reason:
        waits = _("Waits: %(reason)s") % {"reason": sentence(message.paused_reason)}
        steps.append(Step(message.created_at, waits))
    elif message.state == State.QUEUED and message.reason:
        late = _("Not handed over yet, will be tried again. %(reason)s")
        steps.append(Step(message.created_at, late % {"reason": sentence(message.reason)}))
    if message.sent_at:
        handed = _("Handed to %(gateway)s for %(phone)s.")
        steps.append(Step(message.sent_at, handed % {"gateway": gateway, "phone": phone}))
    if message.closed_at:
        steps.append(Step(message.closed_at, _ended(message, gateway)))
    if message.dismissed_at and message.state == State.FAILED:
        steps.append(Step(message.dismissed_at, _("Nobody has to look at this SMS any more.")))
    return Bubble(message.text, message.language, tuple(sorted(steps, key=lambda s: s.at)))


def _written(message: Message, phone: str) -> str:
    if message.resent_by:
        facts = {"name": message.resent_by, "phone": phone}
        return _("%(name)s had it sent again to %(phone)s.") % facts
    return _("Written to %(phone)s.") % {"phone": phone}


def _ended(message: Message, gateway: str) -> str:
    if message.state == State.FAILED:
        facts = {"gateway": gateway, "reason": sentence(message.reason)}
        return (_("Did not arrive. %(gateway)s says: %(reason)s") % facts).strip()
    count = sms_count(message.text)
    length = ngettext(
        "%(length)s characters, so one SMS.", "%(length)s characters, so %(count)s SMS.", count
    ) % {"length": len(message.text), "count": count}
    if message.connection and message.connection.plugin == "console_sms":
        return _("Shown on the message page; no phone received it.") + " " + length
    return _("On the phone.") + " " + length
