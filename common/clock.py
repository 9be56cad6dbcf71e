"""Company time: UTC inside, the company's zone at the edges."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import connection


def database_now() -> dt.datetime:
    """Return the database's clock, the only one that leases and due times may be compared with."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    assert isinstance(now, dt.datetime)
    return now


def today_in(zone: str, now: dt.datetime) -> dt.date:
    """Return the calendar day that ``now`` falls on in a company's time zone."""
    return now.astimezone(ZoneInfo(zone)).date()


def midnight(day: dt.date, zone: str) -> dt.datetime:
    """Return the first instant of a day in a company's time zone."""
    return dt.datetime.combine(day, dt.time.min, tzinfo=ZoneInfo(zone))


def next_midnight(zone: str, now: dt.datetime) -> dt.datetime:
    """Return when the next day begins in a company's time zone."""
    return midnight(today_in(zone, now) + dt.timedelta(days=1), zone)
