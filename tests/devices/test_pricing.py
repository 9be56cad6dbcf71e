"""Bands of the day: which holds when, over midnight and at weekends, and that they make a whole day."""

import datetime as dt
from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.pricing import Band, band_at, fault_of, month_of

MONDAY = dt.date(2026, 11, 23)
SATURDAY = dt.date(2026, 11, 28)


def band(name, begins, ends, **more):
    more = more or {"percent": D(100)}
    return Band(name, dt.time.fromisoformat(begins), dt.time.fromisoformat(ends), **more)


DAY, NIGHT = band("Day", "06:00", "18:30"), band("Night", "18:30", "06:00", percent=D(85))


def at(day, time):
    return dt.datetime.combine(day, dt.time.fromisoformat(time))


@pytest.mark.parametrize(
    ("time", "name"),
    [
        ("00:00", "Night"),
        ("05:59:59", "Night"),
        ("06:00", "Day"),
        ("18:29:59", "Day"),
        ("18:30", "Night"),
        ("23:59:59", "Night"),
    ],
)
def test_a_band_holds_from_its_first_minute_up_to_the_next_ones(time, name):
    found = band_at([DAY, NIGHT], at(MONDAY, time))

    assert found is not None
    assert found.name == name


def test_the_day_that_counts_is_that_of_the_moment():
    bands = [
        band("Work", "00:00", "00:00", days="workdays", percent=D(120)),
        band("Rest", "00:00", "00:00", days="weekend", percent=D(80)),
    ]

    assert fault_of(bands) is None
    assert band_at(bands, at(SATURDAY, "00:00")).name == "Rest"
    assert band_at(bands, at(SATURDAY - dt.timedelta(1), "23:59")).name == "Work"


def test_a_share_of_the_price_is_kept_on_the_grid_of_prices():
    assert NIGHT.price_for(D("350.5551")) == D("297.9718")  # 297.971835
    assert band("Own", "00:00", "00:00", price=D(123)).price_for(D(400)) == D(123)


def test_without_bands_there_is_nothing_to_cover():
    assert fault_of([]) is None
    assert band_at([], at(MONDAY, "12:00")) is None


def test_a_gap_is_named_with_its_first_minute():
    fault = fault_of([DAY, band("Night", "19:00", "06:00")])

    assert fault.is_gap
    assert (fault.days, fault.begins) == ("workdays", dt.time(18, 30))


def test_an_overlap_is_named_with_both_bands():
    fault = fault_of([DAY, band("Night", "18:00", "06:00")])

    assert fault.names == ("Day", "Night")
    assert fault.begins == dt.time(18, 0)


def test_a_day_that_only_the_weekend_lacks_is_not_whole():
    fault = fault_of([band("Work", "00:00", "00:00", days="workdays")])

    assert (fault.days, fault.begins) == ("weekend", dt.time(0, 0))


times = st.integers(0, 24 * 60 - 1).map(lambda n: dt.time(*divmod(n, 60)))


@settings(deadline=None)  # the clock of a busy machine proves nothing
@given(st.lists(times, min_size=1, max_size=6, unique=True), times)
def test_bands_one_after_the_other_cover_every_minute_once(starts, moment):
    starts = sorted(starts)
    ends = [*starts[1:], starts[0]]
    bands = [
        Band(str(n), begins, until, percent=D(100))
        for n, (begins, until) in enumerate(zip(starts, ends, strict=True))
    ]
    holding = [each for each in bands if each.holds_at(dt.datetime.combine(MONDAY, moment))]

    assert fault_of(bands) is None
    assert len(holding) == 1


@pytest.mark.parametrize(
    ("day", "first", "after"),
    [
        ("2026-11-30", "2026-11-01", "2026-12-01"),
        ("2026-12-31", "2026-12-01", "2027-01-01"),
        ("2027-02-01", "2027-02-01", "2027-03-01"),
    ],
)
def test_a_month_is_that_of_the_calendar(day, first, after):
    found = month_of(dt.datetime.fromisoformat(f"{day}T12:00"))

    assert [each.isoformat() for each in found] == [first, after]
