"""Settling a doubt by asking the manufacturer, where it can be asked."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from common import crash
from common.clock import database_now
from common.retry import gap_after
from messaging.models import Message
from plugins import registry
from plugins import services as plugin_services
from plugins.contracts import Capability, FoundToken, Manufacturer
from plugins.errors import PluginError
from plugins.models import Connection
from tenants import duework
from tenants.scope import current_company
from vending import tasks
from vending.models import OrderEvent, TokenOrder
from vending.services.issuing import close_as_issued, request_of

State = TokenOrder.State
CLOCK_SKEW = dt.timedelta(minutes=10)
MOST_CANDIDATES = 20


def look_up(order_id: int) -> list[Message]:
    """Ask the manufacturer about an order in doubt; return the messages to send now.

    One purchase that we do not know: that is the token. None, and longer ago than any call about this device can
    still act: it was not bought, so the order is due again. Several, or too early to say: wait, or leave it to a
    person.
    """
    order = TokenOrder.objects.select_related("device").get(pk=order_id)
    cls = registry.manufacturer(order.device.manufacturer)
    connection = Connection.objects.filter(plugin=order.device.manufacturer).first()
    if order.state != State.IN_DOUBT or Capability.FIND_TOKENS not in cls.capabilities:
        return []
    if connection is None or not connection.is_on or not _take(order):
        return []
    if _another_is_out(order):
        return []
    try:
        with plugin_services.calling(
            connection, Manufacturer, operation="find_tokens", source="order", source_id=order.pk
        ) as adapter:
            remembered = adapter.find_tokens(request_of(order))
    except PluginError as error:
        _note(order, f"The manufacturer could not be asked: {error.reason}")
        return []
    crash.point("lookup.answered")
    if _another_is_out(order):
        return []  # it went out while we asked, and its token may be among the answers
    return _conclude(order, [each for each in remembered if _is_ours(each, order)], cls)


def note_failed_look_up(order_id: int) -> None:
    """After an error that nobody foresaw: the try counts, so that the next comes later and then a person looks."""
    order = TokenOrder.objects.get(pk=order_id)
    _note(order, "Asking failed by an error of our own: tell your technician.")
    gap = _gap_before_next(order)
    TokenOrder.objects.filter(pk=order_id, state=State.IN_DOUBT).update(
        available_at=Now() + gap if gap else None
    )


def _gap_before_next(order: TokenOrder, *, more: int = 0) -> dt.timedelta | None:
    return gap_after(order.events.filter(kind=OrderEvent.Kind.LOOKED_UP).count() + more)


def _take(order: TokenOrder) -> bool:
    """Put the next look-up off, so that two workers do not ask at once."""
    gap = _gap_before_next(order, more=1)
    return bool(
        TokenOrder.objects.filter(
            pk=order.pk, state=State.IN_DOUBT, available_at=order.available_at
        ).update(available_at=Now() + gap if gap else None, looked_up_at=Now())
    )


def _another_is_out(order: TokenOrder) -> bool:
    """Whether a call for this device is on its way, whose token could be mistaken for ours."""
    return TokenOrder.objects.filter(device=order.device, state=State.REQUESTED).exists()


def _is_ours(found: FoundToken, order: TokenOrder) -> bool:
    if TokenOrder.objects.filter(device=order.device, token=found.token).exists():
        return False
    if found.quantity is not None and found.quantity != order.quantity:
        return False
    asked_at = order.requested_at or order.created_at
    return found.issued_at is None or found.issued_at >= asked_at - CLOCK_SKEW


def _conclude(order: TokenOrder, found: list[FoundToken], cls: type[Manufacturer]) -> list[Message]:
    if len(found) == 1:
        _note(order, "The manufacturer remembers one purchase that fits.")
        return close_as_issued(order, found[0].token)
    if found:
        _note(order, f"{len(found)} purchases fit: a person has to choose.", found)
        TokenOrder.objects.filter(pk=order.pk, state=State.IN_DOUBT).update(available_at=None)
        return []
    asked_at = _last_call(order)
    if database_now() - asked_at < dt.timedelta(seconds=cls.settle_seconds):
        _note(order, "No purchase yet; the call may still act, so we ask again.")
        return []
    _note(order, "The manufacturer has no such purchase, so it is ordered again.")
    _order_again(order)
    return []


def _last_call(order: TokenOrder) -> dt.datetime:
    """When this device's maker was last called for any of its orders.

    Purchases of the same quantity cannot be told apart: another order may hold what was bought for this one, while
    its own call may still act.
    """
    calls = TokenOrder.objects.filter(device=order.device)
    last: dt.datetime | None = calls.aggregate(last=Max("requested_at"))["last"]
    return last or order.created_at


@transaction.atomic
def _order_again(order: TokenOrder) -> None:
    TokenOrder.objects.filter(pk=order.pk, state=State.IN_DOUBT).update(
        state=State.DUE, available_at=Now(), reason=""
    )
    duework.announce(current_company().pk)
    tasks.ring_issue(order.pk)


def _note(order: TokenOrder, text: str, found: Sequence[FoundToken] = ()) -> None:
    OrderEvent.objects.create(
        order=order,
        kind=OrderEvent.Kind.LOOKED_UP,
        text=text[:500],
        found=[_as_json(each) for each in found[:MOST_CANDIDATES]],
    )


def _as_json(found: FoundToken) -> dict[str, str]:
    return {
        "token": found.token,
        "quantity": "" if found.quantity is None else str(found.quantity),
        "issued_at": found.issued_at.isoformat() if found.issued_at else "",
    }
