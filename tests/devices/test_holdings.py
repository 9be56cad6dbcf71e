"""Whose a device was and is; giving out, archiving and bringing back."""

import datetime as dt

import pytest

from accounts.models import AuditEntry
from customers.services import archive_customer
from devices import holdings
from devices.fees import accrue_device
from devices.models import AccessFee, Device, Holding, TariffVersion
from devices.services import assign_device, register_device, register_devices

NOW = dt.datetime(2026, 11, 23, 11, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=60)


@pytest.fixture
def stock(world) -> Device:
    return register_device(
        kind="meter", manufacturer="demo_meter", serial="47000100099", village=world.village,
        tariff=world.tariff, actor=None,
    )  # fmt: skip


def give(device, world, **changes):
    facts = {
        "device_id": device.pk, "customer_id": world.neema.pk, "village_id": world.village.pk,
        "assigned_at": NOW, "actor": None,
    }  # fmt: skip
    return assign_device(**{**facts, **changes})


def test_giving_a_device_out_begins_a_holding_with_its_reason(world, stock, amina):
    give(stock, world, actor=amina, reason="New connection")

    (held,) = holdings.holdings_of(stock.pk)
    assert (held.customer, held.village, held.began_at) == (world.neema, world.village, NOW)
    assert (held.began_by, held.began_reason, held.ended_at) == (
        str(amina),
        "New connection",
        None,
    )
    facts = AuditEntry.objects.get(action="device.assigned").facts
    assert (facts["customer"], facts["customer_before"]) == ("Neema Bahati", "")


def test_devices_that_are_registered_with_a_customer_are_held_from_then_on(world):
    facts = {"kind": "meter", "manufacturer": "demo_meter", "village": world.village}
    given = Device(**facts, serial="1", customer=world.neema, assigned_at=NOW)
    free = Device(**facts, serial="2")

    register_devices(devices=[given, free])
    one = register_device(
        **facts, serial="3", tariff=world.tariff, customer=world.neema, assigned_at=NOW, actor=None
    )

    assert set(Holding.objects.values_list("device_id", "began_at")) == {
        (given.pk, NOW),
        (one.pk, NOW),
    }


def test_the_time_of_a_device_that_nobody_noted_is_noted_when_it_ends(world):
    holdings.end_holding(world.meter, at=LATER, actor=None, reason="Moved away")

    (held,) = holdings.holdings_of(world.meter.pk)
    assert (held.customer, held.ended_at, held.ended_reason) == (world.neema, LATER, "Moved away")
    world.meter.refresh_from_db()
    assert (world.meter.customer, world.meter.assigned_at) == (None, None)


def test_a_device_is_not_taken_back_before_it_was_given(world):
    with pytest.raises(holdings.NotAtOnce):
        holdings.end_holding(
            world.meter, at=NOW - dt.timedelta(days=365), actor=None, reason="Early"
        )
    with pytest.raises(holdings.DeviceHasNoCustomer):
        world.meter.customer = None
        holdings.end_holding(world.meter, at=LATER, actor=None, reason="Nobody's")


def test_archiving_keeps_its_reason_and_is_undone(world, amina):
    holdings.archive_device(
        device_id=world.meter.pk, archived_at=NOW, actor=amina, reason="Burnt out"
    )
    world.meter.refresh_from_db()
    assert (world.meter.archived_at, world.meter.archive_reason) == (NOW, "Burnt out")

    holdings.restore_device(device_id=world.meter.pk, now=LATER, actor=amina, reason="Mended")

    world.meter.refresh_from_db()
    assert (world.meter.archived_at, world.meter.archive_reason) == (None, "")
    assert AuditEntry.objects.get(action="device.restored").facts["reason"] == "Mended"
    with pytest.raises(holdings.DeviceNotArchived):
        holdings.restore_device(device_id=world.meter.pk, now=LATER, actor=amina)


def test_no_access_fees_fall_due_for_the_time_in_the_archive(world, jua):
    TariffVersion.objects.update(access_fee=1000, access_fee_days=10)
    holdings.archive_device(device_id=world.meter.pk, archived_at=NOW, actor=None)
    holdings.restore_device(device_id=world.meter.pk, now=LATER, actor=None)

    accrue_device(
        company=jua, device_id=world.meter.pk, until=(LATER + dt.timedelta(days=9)).date()
    )
    assert not AccessFee.objects.exists()
    accrue_device(
        company=jua, device_id=world.meter.pk, until=(LATER + dt.timedelta(days=10)).date()
    )
    assert AccessFee.objects.count() == 1


def test_a_device_is_not_brought_back_to_an_archived_customer(world):
    holdings.archive_device(device_id=world.meter.pk, archived_at=NOW, actor=None)
    archive_customer(customer_id=world.neema.pk, archived_at=NOW, actor=None)

    with pytest.raises(holdings.CustomerArchived):
        holdings.restore_device(device_id=world.meter.pk, now=LATER, actor=None)
