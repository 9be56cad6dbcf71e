"""A prepared query answers as the query it was made from, every time and in every company."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError, connection, connections, transaction
from django.db.models import F, IntegerField, Sum
from django.db.transaction import TransactionManagementError

from common.clock import database_now
from common.prepared import Hole, Prepared, PreparedUpdate, insert
from devices.models import Device, TariffVersion
from payments.models import Payment
from plugins.models import Connection
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


CHANGE = PreparedUpdate(
    lambda: (
        Payment.objects.filter(pk=Hole("payment"), state="received"),
        {
            "parts": Hole("parts"),
            "device": Hole("device"),
            "expires_at": Hole("expires_at"),
            "attempts": F("attempts") + Hole("more", IntegerField()),
            "reason": "",
        },
    )
)
AT = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


def payment_of(world) -> Payment:
    return Payment(
        connection=world.airtel,
        reference="A1",
        amount=Decimal("5000.5"),
        account="47",
        wire={"echo": "this"},
        reason="why",
    )


def test_an_update_writes_what_the_query_would(world, django_assert_num_queries):
    payment = payment_of(world)
    payment.save()
    values = {"parts": [{"part": "energy"}], "device": world.meter.pk, "expires_at": AT, "more": 2}

    with django_assert_num_queries(1):
        assert CHANGE.run(payment=payment.pk, **values) == 1

    payment.refresh_from_db()
    assert (payment.parts, payment.device) == ([{"part": "energy"}], world.meter)
    assert (payment.expires_at, payment.attempts, payment.reason) == (AT, 2, "")
    assert CHANGE.run(payment=payment.pk, **{**values, "expires_at": None, "device": None}) == 1
    payment.refresh_from_db()
    assert (payment.expires_at, payment.device, payment.attempts) == (None, None, 4)


def test_an_update_says_when_its_condition_held_nowhere(world):
    payment = payment_of(world)
    payment.state = Payment.State.SETTLED
    payment.device, payment.customer = world.meter, world.neema
    payment.save()

    assert CHANGE.run(payment=payment.pk, parts=[], device=None, expires_at=None, more=1) == 0
    payment.refresh_from_db()
    assert payment.reason == "why"


def test_insert_writes_the_row_that_save_writes(world, django_assert_num_queries):
    saved, inserted = payment_of(world), payment_of(world)
    saved.save()
    inserted.reference = "A2"

    with django_assert_num_queries(1):
        insert(inserted)

    left, right = (
        {**Payment.objects.filter(pk=each.pk).values().get()} for each in (saved, inserted)
    )
    for differs in ("id", "public_id", "reference", "created_at"):
        assert left.pop(differs) != right.pop(differs)
    assert left == right
    assert inserted.created_at is not None
    inserted.save(update_fields=["reason"])  # it counts as stored


def test_insert_encrypts_what_save_encrypts(world):
    new = Connection(plugin="sunking", kind="manufacturer", secrets={"client_secret": "s3cr3t"})

    insert(new)

    assert Connection.objects.get(pk=new.pk).secrets == {"client_secret": "s3cr3t"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT secrets FROM plugins_connection WHERE id = %s", [new.pk])
        assert b"s3cr3t" not in bytes(cursor.fetchone()[0])


def test_insert_raises_when_the_row_stands_already(world):
    payment_of(world).save()

    with pytest.raises(IntegrityError), transaction.atomic():
        insert(payment_of(world))


def test_columns_that_are_left_out_are_read_when_needed(world, django_assert_num_queries):
    short = Prepared(lambda: Device.objects.filter(serial=Hole("serial")).only("serial"))

    found = short.first(serial=world.meter.serial)

    with django_assert_num_queries(0):
        assert found.serial == world.meter.serial
    with django_assert_num_queries(1):
        assert found.manufacturer == "demo_meter"


def test_insert_counts_moments_from_the_clock_of_the_database(world, django_assert_num_queries):
    payment = payment_of(world)

    with time_machine.travel(AT), django_assert_num_queries(1):
        insert(payment, from_now={"expires_at": dt.timedelta(hours=24)})

    kept = Payment.objects.get(pk=payment.pk)
    assert payment.expires_at == kept.expires_at
    assert abs(kept.expires_at - database_now() - dt.timedelta(hours=24)) < dt.timedelta(seconds=5)
