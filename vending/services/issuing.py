"""Claim, call, close."""

import datetime as dt
import logging
from decimal import Decimal

from django.db import DataError, IntegrityError, transaction
from django.db.models import DurationField, F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from appliances.models import Plan
from common import crash
from common.errors import DomainError
from common.prepared import Hole, PreparedUpdate
from common.retry import gap_after
from common.words import _
from devices.models import Device
from ledger.models import Account, Event
from ledger.services import Line, Movement, credit, debit, post
from messaging.models import Message
from plugins import registry
from plugins import services as plugin_services
from plugins.contracts import (
    Capability,
    DeviceKind,
    Idempotency,
    IssuedToken,
    Manufacturer,
    TokenRequest,
    Unit,
)
from plugins.errors import Misconfigured, OutcomeUnknown, PluginError, Rejected, Unavailable
from plugins.models import Connection
from tenants import duework
from tenants.scope import current_company
from vending import outcomes
from vending.models import OrderEvent, TokenOrder
from vending.services.orders import connection_for, obstacle_of, pause, resume_if_mended

logger = logging.getLogger(__name__)
State = TokenOrder.State
LEASE_MARGIN = dt.timedelta(seconds=30)


CLAIM = PreparedUpdate(
    lambda: (
        TokenOrder.objects.filter(pk=Hole("order"), state=State.DUE, paused_reason=""),
        {
            "state": State.REQUESTED,
            "requested_at": Now(),
            "leased_until": Now() + Hole("lease", DurationField()),
            "attempts": F("attempts") + 1,
            "available_at": None,
        },
    )
)
CLOSE = PreparedUpdate(
    lambda: (
        TokenOrder.objects.filter(
            pk=Hole("order"), state__in=[State.REQUESTED, State.IN_DOUBT, State.DUE]
        ),
        {
            "state": State.ISSUED,
            "token": Hole("token"),
            "closed_at": Now(),
            "leased_until": None,
            "available_at": None,
            "reason": "",
            "decided_by": Hole("decided_by"),
        },
    )
)


class OrderNotDue(DomainError):
    message = _("This order is not waiting to be issued: it was taken up already.")


def issue(order_id: int) -> list[Message]:
    """Buy the token of one due order, at most once; return the messages to send now.

    :raises OrderNotDue: paused, taken by another worker, or finished; nothing was done
    """
    return issue_order(read(order_id))


def read(order_id: int) -> TokenOrder:
    return TokenOrder.objects.select_related("device").get(pk=order_id)


def issue_order(order: TokenOrder) -> list[Message]:
    """As ``issue``, for an order that was read or placed just now."""
    if order.state != State.DUE or order.paused_reason:
        raise OrderNotDue
    connection = connection_for(order)
    obstacle = obstacle_of(connection)
    if obstacle or connection is None:
        pause(order, obstacle)
        resume_if_mended(order)
        return []
    claim(order, connection)
    crash.point("issue.claimed")
    messages = _call_and_close(order, connection)
    crash.point("issue.closed")
    return messages


def claim(order: TokenOrder, connection: Connection) -> None:
    """Take an order for one call, in one statement.

    :raises OrderNotDue: somebody else was faster
    """
    cls = registry.manufacturer(connection.plugin)
    lease = dt.timedelta(seconds=cls.total_seconds) + LEASE_MARGIN
    if not CLAIM.run(order=order.pk, lease=lease):
        raise OrderNotDue
    order.attempts += 1
    order.requested_at = timezone.now()


def request_of(order: TokenOrder) -> TokenRequest:
    """The order as the adapter is asked."""
    return TokenRequest(
        reference=str(order.public_id),
        serial=order.device.serial,
        device_kind=DeviceKind(order.device.kind),
        quantity=order.quantity.normalize() if order.quantity else Decimal(0),
        unit=Unit(order.unit) if order.unit else Unit.DAY,
        requested_at=order.requested_at or order.created_at,
    )


