"""What somebody decided a moment ago, for whoever comes second with the same thing."""

import datetime as dt

from accounts.models import AuditEntry
from common.errors import DomainError
from desk.trace.decisions import decision_words
from desk.trace.writer import Writer
from messaging.services import MessageNotFailed
from payments.services import AlreadyDecided
from vending.services import NotInDoubt, OrderNotWaiting

FASTER = (AlreadyDecided, MessageNotFailed, NotInDoubt, OrderNotWaiting)
LOOK_BACK = dt.timedelta(days=7)


def refused(refusal: DomainError, target: object, writer: Writer) -> str:
    """Return a refusal in words; where somebody else was faster, with what they did.

    :param target: the public id of what was decided
    """
    if not isinstance(refusal, FASTER):
        return str(refusal)
    return f"{refusal} {decision_of(target, writer)}".strip()


def decision_of(target: object, writer: Writer) -> str:
    """Return the last decision about something in words; nothing where nobody decided lately."""
    entries = AuditEntry.objects.filter(target=str(target), at__gte=writer.now - LOOK_BACK)
    last = entries.order_by("-at", "-pk").first()
    return decision_words(last, writer.when(last.at)) if last else ""
