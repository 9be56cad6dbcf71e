"""Tokens without payment: ordered by a person with a reason, within limits, and never booked as income."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction

from accounts.audit import audit
from accounts.models import User
from common.clock import midnight, today_in
from common.errors import DomainError
from common.schema import current_schema
from common.words import _
from devices.holdings import DeviceArchived, lock_with_owner
from devices.models import Device
from payments.services.decisions import use_key
from plugins import registry
from plugins.contracts import Capability, Manufacturer, Unit
from tenants import duework
from tenants.models import Company
from tenants.scope import current_company
from vending import tasks as vending_tasks
from vending.models import TokenOrder
from vending.services import NewOrder, place_order

Task = TokenOrder.Task
NEEDED = {Task.UNLOCK: Capability.UNLOCK, Task.CLEAR: Capability.CLEAR_CREDIT}


class MakerGone(DomainError):
    message = _("The manufacturer's plug-in is no longer installed, so nothing can be ordered.")


class NotOffered(DomainError):
    message = _("%(maker)s cannot do that.")


class NotOnGrid(DomainError):
    message = _("%(maker)s issues in steps of %(step)s; write a multiple of it, more than 0.")


class AboveFreeLimit(DomainError):
    message = _("Without payment, one token is for at most %(most)s. An admin can change that.")


class FreeTokensUsedUp(DomainError):
    message = _(
        "Your company gives at most %(most)s tokens without payment a day, and all are given today."
    )


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be given on a device without payment now."""

    tasks: tuple[TokenOrder.Task, ...]
    unit: Unit
    step: Decimal
    most: Decimal  # of one token, in ``unit``
    left_today: int


def allowed_on(company: Company, device: Device, *, now: datetime) -> Allowed | None:
    """Return what may be given on a device; None where its maker's plug-in is gone."""
    maker = _maker(device)
    if maker is None:
        return None
    tasks = (
        Task.CREDIT,
        *(task for task, needed in NEEDED.items() if needed in maker.capabilities),
    )
    return Allowed(
        tasks=tasks,
        unit=maker.unit,
        step=maker.resolution,
        most=_most(company, maker.unit),
        left_today=max(company.free_tokens_per_day - _given_today(company, now), 0),
    )


@transaction.atomic
def order_free_token(
    *,
    device_id: int,
    task: TokenOrder.Task,
    quantity: Decimal,
    why: TokenOrder.WhyFree,
    note: str,
    actor: User,
    key: UUID,
    now: datetime,
) -> TokenOrder:
    """Order a token that nobody pays for; no money moves, and the order says who gave it and why.

    :param quantity: in the maker's unit for a credit; what is given with other tasks is ignored
    :raises KeyUsed: the form was sent before
    :raises DeviceArchived: it is out of use
    :raises NotOffered: the maker has no such code
    :raises NotOnGrid: no multiple of the maker's step
    :raises AboveFreeLimit: more than one token may be for
    :raises FreeTokensUsedUp: the day's number is given
    """
    use_key(key)
    company = Company.objects.get(pk=current_company().pk)
    _require_left(company, now)
    device = lock_with_owner(device_id)
    if device.archived_at is not None:
        raise DeviceArchived(device=device.label)
    maker = _require_offered(device, task)
    if task == Task.CREDIT:
        _require_quantity(company, maker, quantity)
    order = place_order(
        NewOrder(
            device=device,
            source="free",
            source_id=device.pk,
            task=task,
            quantity=quantity if task == Task.CREDIT else Decimal(0),
            unit=maker.unit if task == Task.CREDIT else "",
            customer_id=device.customer_id,
            why_free=why,
            note=note,
            ordered_by=str(actor),
        ),
        now=now,
    )
    audit(
        actor=actor,
        action="order.without_payment",
        target=str(order.public_id),
        device=device.serial,
        task=task,
        quantity=order.quantity,
        why=why,
        reason=note,
    )
    duework.announce(company.pk)
    vending_tasks.ring_issue(order.pk)
    return order


def _require_left(company: Company, now: datetime) -> None:
    """Count the day's tokens, one person after the other, so that two never take the last.

    :raises FreeTokensUsedUp: none is left
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"free-tokens-{current_schema()}"],
        )
    if _given_today(company, now) >= company.free_tokens_per_day:
        raise FreeTokensUsedUp(most=company.free_tokens_per_day)


def _given_today(company: Company, now: datetime) -> int:
    today = midnight(today_in(company.timezone, now), company.timezone)
    given = TokenOrder.objects.filter(without_payment=True, created_at__gte=today)
    return given.exclude(state=TokenOrder.State.REFUSED).count()


def _maker(device: Device) -> type[Manufacturer] | None:
    try:
        return registry.manufacturer(device.manufacturer)
    except registry.UnknownPlugin:
        return None


def _require_offered(device: Device, task: TokenOrder.Task) -> type[Manufacturer]:
    maker = _maker(device)
    if maker is None:
        raise MakerGone
    if task in NEEDED and NEEDED[task] not in maker.capabilities:
        raise NotOffered(maker=maker.label)
    return maker


def _require_quantity(company: Company, maker: type[Manufacturer], quantity: Decimal) -> None:
    if quantity <= 0 or quantity % maker.resolution:
        raise NotOnGrid(maker=maker.label, step=maker.resolution)
    most = _most(company, maker.unit)
    if quantity > most:
        unit = _("days") if maker.unit == Unit.DAY else "kWh"
        raise AboveFreeLimit(most=f"{most.normalize():f} {unit}")


def _most(company: Company, unit: Unit) -> Decimal:
    return Decimal(company.free_days_limit) if unit == Unit.DAY else company.free_kwh_limit
