"""Taking work of the public schema: one worker at a time, and never forgotten."""

import datetime as dt
from typing import TypeVar

from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from tenants.models import PublicWork

W = TypeVar("W", bound=PublicWork)
RING_AGAIN_AFTER = dt.timedelta(seconds=15)
PAUSES = tuple(dt.timedelta(seconds=seconds) for seconds in (5, 15, 60, 300, 900))
MOST_TRIES = len(PAUSES) + 1


def _open() -> Q:
    return Q(due_at__lte=Now()) & (Q(leased_until=None) | Q(leased_until__lte=Now()))


def take(model: type[W], pk: int, *, lease: dt.timedelta, **must: object) -> W | None:
    """Return the row for this worker alone until the lease ends, or None: not due, or another has it.

    :param must: what must hold of it, by its columns
    """
    rows = model._default_manager.filter(_open(), pk=pk, **must)
    taken = rows.update(leased_until=Now() + lease, tries=F("tries") + 1)
    return model._default_manager.get(pk=pk) if taken else None


def put_off(row: PublicWork, *, by: dt.timedelta, is_try: bool = True) -> None:
    """Give the row back, due again after a pause; the try is taken back when it was none."""
    tries = F("tries") if is_try else F("tries") - 1
    type(row)._default_manager.filter(pk=row.pk).update(
        due_at=Now() + by, leased_until=None, tries=tries
    )


def pause_after(tries: int) -> dt.timedelta | None:
    """Return how long to wait after so many tries, or None when it was tried often enough."""
    return PAUSES[tries - 1] if tries <= len(PAUSES) else None


def due_again(model: type[W], *, most: int = 100) -> list[W]:
    """Return due rows that nobody took though it was rung for them a while ago; they count as rung for now."""
    before = timezone.now() - RING_AGAIN_AFTER
    rows = model._default_manager.filter(_open(), Q(rung_at=None) | Q(rung_at__lte=before))
    found = list(rows.order_by("due_at")[:most])
    model._default_manager.filter(pk__in=[row.pk for row in found]).update(rung_at=Now())
    return found