def _call_and_close(order: TokenOrder, connection: Connection) -> list[Message]:
    try:
        with plugin_services.calling(
            connection, Manufacturer, operation=order.task, source="order", source_id=order.pk
        ) as adapter:
            issued = _ask(adapter, order)
    except Rejected as error:
        if is_outcome_open(order):
            # A maker may refuse a number because it sold under it.
            reason = f"{error.reason} An earlier call was not answered, so it may have been bought."
            return park(order, reason, registry.manufacturer(connection.plugin))
        if order.task == TokenOrder.Task.UNLOCK:
            # The plan stays paid; a person tries again or ends the order.
            put_back(order, error, pause_reason=error.reason)
            return []
        return close_as_refused(order, reason=error.reason)
    except Misconfigured as error:
        plugin_services.pause_connection(connection_id=connection.pk, reason=error.reason)
        put_back(order, error, pause_reason=error.reason)
        resume_if_mended(order)
        return []
    except Unavailable as error:
        put_back(order, error)
        return []
    except OutcomeUnknown as error:
        return doubt(order, error.reason, registry.manufacturer(connection.plugin))
    crash.point("issue.called")
    return _keep(order, issued.token, connection)


def _keep(order: TokenOrder, token: str, connection: Connection) -> list[Message]:
    """Store what was bought; an answer that no token can be is shown to a person as it came."""
    try:
        return close_as_issued(order, token)
    except (IntegrityError, DataError, ValueError):
        logger.exception("order.token_not_kept", extra={"order_id": order.pk})
        reason = f"This answer is empty, too long, or the token of another order: {token!r}"
        return park(order, reason, registry.manufacturer(connection.plugin))


def _ask(adapter: Manufacturer, order: TokenOrder) -> IssuedToken:
    request = request_of(order)
    if order.task == TokenOrder.Task.UNLOCK:
        return adapter.unlock(request)
    if order.task == TokenOrder.Task.CLEAR:
        return adapter.clear_credit(request)
    return adapter.issue_token(request)


@transaction.atomic
def close_as_issued(
    order: TokenOrder, token: str, *, actor: User | None = None, note: str = ""
) -> list[Message]:
    """Store the token and book the revenue; also for an answer that came late.

    Its order may be in doubt by then, or ordered again: what came in time keeps that from being bought twice.
    """
    if not CLOSE.run(order=order.pk, token=token, decided_by=str(actor) if actor else ""):
        _note_late_token(order, token)
        return []
    order.state, order.token = State.ISSUED, token
    if note:
        OrderEvent.objects.create(
            order=order, kind=OrderEvent.Kind.FOUND, text=note[:500], actor_name=str(actor or "")
        )
    revenue = Account.SERVICE_REVENUE if order.unit == Unit.DAY else Account.ENERGY_REVENUE
    post(
        Movement(
            Event.ISSUED,
            "order",
            order.pk,
            [
                debit(Account.ORDERED, order.cost, order.pk),
                credit(revenue, order.cost - order.vat, order.device_id),
                credit(Account.VAT_PAYABLE, order.vat),
            ],
        ),
        occurred_at=order.created_at,
        actor_name=str(actor or ""),
    )
    return outcomes.tell(order)


def _note_late_token(order: TokenOrder, token: str) -> None:
    """A token came for an order that was closed otherwise: keep it, and call staff to look again."""
    if TokenOrder.objects.filter(pk=order.pk, state=State.ISSUED, token=token).exists():
        return
    logger.error("order.late_token", extra={"order_id": order.pk})
    OrderEvent.objects.create(
        order=order,
        kind=OrderEvent.Kind.FOUND,
        text=f"A token came after the order was closed: {token}"[:500],
    )
    TokenOrder.objects.filter(pk=order.pk, state=State.REFUSED).update(
        decided_by="", reason="A token came after the order was closed."
    )


@transaction.atomic
def close_as_refused(
    order: TokenOrder,
    *,
    reason: str,
    actor: User | None = None,
    kind: str = OrderEvent.Kind.REFUSED,
) -> list[Message]:
    """End an order without a token: its money goes back to the device's credit, its days to the plan."""
    closed = TokenOrder.objects.filter(
        pk=order.pk, state__in=[State.REQUESTED, State.IN_DOUBT, State.DUE]
    ).update(
        state=State.REFUSED,
        reason=reason[:500],
        closed_at=Now(),
        leased_until=None,
        available_at=None,
        paused_reason="",
        decided_by=str(actor) if actor else "",
    )
    if not closed:
        return []
    order.state, order.reason = State.REFUSED, reason
    if order.plan_id:
        Plan.objects.filter(pk=order.plan_id).update(
            days_ordered=F("days_ordered") - int(order.quantity)
        )
    OrderEvent.objects.create(
        order=order, kind=kind, text=reason[:500], actor_name=str(actor or "")
    )
    post(
        Movement(
            Event.NOT_ISSUED,
            "order",
            order.pk,
            [
                Line(Account.ORDERED, order.cost, order.pk),
                credit(*_home_of(order)),
            ],
        ),
        occurred_at=order.created_at,
        actor_name=str(actor or ""),
    )
    return outcomes.tell(order)


