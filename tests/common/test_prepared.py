"""A prepared query answers as the query it was made from, every time and in every company."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection, connections, transaction
from django.db.models import F, Sum
from django.db.transaction import TransactionManagementError

from common.prepared import Hole, Prepared
from devices.models import Device, TariffVersion
from tests.conftest import make_world

DEVICE = Prepared(
    lambda: Device.objects.select_related("customer", "tariff").filter(serial=Hole("serial"))
)
VERSIONS = Prepared(
    lambda: (
        TariffVersion.objects.annotate(extra=Sum("components__price_per_kwh"))
        .filter(valid_from__lte=Hole("at"), price_per_kwh__gt=F("price_per_kwh") - Hole("less"))
        .order_by("-valid_from")
    )
)


def test_it_returns_the_same_instances_as_the_query(world, django_assert_num_queries):
    expected = Device.objects.select_related("customer", "tariff").get(serial=world.meter.serial)

    with django_assert_num_queries(1):
        found = DEVICE.first(serial=world.meter.serial)
        assert (found.customer.name, found.tariff.name) == ("Neema Bahati", "Household")

    assert found == expected
    assert found.__dict__.keys() == expected.__dict__.keys()
    assert not found._state.adding


def test_other_values_find_other_rows(world):
    other = Device.objects.create(
        kind=Device.Kind.METER, manufacturer="demo_meter", serial="2", village=world.village
    )

    assert DEVICE.first(serial=world.meter.serial) == world.meter
    found = DEVICE.first(serial="2")
    assert (found, found.customer, found.tariff) == (other, None, None)
    assert DEVICE.first(serial="3") is None
    assert DEVICE.all(serial="3") == []


def test_values_are_never_read_as_sql(world):
    assert DEVICE.all(serial="' OR '1'='1") == []


def test_annotations_and_order_are_kept(world):
    later = TariffVersion.objects.create(
        tariff=world.tariff,
        valid_from=dt.datetime(2026, 6, 1, tzinfo=dt.UTC),
        price_per_kwh=Decimal(500),
    )
    later.components.create(name="Grid", price_per_kwh=Decimal(20))

    found = VERSIONS.all(at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC), less=Decimal(1))

    assert [(each.price_per_kwh, each.extra) for each in found] == [(500, 20), (400, None)]
    assert VERSIONS.all(at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC), less=Decimal(1)) == []


def test_each_company_gets_its_own_rows(world, taa):
    connection.set_tenant(taa)
    make_world()
    Device.objects.update(kind=Device.Kind.METER, manufacturer="sunking")

    in_taa = DEVICE.first(serial=world.meter.serial).manufacturer
    connection.set_schema("jua")

    assert (in_taa, DEVICE.first(serial=world.meter.serial).manufacturer) == (
        "sunking",
        "demo_meter",
    )


def test_a_row_lock_needs_a_transaction_also_the_second_time(world, monkeypatch):
    locked = Prepared(
        lambda: Device.objects.select_for_update(no_key=True).filter(serial=Hole("serial"))
    )
    with transaction.atomic():
        assert locked.first(serial=world.meter.serial) == world.meter

    with monkeypatch.context() as outside, pytest.raises(TransactionManagementError):
        outside.setattr(connections["default"], "in_atomic_block", False)
        locked.first(serial=world.meter.serial)


def test_a_value_that_is_missing_is_a_bug(world):
    with pytest.raises(KeyError):
        DEVICE.all()
