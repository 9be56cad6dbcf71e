"""What may wait too long: each kind with its rows, its words and the minutes it may usually take."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Now

from common.words import _
from desk import inbox
from messaging.models import Message
from payments.models import Callback, Correction, OperatorResult, Payment
from payments.statements.models import Statement
from payments.statements.selectors import flagged_lines
from vending.models import TokenOrder

Order = TokenOrder.State
Source = tuple[Callable[[], QuerySet[Any]], str]  # rows, and the field that says since when
UNDECIDED_WITHIN = dt.timedelta(days=1)
WORKING_DAY = 8 * 60


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing that waits. ``view`` and ``query`` lead to where it is seen."""

    name: str
    label: Any
    minutes: int
    sources: tuple[Source, ...] = ()
    view: str = ""
    query: str = ""


def _payments_moving() -> QuerySet[Payment]:
    received = Payment.objects.filter(state=Payment.State.RECEIVED)
    return received.exclude(pk__in=inbox.payments_stuck().values("pk"))


def _callbacks_undecided() -> QuerySet[Callback]:
    recent = Callback.objects.filter(received_at__gt=Now() - UNDECIDED_WITHIN)
    return recent.filter(state=Callback.State.RECEIVED)


def _orders_open() -> QuerySet[TokenOrder]:
    return TokenOrder.objects.filter(state__in=[Order.DUE, Order.REQUESTED], paused_reason="")


def _results_owed() -> QuerySet[OperatorResult]:
    return OperatorResult.objects.exclude(state=OperatorResult.State.CONFIRMED)


def _payouts_moving() -> QuerySet[Correction]:
    """Refunds that are on their way by themselves."""
    decided = Correction.objects.filter(
        Q(state=Correction.State.APPROVED, available_at__isnull=False)
        | Q(state=Correction.State.REQUESTED)
    )
    return decided.annotate(open_since=Coalesce("decided_at", "asked_at"))


def _statements_open() -> QuerySet[Statement]:
    return Statement.objects.filter(available_at__isnull=False)


def _messages_queued() -> QuerySet[Message]:
    return Message.objects.filter(state=Message.State.QUEUED, paused_reason="")


PLUGIN = Kind("plugin", _("Plug-ins that fail or are paused"), 15)
JOB = Kind("job", _("Jobs that are late or fail again and again"), 30)
BOOKS = Kind("books", _("Books that do not hold"), 1)

WORK = (
    Kind(
        "callback",
        _("Reports of operators, not decided"),
        10,
        ((_callbacks_undecided, "received_at"),),
    ),
    Kind(
        "payment",
        _("Payments, not settled"),
        10,
        ((_payments_moving, "booked_at"),),
        "payments:payment-list",
        "state=moving&period=all",
    ),
    Kind(
        "payment_stuck",
        _("Payments that cannot be settled"),
        15,
        ((inbox.payments_stuck, "booked_at"),),
        "desk:inbox",
        "kind=payments",
    ),
    Kind(
        "order",
        _("Tokens, due or requested"),
        15,
        ((_orders_open, "created_at"),),
        "payments:payment-list",
        "state=moving&period=all",
    ),
    Kind(
        "order_paused",
        _("Tokens, paused"),
        60,
        ((inbox.orders_paused, "created_at"),),
        "desk:inbox",
    ),
    Kind(
        "order_in_doubt",
        _("Tokens in doubt"),
        60,
        ((inbox.orders_in_doubt, "created_at"),),
        "desk:inbox",
        "kind=tokens",
    ),
    Kind(
        "order_refused",
        _("Refused tokens that nobody dealt with"),
        WORKING_DAY,
        ((inbox.orders_refused, "closed_at"),),
        "desk:inbox",
        "kind=tokens",
    ),
    Kind(
        "payment_needs",
        _("Payments that need a person"),
        WORKING_DAY,
        (
            (inbox.payments_unmatched, "booked_at"),
            (inbox.payments_returned, "booked_at"),
            (inbox.conflicts_open, "opened_at"),
        ),
        "desk:inbox",
        "kind=payments",
    ),
    Kind("payout", _("Refunds, being paid out"), 60, ((_payouts_moving, "open_since"),)),
    Kind(
        "refund",
        _("Refunds and reversals that need a person"),
        WORKING_DAY,
        ((inbox.corrections_waiting, "asked_at"),),
        "desk:inbox",
        "kind=payments",
    ),
    Kind(
        "statement",
        _("Statements, due to be compared"),
        30,
        ((_statements_open, "available_at"),),
        "payments:statement-list",
    ),
    Kind(
        "flagged",
        _("Flagged rows of statements"),
        WORKING_DAY,
        ((flagged_lines, "flagged_at"),),
        "desk:inbox",
        "kind=payments",
    ),
    Kind(
        "result",
        _("Results owed to operators"),
        60,
        ((_results_owed, "decided_at"),),
        "desk:inbox",
        "kind=payments",
    ),
    Kind(
        "message",
        _("SMS, queued"),
        30,
        ((_messages_queued, "created_at"),),
        "messaging:message-list",
        "state=moving",
    ),
    Kind(
        "message_paused",
        _("SMS, paused"),
        30,
        ((inbox.messages_paused, "created_at"),),
        "desk:inbox",
        "kind=sms",
    ),
    Kind(
        "message_failed",
        _("Undelivered SMS that nobody dealt with"),
        WORKING_DAY,
        ((inbox.messages_failed, "created_at"),),
        "desk:inbox",
        "kind=sms",
    ),
)
KINDS = {kind.name: kind for kind in (*WORK, PLUGIN, JOB, BOOKS)}
