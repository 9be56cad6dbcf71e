"""When to try again: growing gaps, kept as a time on the row, never as a broker's countdown."""

import datetime as dt

GAPS = (5, 15, 60, 300, 900)
HOURLY = 3600
HOURLY_GAP = dt.timedelta(seconds=HOURLY)
GIVE_UP_AFTER = 24


def gap_after(attempts: int) -> dt.timedelta | None:
    """Return how long to wait after this many attempts; None when a person has to look.

    5 s, 15 s, 1 min, 5 min, 15 min, then hourly for 24 hours.
    """
    if attempts <= len(GAPS):
        return dt.timedelta(seconds=GAPS[max(attempts, 1) - 1])
    if attempts <= len(GAPS) + GIVE_UP_AFTER:
        return HOURLY_GAP
    return None
