"""Devices that move to another tariff: one by one, once, with the fees of before made due."""

import datetime as dt
from decimal import Decimal as D

import pytest

from accounts.models import AuditEntry
from devices import moving
from devices.fees import accrue
from devices.models import AccessFee, Device, TariffMove
from devices.prices import Prices
from devices.tariff_changes import create_tariff

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 23)


@pytest.fixture(autouse=True)
def today(monkeypatch):
    now = dt.datetime(2026, 11, 23, 11, tzinfo=dt.UTC)
    monkeypatch.setattr(moving, "today_in", lambda zone, at: TODAY)
    return now


def tariff(name, fee="0", days=0):
    prices = Prices(price_per_kwh=D(300), access_fee=D(fee), access_fee_days=days)
    return create_tariff(name=name, prices=prices, valid_from=START, actor=None)


def put_on(device, found):
    device.tariff = found
    device.save(update_fields=["tariff"])


def move(jua, device, before, after):
    asked = moving.ask_move(device_ids=[device.pk], before=before, after=after, actor=None)
    moving.work(jua, asked.pk)
    device.refresh_from_db()
    asked.refresh_from_db()
    return asked


def test_a_move_is_done_once_counted_and_audited(world, jua):
    new = tariff("Shop")

    asked = move(jua, world.meter, world.tariff, new)
    moving.work(jua, asked.pk)

    asked.refresh_from_db()
    entry = AuditEntry.objects.get(action="device.tariff_changed")
    assert world.meter.tariff == new
    assert (asked.state, asked.done_count, asked.moved_count) == ("done", 1, 1)
    assert (entry.facts["tariff_before"], entry.facts["tariff"]) == ("Household", "Shop")


def test_what_was_free_is_not_charged_afterwards(world, jua):
    new = tariff("With fee", "2000", 30)

    move(jua, world.meter, world.tariff, new)
    accrue(jua, TODAY + dt.timedelta(days=29))
    before = AccessFee.objects.count()
    accrue(jua, TODAY + dt.timedelta(days=30))

    assert before == 0
    assert [fee.due_date for fee in AccessFee.objects.all()] == [TODAY + dt.timedelta(days=30)]


def test_a_period_that_runs_goes_on_and_charges_nothing_backwards(world, jua):
    old, new = tariff("Monthly", "2000", 30), tariff("Weekly", "700", 7)
    put_on(world.meter, old)  # given out on 1 November: 22 days run

    move(jua, world.meter, old, new)
    accrue(jua, TODAY)
    today = AccessFee.objects.count()
    accrue(jua, TODAY + dt.timedelta(days=8))

    assert today == 0
    assert [(f.due_date, f.amount) for f in AccessFee.objects.order_by("due_date")] == [
        (TODAY + dt.timedelta(days=1), D(700)),
        (TODAY + dt.timedelta(days=8), D(700)),
    ]


def test_what_ended_under_the_old_tariff_is_made_due_at_its_price(world, jua):
    old, new = tariff("Weekly", "700", 7), tariff("Free")
    put_on(world.meter, old)

    move(jua, world.meter, old, new)
    accrue(jua, TODAY + dt.timedelta(days=60))

    assert [f.due_date.day for f in AccessFee.objects.order_by("due_date")] == [8, 15, 22]


def test_a_device_that_somebody_moved_meanwhile_is_left(world, jua):
    new, other = tariff("Shop"), tariff("Other")
    asked = moving.ask_move(device_ids=[world.meter.pk], before=world.tariff, after=new, actor=None)
    put_on(world.meter, other)

    moving.work(jua, asked.pk)

    asked.refresh_from_db()
    assert Device.objects.get(pk=world.meter.pk).tariff == other
    assert (asked.moved_count, asked.left_count) == (0, 1)


def test_all_that_the_filters_show_is_moved_after_one_question(world, owner, jua):
    new = tariff("Shop")
    address = f"/tariffs/{world.tariff.public_id}/move/"
    sent = {"which": "all", "to": str(new.public_id)}

    asked = owner.post(address, sent)
    nothing = TariffMove.objects.count()
    key = str(asked.context["form"]["key"].value())
    owner.post(address, {**sent, "key": key})
    owner.post(address, {**sent, "key": key})

    assert nothing == 0
    assert TariffMove.objects.count() == 1
