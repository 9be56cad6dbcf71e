"""How an SMS stands, as a badge."""

from common.badges import Badge, Tone
from common.words import _
from messaging.models import Message

BADGES = {
    Message.State.QUEUED: Badge(Tone.BUSY, Message.State.QUEUED.label),
    Message.State.SENT: Badge(Tone.BUSY, Message.State.SENT.label, icon="send"),
    Message.State.DELIVERED: Badge(Tone.GOOD, Message.State.DELIVERED.label, is_bare=True),
    Message.State.FAILED: Badge(Tone.BAD, Message.State.FAILED.label),
}
PAUSED = Badge(Tone.WARN, _("SMS paused"))
GIVEN_UP = Badge(Tone.QUIET, _("SMS given up"), is_bare=True)


def message_badge(message: Message) -> Badge:
    """Return the badge of one SMS; a failure that somebody gave up on is quiet."""
    if message.state == Message.State.FAILED and message.dismissed_at:
        return GIVEN_UP
    if message.state == Message.State.QUEUED and message.paused_reason:
        return PAUSED
    return BADGES[Message.State(message.state)]
