"""Queue, hand over, close. A second SMS is harmless, so an unknown outcome may be repeated once."""

import datetime as dt
import logging
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from accounts.audit import audit
from accounts.models import User
from common import crash
from common.errors import DomainError
from common.phone import parse_phone
from common.prepared import Hole, Prepared, PreparedUpdate, insert
from common.retry import gap_after
from common.words import _
from messaging import tasks
from messaging.models import EarlyReport, Message
from plugins import services as plugin_services
from plugins.contracts import DeliveryState, OutgoingSms, SentSms, SmsGateway
from plugins.errors import Misconfigured, OutcomeUnknown, PluginError, Rejected, Unavailable
from plugins.models import Connection
from tenants import duework
from tenants.scope import current_company

logger = logging.getLogger(__name__)
State = Message.State
# Longer than a gateway's whole call: the worker that queued a message hands it over at once.
DOUBLE_CLICK = dt.timedelta(seconds=20)
LEASE = dt.timedelta(seconds=75)
# A second SMS is harmless, a third is a nuisance.
MOST_UNKNOWN = 1
LOST_TOO_OFTEN = "Nobody knows whether it was sent: it was lost twice on its way to the gateway."


class MessageNotFailed(DomainError):
    message = _("This SMS does not wait for a decision any more.")


def queue_message(
    *, phone: str, text: str, purpose: str, source: str, source_id: int, language: str = "",
    now: dt.datetime, resent_by: str = "", gateway: Connection | None = None,
) -> Message:  # fmt: skip
    """Write a message in the caller's transaction, claimed by this worker until its lease ends.

    :param gateway: by which it shall go if it can; else the gateway in use

    After the commit hand it over with ``send_claimed``, or ring with ``send_after_commit``.
    """
    message = Message(
        phone=phone,
        text=text,
        language=language,
        purpose=purpose,
        source=source,
        source_id=source_id,
        created_at=now,
        attempts=1,
        resent_by=resent_by,
        connection=gateway,
    )
    insert(message, from_now={"available_at": dt.timedelta(0), "leased_until": LEASE})
    return message


def send_after_commit(messages: list[Message]) -> None:
    """Let a worker hand these over once the transaction is committed: web requests send nothing."""
    if not messages:
        return
    ids = [message.pk for message in messages]
    duework.announce(current_company().pk)
    Message.objects.filter(pk__in=ids).update(leased_until=None, attempts=0)
    for message_id in ids:
        tasks.ring_send(message_id)


def send_claimed(messages: list[Message]) -> None:
    """Hand over the messages that this worker has just queued."""
    for message in messages:
        _hand_over(message)


def send(message_id: int) -> None:
    """Claim one queued message and hand it over; nothing happens when another worker has it."""
    lost = When(leased_until__isnull=False, then=Value(1))  # by a worker that never let go of it
    claimed = (
        Message.objects.filter(pk=message_id, state=State.QUEUED, paused_reason="")
        .filter(Q(leased_until__isnull=True) | Q(leased_until__lt=Now()))
        .update(
            leased_until=Now() + LEASE,
            attempts=F("attempts") + 1,
            unknown_outcomes=F("unknown_outcomes") + Case(lost, default=Value(0)),
        )
    )
    if not claimed:
        return
    message = Message.objects.get(pk=message_id)
    if message.unknown_outcomes > MOST_UNKNOWN:
        _close(message, message.connection, State.FAILED, reason=LOST_TOO_OFTEN)
    else:
        _hand_over(message)


def _hand_over(message: Message) -> None:
    gateway = _gateway(message.connection_id)
    if gateway is None or gateway.paused_reason:
        _pause(message, gateway.paused_reason if gateway else "No SMS gateway is switched on.")
        return
    sms = OutgoingSms(reference=str(message.public_id), phone=message.phone, text=message.text)
    try:
        with plugin_services.calling(
            gateway, SmsGateway, operation="send", source="message", source_id=message.pk
        ) as adapter:
            sent = adapter.send(sms)
    except Rejected as error:
        _close(message, gateway, State.FAILED, reason=error.reason)
    except Misconfigured as error:
        plugin_services.pause_connection(connection_id=gateway.pk, reason=error.reason)
        _pause(message, error.reason)
    except Unavailable as error:
        _put_off(message, gateway, error)
    except OutcomeUnknown as error:
        _repeat_once(message, gateway, error)
    else:
        crash.point("sms.handed_over")
        _taken(message, gateway, sent)


_GATEWAYS = Prepared(lambda: Connection.objects.filter(kind="sms", is_on=True).order_by("pk"))
_EARLY = Prepared(
    lambda: EarlyReport.objects.filter(
        connection_id=Hole("gateway"), gateway_id=Hole("gateway_id")
    ).order_by("-pk")[:1]
)


def _to_be_taken(**changes: Any) -> PreparedUpdate:
    return PreparedUpdate(
        lambda: (
            Message.objects.filter(pk=Hole("message"), state=State.QUEUED),
            {
                "connection": Hole("gateway"),
                "gateway_id": Hole("gateway_id"),
                "sent_at": Now(),
                "leased_until": None,
                "available_at": None,
                "reason": "",
                **changes,
            },
        )
    )


_SENT = _to_be_taken(state=State.SENT)
_DELIVERED_AT_ONCE = _to_be_taken(state=State.DELIVERED, closed_at=Now())


