"""Reading SMS, ours and theirs."""

import re
from typing import Any

from django.db.models import Q, QuerySet, TextChoices

from common.phone import NotAPhone, parse_phone
from common.words import _
from messaging.models import IncomingMessage, Message
from plugins.models import Connection

SHORTEST_NUMBER = 6  # fewer digits would match half of all phones


class Group(TextChoices):
    NEEDS = "needs", _("Needs a person")
    MOVING = "moving", _("On its way")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")


GROUPS = {
    Group.NEEDS: Q(state=Message.State.FAILED, dismissed_at=None),
    Group.MOVING: Q(state__in=[Message.State.QUEUED, Message.State.SENT]),
    Group.DELIVERED: Q(state=Message.State.DELIVERED),
    Group.FAILED: Q(state=Message.State.FAILED),
}


def gateways_on() -> list[Connection]:
    """Return the gateways that can be chosen for sending, by name."""
    gateways = Connection.objects.filter(kind="sms", is_on=True, paused_reason="")
    return sorted(gateways, key=lambda each: each.label)


def message_list(*, country: str, asked: dict[str, Any]) -> QuerySet[Message]:
    """Return the SMS we wrote that a filter asks for, newest first."""
    messages = Message.objects.select_related("connection").order_by("-pk")
    if asked.get("state"):
        messages = messages.filter(GROUPS[Group(asked["state"])])
    if asked.get("q"):
        messages = messages.filter(_matching(asked["q"], country))
    return messages


def incoming_list(*, country: str, asked: dict[str, Any]) -> QuerySet[IncomingMessage]:
    """Return the SMS that people sent to us, newest first."""
    messages = IncomingMessage.objects.select_related("connection").order_by("-pk")
    if asked.get("q"):
        messages = messages.filter(_matching(asked["q"], country))
    return messages


def _matching(text: str, country: str) -> Q:
    """Return what finds an SMS by phone in any spelling, or by words of its text."""
    try:
        return Q(phone=parse_phone(text, country)) | Q(text__icontains=text)
    except NotAPhone:
        digits = re.sub(r"[\s()./+-]", "", text)
        by_text = Q(text__icontains=text)
        if digits.isdigit() and len(digits) >= SHORTEST_NUMBER:
            return by_text | Q(phone__contains=digits.lstrip("0"))
        return by_text
