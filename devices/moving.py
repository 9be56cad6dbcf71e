"""Moving devices to another tariff: asked once by a person, done one by one by a worker.

Each device is a transaction of its own that locks the customer, then the device, first makes the access fees due
that ended under the old tariff, and counts the device. So a worker that dies leaves no device half moved, and the
next goes on where it stopped.
"""

import datetime as dt
import logging
from collections.abc import Iterable

from django.db import transaction
from django.db.models import F, Min, Q
from django.db.models.functions import Greatest, Now

from accounts.audit import audit
from accounts.models import User
from common import crash
from common.clock import database_now, today_in
from common.errors import DomainError
from common.queue import after_commit, ring
from common.retry import HOURLY_GAP, gap_after
from common.schema import current_schema
from common.words import _
from customers.models import Customer
from devices import tasks
from devices.fees import accrue_device
from devices.models import Device, Tariff, TariffMove
from devices.tariff_changes import TariffArchived
from devices.tariffs import tariff_version_at
from tenants import duework
from tenants.jobs import Job
from tenants.models import Company, DueWork
from tenants.scope import current_company

logger = logging.getLogger(__name__)
LEASE = dt.timedelta(seconds=60)
RENEW_EVERY = 20  # devices
AT_ONCE = 20
State = TariffMove.State

JOB = Job(
    "tariff_moves",
    _("Devices moved to another tariff"),
    _("Takes up moves that a worker left. Comes when there is one."),
)


class NoDevices(DomainError):
    message = _("Choose at least one device.")


class SameTariff(DomainError):
    message = _("The devices have this tariff already.")


class LeaseLost(DomainError):
    message = _("Another worker took up move %(move)s.")


@transaction.atomic
def ask_move(
    *, device_ids: Iterable[int], before: Tariff, after: Tariff, actor: User | None
) -> TariffMove:
    """Have devices that are on one tariff moved to another, soon. Prices change with each device's move.

    :raises NoDevices: none was chosen
    :raises SameTariff: nothing would change
    :raises TariffArchived: nothing may be put on it any more
    """
    ids = _in_order(device_ids)
    if not ids:
        raise NoDevices
    if before.pk == after.pk:
        raise SameTariff
    locked = Tariff.objects.select_for_update(of=("self",), no_key=True).get(pk=after.pk)
    if locked.is_archived:
        raise TariffArchived(name=after)
    move = TariffMove.objects.create(
        before=before, after=after, device_ids=ids, actor=actor, available_at=database_now()
    )
    audit(
        actor=actor,
        action="tariff.devices_moved",
        target=str(before.public_id),
        devices=len(ids),
        tariff=after.name,
        tariff_before=before.name,
    )
    duework.announce(current_company().pk, DueWork.Kind.TARIFF_MOVES)
    after_commit(tasks.move_devices, schema=current_schema(), move_id=move.pk)
    return move


def _in_order(device_ids: Iterable[int]) -> list[int]:
    """By customer, so that two moves at once lock in one order."""
    found = Device.objects.filter(pk__in=list(device_ids), archived_at__isnull=True)
    return list(found.order_by("customer_id", "pk").values_list("pk", flat=True))


def work(company: Company, move_id: int) -> None:
    """Move what is not moved yet; nothing when another worker is at it."""
    move = _claim(move_id)
    if move is None:
        return
    today = today_in(company.timezone, database_now())
    try:
        for device_id in move.device_ids[move.done_count :]:
            if move.done_count % RENEW_EVERY == 0:
                _renew(move)
            _move_next(company, move, device_id, today)
            crash.point("tariff_move.moved")
    except Exception:
        gap = gap_after(move.attempts) or HOURLY_GAP
        TariffMove.objects.filter(pk=move.pk).update(leased_until=None, available_at=Now() + gap)
        duework.announce(company.pk, DueWork.Kind.TARIFF_MOVES)
        raise
    TariffMove.objects.filter(pk=move.pk).update(
        state=State.DONE, ended_at=Now(), leased_until=None, available_at=None
    )
    logger.info("tariff_move.done", extra={"move_id": move.pk, "count": move.total})


def _claim(move_id: int) -> TariffMove | None:
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=Now())
    due = TariffMove.objects.filter(free, pk=move_id, state=State.DUE, available_at__lte=Now())
    if not due.update(leased_until=Now() + LEASE, attempts=F("attempts") + 1):
        return None
    return TariffMove.objects.select_related("before", "after", "actor").get(pk=move_id)


def _renew(move: TariffMove) -> None:
    TariffMove.objects.filter(pk=move.pk).update(leased_until=Now() + LEASE)


@transaction.atomic
def _move_next(company: Company, move: TariffMove, device_id: int, today: dt.date) -> None:
    """Move one device and count it; nothing when another worker, after a lost lease, counted it."""
    counted = TariffMove.objects.filter(pk=move.pk, done_count=move.done_count)
    is_moved = _move_device(company, move, device_id, today)
    if not counted.update(
        done_count=F("done_count") + 1, moved_count=F("moved_count") + int(is_moved)
    ):
        raise LeaseLost(move=move.pk)
    move.done_count += 1


def _move_device(company: Company, move: TariffMove, device_id: int, today: dt.date) -> bool:
    customer_id = Device.objects.values_list("customer_id", flat=True).get(pk=device_id)
    if customer_id is not None:
        Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=customer_id)
    device = Device.objects.select_for_update(of=("self",), no_key=True).get(pk=device_id)
    is_same = device.customer_id == customer_id and device.tariff_id == move.before_id
    if not is_same or device.archived_at is not None:
        return False
    if customer_id is not None:
        _settle_fees(company, device, today)
    device.tariff = move.after
    device.save(update_fields=["tariff", "fees_until", "fee_terms_from"])
    audit(
        actor=move.actor,
        action="device.tariff_changed",
        target=str(device.public_id),
        tariff=move.after.name,
        tariff_before=move.before.name,
    )
    return True


def _settle_fees(company: Company, device: Device, today: dt.date) -> None:
    """Make due what ended under the old tariff; from tomorrow on the new one asks.

    A period that runs goes on. Where the old tariff asked no fee, the first period begins today: what was free
    is not charged afterwards.
    """
    accrue_device(company=company, device_id=device.pk, until=today)
    device.refresh_from_db(fields=["fees_until"])
    assert device.tariff_id is not None
    version = tariff_version_at(device.tariff_id, database_now())
    if version is None or not version.access_fee:
        device.fees_until = today
    device.fee_terms_from = today + dt.timedelta(days=1)


def restart(_: Company) -> None:
    """Ring for moves that are due and that no worker has."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=Now())
    due = TariffMove.objects.filter(free, state=State.DUE, available_at__lte=Now())
    for move_id in list(due.order_by("available_at").values_list("pk", flat=True)[:AT_ONCE]):
        ring(tasks.move_devices, schema=current_schema(), move_id=move_id)


def next_due(_: Company) -> dt.datetime | None:
    """When the next move of this company wants a worker."""
    due = TariffMove.objects.filter(state=State.DUE)
    found: dt.datetime | None = due.aggregate(at=Min(Greatest("available_at", "leased_until")))[
        "at"
    ]
    return found
