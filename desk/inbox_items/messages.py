"""SMS that need a person: undelivered, or waiting for a gateway."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.badges import Tone
from desk import inbox
from desk.inbox_items.item import MOST, Item, Tab
from desk.trace.writer import Writer, sentence
from messaging.models import Message


def message_items(writer: Writer) -> Iterator[Item]:
    messages = inbox.messages_failed().select_related("connection").order_by("pk")
    for message in messages[:MOST]:
        yield _failed_message(message, writer)
    paused = inbox.messages_paused().aggregate(
        count=Count("pk"), since=Min("created_at"), reason=Min("paused_reason")
    )
    if paused["count"]:
        yield _paused_messages(paused)


def _failed_message(message: Message, writer: Writer) -> Item:
    is_token = message.purpose == "token"
    gateway = message.connection.label if message.connection else _("The gateway")
    facts = {
        "gateway": gateway,
        "phone": writer.phone(message.phone),
        "reason": sentence(message.reason),
    }
    text = _("%(gateway)s could not deliver it to %(phone)s. %(reason)s") % facts
    safe = " " + _("The token is safe.") if is_token else ""
    return Item(
        key=f"message-{message.public_id}",
        tab=Tab.SMS,
        tone=Tone.BAD,
        icon="sms",
        title=_("SMS with a token did not arrive") if is_token else _("SMS did not arrive"),
        text=text.strip() + safe,
        facts=(writer.phone(message.phone),),
        since=message.closed_at or message.created_at,
        button=_("Send again or leave it"),
        url=reverse("desk:message-resend", args=[message.public_id]),
        permission="messaging.resend_message",
    )


def _paused_messages(paused: dict[str, Any]) -> Item:
    title = ngettext("One SMS waits", "%(count)s SMS wait", paused["count"])
    return Item(
        key="messages-paused",
        tab=Tab.SMS,
        tone=Tone.WARN,
        icon="sms",
        title=title % {"count": paused["count"]},
        text=_("%(reason)s They leave by themselves once a gateway works.")
        % {"reason": sentence(paused["reason"])},
        facts=(),
        since=paused["since"],
        button=_("Open plug-ins"),
        url=reverse("plugins:connection-list"),
        permission="plugins.view_connection",
    )
