"""Is anything running at all? Told by the last good sweep, a row that beat, broker and worker made together."""

import datetime as dt
import time
from dataclasses import dataclass

from django.db import connection

from tenants.models import Company

CACHE_SECONDS = 5.0
SILENT_AFTER = dt.timedelta(minutes=2)

_LAST_SWEEP = """
SELECT good_at, good_at IS NULL OR good_at < clock_timestamp() - %s::interval
FROM public.tenants_jobrecord WHERE company_id IS NULL AND job = 'sweep'
"""


@dataclass(frozen=True, slots=True)
class Pulse:
    """``swept_at`` is None where the sweeper never came; silent is more than two minutes without it."""

    swept_at: dt.datetime | None
    is_silent: bool

    def is_missed_by(self, company: Company, now: dt.datetime) -> bool:
        """Whether a company is left alone: one that was made just now waits for its first sweep."""
        return self.is_silent and (
            self.swept_at is not None or now - company.created_at > SILENT_AFTER
        )


_kept: tuple[float, Pulse] | None = None


def pulse() -> Pulse:
    """Return when the sweeper came last, at most five seconds old. The broker is not asked."""
    if _kept and _kept[0] > time.monotonic():
        return _kept[1]
    with connection.cursor() as cursor:
        cursor.execute(_LAST_SWEEP, [f"{SILENT_AFTER.total_seconds()} seconds"])
        found = Pulse(*(cursor.fetchone() or (None, True)))
    remember(found)
    return found


def remember(found: Pulse, *, seconds: float = CACHE_SECONDS) -> None:
    """Let this process answer so for a while."""
    global _kept
    _kept = (time.monotonic() + seconds, found)


def forget() -> None:
    """Have the next question asked of the database."""
    global _kept
    _kept = None
