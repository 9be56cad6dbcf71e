"""Registering devices and changing prices."""

import datetime as dt
from decimal import Decimal

import pytest

from accounts.models import AuditEntry
from customers.services import archive_customer
from devices import prices as tariff_prices
from devices import services, tariff_changes
from devices.models import Device, PriceComponent, Tariff, TariffVersion
from devices.prices import Prices
from devices.tariffs import price_per_kwh_of, tariff_version_at
from plugins.contracts import Unit

NOW = dt.datetime(2026, 11, 23, 11, 0, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=7)
PRICES = Prices(price_per_kwh=Decimal(400))


def register(world, **changes) -> Device:
    facts = {
        "kind": "meter",
        "manufacturer": "demo_meter",
        "serial": "47000100012",
        "village": world.village,
        "tariff": world.tariff,
        "customer": world.neema,
        "assigned_at": NOW,
        "actor": None,
    }
    return services.register_device(**{**facts, **changes})


def test_a_device_is_registered_with_its_customer(world, amina):
    device = register(world, actor=amina)

    device.refresh_from_db()
    assert (device.serial, device.customer, device.assigned_at) == ("47000100012", world.neema, NOW)
    assert AuditEntry.objects.get(action="device.registered").actor == amina


def test_a_device_in_stock_has_no_customer_and_no_date(world):
    device = register(world, customer=None)

    assert (device.customer, device.assigned_at) == (None, None)


def test_a_kind_that_the_manufacturer_does_not_make_is_refused(world):
    with pytest.raises(services.KindNotMade, match="Demo meter makes no device of kind “shs”"):
        register(world, kind="shs")

    assert Device.objects.count() == 1


@pytest.mark.parametrize("slug", ["airtel", "nobody"])
def test_what_is_no_manufacturer_is_refused(world, slug):
    with pytest.raises(services.UnknownManufacturer, match="calin_meter"):
        register(world, manufacturer=slug)


def test_a_meter_without_a_tariff_is_refused_and_a_kit_is_not(world):
    with pytest.raises(services.MeterNeedsTariff):
        register(world, tariff=None)

    kit = register(world, kind="shs", manufacturer="sunking", tariff=None)
    assert kit.tariff is None
    assert services.unit_of(manufacturer="sunking") == Unit.DAY


def test_a_serial_number_is_registered_once_in_a_company(world):
    with pytest.raises(services.SerialTaken):
        register(world, serial=world.meter.serial)


def test_a_device_needs_a_serial_number(world):
    with pytest.raises(services.SerialMissing):
        register(world, serial="")


def test_an_archived_customer_gets_no_device(world):
    archive_customer(customer_id=world.neema.pk, archived_at=NOW, actor=None)
    world.neema.refresh_from_db()
    stock = register(world, customer=None)

    with pytest.raises(services.CustomerArchived):
        register(world, serial="47000100013")
    with pytest.raises(services.CustomerArchived):
        assign(stock, world)


def assign(device, world) -> Device:
    return services.assign_device(
        device_id=device.pk,
        customer_id=world.neema.pk,
        village_id=world.village.pk,
        assigned_at=NOW,
        actor=None,
    )


def test_a_device_from_stock_is_given_to_a_customer_once(world):
    device = register(world, customer=None)
    Device.objects.filter(pk=device.pk).update(fees_until=dt.date(2025, 1, 1))

    assign(device, world)

    device.refresh_from_db()
    assert (device.customer, device.assigned_at, device.fees_until) == (world.neema, NOW, None)
    with pytest.raises(
        services.DeviceHasCustomer, match="Meter 47000100012 belongs to Neema Bahati"
    ):
        assign(device, world)


def test_an_archived_device_is_given_to_nobody_and_archived_once(world):
    device = register(world, customer=None)
    services.archive_device(device_id=device.pk, archived_at=NOW, actor=None)

    with pytest.raises(services.DeviceArchived):
        assign(device, world)
    with pytest.raises(services.DeviceArchived):
        services.archive_device(device_id=device.pk, archived_at=LATER, actor=None)
    device.refresh_from_db()
    assert device.archived_at == NOW


def test_a_tariff_starts_with_its_first_prices(jua):
    prices = Prices(
        price_per_kwh=Decimal(300), components={"Levy": Decimal(50), "Fund": Decimal("0.5")}
    )

    tariff = tariff_changes.create_tariff(name="Shop", prices=prices, valid_from=NOW, actor=None)

    version = tariff_version_at(tariff.pk, NOW)
    assert version is not None
    assert price_per_kwh_of(version) == Decimal("350.5")
    assert tariff_version_at(tariff.pk, NOW - dt.timedelta(seconds=1)) is None


def test_a_price_without_components_is_its_base(world):
    version = tariff_version_at(world.tariff.pk, NOW)

    assert price_per_kwh_of(version) == 400


def test_a_tariff_by_the_day_has_no_price_per_kwh(jua):
    prices = Prices(price_per_day=Decimal(500))
    tariff = tariff_changes.create_tariff(
        name="By the day", prices=prices, valid_from=NOW, actor=None
    )

    assert price_per_kwh_of(tariff_version_at(tariff.pk, NOW)) is None


def test_a_new_price_holds_from_its_moment_and_rewrites_nothing(world):
    before = TariffVersion.objects.get(tariff=world.tariff)

    tariff_changes.change_tariff(
        tariff_id=world.tariff.pk,
        prices=Prices(price_per_kwh=Decimal(450)),
        valid_from=LATER,
        now=NOW,
        actor=None,
    )

    before.refresh_from_db()
    assert before.price_per_kwh == 400
    assert tariff_version_at(world.tariff.pk, LATER - dt.timedelta(seconds=1)) == before
    assert price_per_kwh_of(tariff_version_at(world.tariff.pk, LATER)) == 450


@pytest.mark.parametrize("days", [-1, 0])
def test_a_price_cannot_change_in_the_past_or_before_the_latest_change(world, days):
    tariff_changes.change_tariff(
        tariff_id=world.tariff.pk, prices=PRICES, valid_from=LATER, now=NOW, actor=None
    )

    for valid_from in (NOW - dt.timedelta(seconds=1), LATER + dt.timedelta(days=days)):
        with pytest.raises(tariff_changes.TariffChangeTooEarly):
            tariff_changes.change_tariff(
                tariff_id=world.tariff.pk, prices=PRICES, valid_from=valid_from, now=NOW, actor=None
            )
    assert world.tariff.versions.count() == 2


def test_two_tariffs_of_one_name_are_refused(world):
    with pytest.raises(tariff_changes.TariffNameTaken):
        tariff_changes.create_tariff(name="Household", prices=PRICES, valid_from=NOW, actor=None)


@pytest.mark.parametrize(
    ("prices", "refusal"),
    [
        (Prices(price_per_kwh=Decimal(0)), tariff_prices.PriceNotPositive),
        (Prices(price_per_day=Decimal(-1)), tariff_prices.PriceNotPositive),
        (Prices(minimum_purchase=Decimal(-1)), tariff_prices.PriceNotPositive),
        (
            Prices(price_per_kwh=Decimal(1), components={"Levy": Decimal(0)}),
            tariff_prices.PriceNotPositive,
        ),
        (Prices(access_fee=Decimal(2000)), tariff_prices.FeeNeedsPeriod),
    ],
)
def test_prices_that_make_no_sense_are_refused(jua, prices, refusal):
    with pytest.raises(refusal):
        tariff_changes.create_tariff(name="Odd", prices=prices, valid_from=NOW, actor=None)

    assert not Tariff.objects.filter(name="Odd").exists()
    assert not PriceComponent.objects.exists()