def _gateway(wished: int | None = None) -> Connection | None:
    """The gateway in use: a real one before the console; a paused one waits rather than being passed by.

    Where a person wished another, that one, as long as it is on and not paused.
    """
    gateways = _GATEWAYS.all()
    for each in gateways:
        if each.pk == wished and not each.paused_reason:
            return each
    return min(gateways, key=lambda each: each.plugin == "console_sms", default=None)


def _taken(message: Message, gateway: Connection, sent: SentSms) -> None:
    taken = _DELIVERED_AT_ONCE if sent.is_delivered else _SENT
    taken.run(message=message.pk, gateway=gateway.pk, gateway_id=sent.gateway_id)
    if not sent.is_delivered:
        _apply_early_report(gateway, sent.gateway_id)


def _apply_early_report(gateway: Connection, gateway_id: str) -> None:
    early = _EARLY.first(gateway=gateway.pk, gateway_id=gateway_id)
    if early is not None:
        apply_report(gateway, gateway_id, DeliveryState(early.state), early.reason)
        EarlyReport.objects.filter(connection=gateway, gateway_id=gateway_id).delete()


def apply_report(gateway: Connection, gateway_id: str, state: DeliveryState, reason: str) -> bool:
    """Note what the gateway reports of a message; a final state is never left. Return whether it is ours."""
    messages = Message.objects.filter(connection=gateway, gateway_id=gateway_id)
    if state != DeliveryState.ON_THE_WAY:
        final = State.DELIVERED if state == DeliveryState.DELIVERED else State.FAILED
        messages.filter(state=State.SENT).update(
            state=final, reason=reason[:500], closed_at=Now(), leased_until=None
        )
    return messages.exists()


def _close(message: Message, gateway: Connection | None, state: State, *, reason: str) -> None:
    Message.objects.filter(pk=message.pk, state=State.QUEUED).update(
        state=state,
        connection=gateway,
        reason=reason[:500],
        closed_at=Now(),
        leased_until=None,
        available_at=None,
    )


def _put_off(message: Message, gateway: Connection, error: PluginError) -> None:
    gap = gap_after(message.attempts)
    if gap is None:
        _close(message, gateway, State.FAILED, reason=error.reason)
        return
    with transaction.atomic():
        Message.objects.filter(pk=message.pk, state=State.QUEUED).update(
            reason=error.reason[:500], leased_until=None, available_at=Now() + gap
        )
        duework.announce(current_company().pk)


def _repeat_once(message: Message, gateway: Connection, error: OutcomeUnknown) -> None:
    Message.objects.filter(pk=message.pk).update(unknown_outcomes=F("unknown_outcomes") + 1)
    if message.unknown_outcomes:
        _close(message, gateway, State.FAILED, reason=error.reason)
    else:
        _put_off(message, gateway, error)


def _pause(message: Message, reason: str) -> None:
    Message.objects.filter(pk=message.pk, state=State.QUEUED).update(
        paused_reason=reason[:500], leased_until=None, available_at=None
    )
    gateway = _gateway()
    if gateway is not None and not gateway.paused_reason:
        resume_paused(gateway)  # it was mended in between, without seeing this message paused


def resume_paused(gateway: Connection) -> None:
    """Take up the messages that waited for a gateway, now that one works."""
    if gateway.kind != "sms":
        return
    with transaction.atomic():
        waiting = Message.objects.filter(state=State.QUEUED).exclude(paused_reason="")
        if waiting.update(paused_reason="", available_at=Now(), attempts=0):
            duework.announce(current_company().pk)


@transaction.atomic
def resend_message(
    *, message_id: int, actor: User, phone: str = "", gateway: Connection | None = None
) -> Message:
    """Send the same text again, to the same or another number; buys no token.

    :param gateway: by which it shall go; else the one in use

    :raises common.phone.NotAPhone: the other number cannot be read
    """
    old = Message.objects.select_for_update(no_key=True).get(pk=message_id)
    now = timezone.now()
    to = parse_phone(phone, current_company().country) if phone else old.phone
    twin = _just_resent(old, to, now)
    if twin is not None:
        return twin
    new = queue_message(
        phone=to,
        text=old.text,
        purpose=old.purpose,
        source=old.source,
        source_id=old.source_id or 0,
        language=old.language,
        now=now,
        resent_by=str(actor),
        gateway=gateway,
    )
    if old.state == State.FAILED and old.dismissed_at is None:
        Message.objects.filter(pk=old.pk).update(dismissed_at=now)
    audit(
        actor=actor,
        action="message.resent",
        target=str(old.public_id),
        before=old.phone,
        after=to,
        to_another=to != old.phone,
        gateway=gateway.label if gateway else "",
    )
    send_after_commit([new])
    return new


def _just_resent(old: Message, phone: str, now: dt.datetime) -> Message | None:
    """The message that a double click has made already."""
    same = Message.objects.filter(
        source=old.source, source_id=old.source_id, text=old.text, phone=phone
    )
    return same.exclude(resent_by="").filter(created_at__gt=now - DOUBLE_CLICK).last()


@transaction.atomic
def dismiss_message(*, message_id: int, actor: User, reason: str = "") -> Message:
    """Take an undelivered message out of the inbox.

    :raises MessageNotFailed: it does not stand there
    """
    message = Message.objects.select_for_update(no_key=True).get(pk=message_id)
    if message.state != State.FAILED or message.dismissed_at:
        raise MessageNotFailed
    message.dismissed_at = timezone.now()
    message.save(update_fields=["dismissed_at"])
    audit(actor=actor, action="message.dismissed", target=str(message.public_id), reason=reason)
    return message
