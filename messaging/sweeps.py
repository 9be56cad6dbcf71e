"""Taking up messages that stalled."""

import datetime as dt

from django.conf import settings
from django.db.models import Min, Q
from django.db.models.functions import Greatest, Now

from common.queue import ring, room
from common.schema import current_schema
from messaging.models import EarlyReport, Message
from messaging.tasks import send_message
from tenants import tidying
from tenants.models import Company


def restart(_: Company) -> None:
    """Ring for queued messages whose time has come and that no worker holds."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=Now())
    waiting = Message.objects.filter(
        free, state=Message.State.QUEUED, paused_reason="", available_at__lte=Now()
    )
    for message_id in waiting.order_by("available_at").values_list("pk", flat=True)[
        : room(current_schema())
    ]:
        ring(send_message, schema=current_schema(), message_id=message_id)


def next_due(_: Company) -> dt.datetime | None:
    """When the next message wants to be handed over."""
    waiting = Message.objects.filter(state=Message.State.QUEUED, available_at__isnull=False)
    found = waiting.aggregate(at=Min(Greatest("available_at", "leased_until")))["at"]
    return found if isinstance(found, dt.datetime) else None


def forget_reports(_: Company) -> int:
    """Delete delivery reports of messages that we never heard of."""
    return tidying.forget(EarlyReport.objects.filter(at__lt=Now() - settings.KEEP_REPORTS))
