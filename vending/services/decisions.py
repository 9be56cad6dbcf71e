"""What a person decides about an order, with a reason."""

import datetime as dt
import math
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.audit import audit
from accounts.models import User
from common.clock import database_now
from common.errors import DomainError
from common.words import _
from messaging import services as messaging
from plugins import registry
from plugins.errors import Rejected
from tenants import duework
from tenants.scope import current_company
from vending.models import OrderEvent, TokenOrder
from vending.services.issuing import close_as_issued, close_as_refused, is_outcome_open

State = TokenOrder.State
KNOWN_TOKEN = _("This token was issued for another payment already.")


class NotInDoubt(DomainError):
    message = _("Somebody else decided this order already, or its answer came.")


class OrderNotWaiting(DomainError):
    message = _("This order is not waiting any more.")


class NothingToIssue(DomainError):
    message = _("The credit of %(device)s is too little to issue anything.")


class MayStillAct(DomainError):
    message = _(
        "The first request may still buy a token for another %(seconds)s seconds. Look again after that."
    )


class TokenRefused(DomainError):
    message = _("%(reason)s")


@transaction.atomic
def settle_doubt(*, order_id: int, token: str, reason: str, actor: User) -> TokenOrder:
    """Close a doubt with the token that a person found in the manufacturer's portal, and send it.

    :raises TokenRefused: this cannot be a token of this make, or it belongs to another order
    :raises NotInDoubt: somebody else was faster
    """
    order = _lock_in_doubt(order_id)
    try:
        cleaned = registry.manufacturer(order.device.manufacturer).check_token(token)
    except Rejected as error:
        raise TokenRefused(reason=error.reason) from error
    if _is_known(order, cleaned):
        raise TokenRefused(reason=KNOWN_TOKEN)
    try:
        with transaction.atomic():
            messages = close_as_issued(order, cleaned, actor=actor, note=reason)
    except IntegrityError:  # another order of this device got it at this very moment
        raise TokenRefused(reason=KNOWN_TOKEN) from None
    _audit(order, actor, "order.doubt_settled", reason)
    messaging.send_after_commit(messages)
    return order


@transaction.atomic
def issue_anew(*, order_id: int, reason: str, actor: User) -> TokenOrder:
    """Buy again: a person has seen that the first call bought nothing.

    :raises NotInDoubt: somebody else was faster
    :raises MayStillAct: the first call is not over
    """
    from vending import tasks

    order = _lock_in_doubt(order_id)
    _require_over(order)
    TokenOrder.objects.filter(pk=order.pk).update(
        state=State.DUE, available_at=Now(), reason="", attempts=0, decided_by=str(actor)
    )
    _event(order, OrderEvent.Kind.ISSUE_ANEW, reason, actor)
    _audit(order, actor, "order.issued_anew", reason)
    duework.announce(current_company().pk)
    tasks.ring_issue(order.pk)
    return order


@transaction.atomic
def give_back(*, order_id: int, reason: str, actor: User) -> TokenOrder:
    """Close a doubt, or an order that waits, as not bought: its money becomes credit of the device.

    :raises NotInDoubt: somebody else was faster
    :raises MayStillAct: an unanswered call is not over
    """
    order = _lock(order_id)
    if order.state not in {State.IN_DOUBT, State.DUE}:
        raise NotInDoubt
    if order.is_in_doubt or is_outcome_open(order):
        _require_over(order)
    messages = close_as_refused(order, reason=reason, actor=actor, kind=OrderEvent.Kind.GIVEN_BACK)
    _audit(order, actor, "order.given_back", reason)
    messaging.send_after_commit(messages)
    return order


@transaction.atomic
def dismiss_refused(*, order_id: int, actor: User, reason: str = "") -> TokenOrder:
    """Leave a refused order at what it is, its money kept as credit: nobody has to look any more.

    :raises OrderNotWaiting: it is not refused, or somebody dealt with it
    """
    order = _lock(order_id)
    if order.state != State.REFUSED or order.decided_by:
        raise OrderNotWaiting
    order.decided_by = str(actor)
    order.save(update_fields=["decided_by"])
    _audit(order, actor, "order.refusal_accepted", reason)
    return order


@transaction.atomic
def resume_order(*, order_id: int, actor: User) -> TokenOrder:
    """Try an order that waits again now.

    :raises OrderNotWaiting: it is not due any more
    """
    order = _lock(order_id)
    if order.state != State.DUE:
        raise OrderNotWaiting
    _resume(order, actor)
    return order


@transaction.atomic
def resume_orders(*, order_ids: Sequence[int], actor: User) -> int:
    """Try all of these that still wait again now; return how many they were."""
    orders = TokenOrder.objects.select_for_update(of=("self",), no_key=True)
    waiting = orders.filter(pk__in=order_ids, state=State.DUE).exclude(paused_reason="")
    found = list(waiting.order_by("pk"))
    for order in found:
        _resume(order, actor)
    return len(found)


def _resume(order: TokenOrder, actor: User) -> None:
    from vending import tasks

    TokenOrder.objects.filter(pk=order.pk).update(paused_reason="", attempts=0, available_at=Now())
    _event(order, OrderEvent.Kind.RESUMED, "", actor)
    _audit(order, actor, "order.resumed", "")
    duework.announce(current_company().pk)
    tasks.ring_issue(order.pk)


def _is_known(order: TokenOrder, token: str) -> bool:
    """Whether another order to this manufacturer got this very token: then it cannot be this one's."""
    same = TokenOrder.objects.filter(token=token, device__manufacturer=order.device.manufacturer)
    return same.exclude(pk=order.pk).exists()


def safe_from(order: TokenOrder) -> dt.datetime:
    """Return when the unanswered call can no longer act, so that a new order buys nothing twice."""
    since = order.requested_at or order.created_at
    try:
        maker = registry.manufacturer(order.device.manufacturer)
    except registry.UnknownPlugin:
        return since
    return since + dt.timedelta(seconds=max(maker.settle_seconds, maker.total_seconds))


def _require_over(order: TokenOrder) -> None:
    """:raises MayStillAct: the unanswered call is not over"""
    left = (safe_from(order) - database_now()).total_seconds()
    if left > 0:
        raise MayStillAct(seconds=math.ceil(left))


def _lock(order_id: int) -> TokenOrder:
    return (
        TokenOrder.objects.select_for_update(of=("self",), no_key=True)
        .select_related("device")
        .get(pk=order_id)
    )


def _lock_in_doubt(order_id: int) -> TokenOrder:
    order = _lock(order_id)
    if order.state != State.IN_DOUBT:
        raise NotInDoubt
    return order


def _event(order: TokenOrder, kind: OrderEvent.Kind, reason: str, actor: User) -> None:
    OrderEvent.objects.create(order=order, kind=kind, text=reason[:500], actor_name=str(actor))


def _audit(order: TokenOrder, actor: User, action: str, reason: str) -> None:
    audit(actor=actor, action=action, target=str(order.public_id), reason=reason)