def _home_of(order: TokenOrder) -> tuple[Account, Decimal, int]:
    """Where the money of an order that bought nothing goes back to: the device, or what took its place.

    A device that belongs to nobody any more keeps none: it is the customer's who paid.
    """
    device = Device.objects.get(pk=order.device_id) if order.cost else order.device
    if device.customer_id is None and device.replaced_by_id is not None:
        return Account.DEVICE_CREDIT, order.cost, device.replaced_by_id
    if device.customer_id is None and order.customer_id is not None:
        return Account.CUSTOMER_CREDIT, order.cost, order.customer_id
    return Account.DEVICE_CREDIT, order.cost, order.device_id


def is_outcome_open(order: TokenOrder) -> bool:
    """Whether an earlier call may have bought it: nobody answered, and nothing has shown since that it did not."""
    telling = [OrderEvent.Kind.IN_DOUBT, OrderEvent.Kind.LOOKED_UP, OrderEvent.Kind.ISSUE_ANEW]
    last = order.events.filter(kind__in=telling).order_by("-pk").first()
    return last is not None and last.kind == OrderEvent.Kind.IN_DOUBT


@transaction.atomic
def put_back(
    order: TokenOrder, error: PluginError, *, pause_reason: str = "", kind: str = ""
) -> None:
    """The order is due again, later, paused, or after a person has looked.

    :param kind: of the event; without one it tells that nothing was bought
    """
    gap = gap_after(order.attempts)
    if gap is None and not pause_reason:
        pause_reason = error.reason
    changed = _held(order).update(
        state=State.DUE,
        leased_until=None,
        reason=error.reason[:500],
        paused_reason=pause_reason[:500],
        available_at=None if pause_reason or gap is None else Now() + gap,
    )
    if changed:
        kind = kind or (OrderEvent.Kind.PAUSED if pause_reason else OrderEvent.Kind.UNAVAILABLE)
        OrderEvent.objects.create(order=order, kind=kind, text=error.reason[:500])
        duework.announce(current_company().pk)


@transaction.atomic
def doubt(order: TokenOrder, reason: str, cls: type[Manufacturer]) -> list[Message]:
    """Park an order whose outcome is unknown, or repeat it where that buys nothing twice."""
    if cls.idempotency != Idempotency.NONE:
        is_known = cls.idempotency == Idempotency.LOCAL
        kind = "" if is_known else OrderEvent.Kind.IN_DOUBT
        put_back(order, Unavailable(reason), kind=kind)
        return []
    return park(order, reason, cls)


@transaction.atomic
def park(order: TokenOrder, reason: str, cls: type[Manufacturer]) -> list[Message]:
    """Let an order wait in doubt until the manufacturer, where it can be asked, or a person settles it."""
    can_be_asked = Capability.FIND_TOKENS in cls.capabilities
    parked = _held(order).update(
        state=State.IN_DOUBT,
        reason=reason[:500],
        leased_until=None,
        available_at=Now() + dt.timedelta(seconds=5) if can_be_asked else None,
        looked_up_at=None,
    )
    if not parked:
        return []
    order.state, order.reason = State.IN_DOUBT, reason
    OrderEvent.objects.create(order=order, kind=OrderEvent.Kind.IN_DOUBT, text=reason[:500])
    duework.announce(current_company().pk)
    return outcomes.tell(order)


def _held(order: TokenOrder) -> QuerySet[TokenOrder]:
    """The order, while it is out for the call that this worker made: never for another worker's."""
    return TokenOrder.objects.filter(pk=order.pk, state=State.REQUESTED, attempts=order.attempts)


def release_lost(order_id: int) -> list[Message]:
    """Park an order whose worker died during the call: nobody knows whether it was bought."""
    order = (
        TokenOrder.objects.select_related("device")
        .filter(pk=order_id, state=State.REQUESTED, leased_until__lt=Now())
        .first()
    )
    if order is None:
        return []
    try:
        cls = registry.manufacturer(order.device.manufacturer)
    except registry.UnknownPlugin:
        cls = Manufacturer  # what is no longer installed can do nothing to settle the doubt
    return doubt(order, "The worker that asked was lost before it could note the answer.", cls)
