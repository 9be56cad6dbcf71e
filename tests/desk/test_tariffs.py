"""The pages of tariffs: prices that begin later, what they would charge, and who may change them."""

import datetime as dt
from decimal import Decimal as D

import pytest
import time_machine
from django.utils import timezone

from accounts.models import AuditEntry
from devices.models import PriceBand, PriceComponent, Tariff, TariffVersion
from devices.prices import Prices
from devices.tariff_changes import archive_tariff, create_tariff
from tests.conftest import NOW

ROWS = {
    "components-TOTAL_FORMS": "2",
    "components-INITIAL_FORMS": "0",
    "hours-TOTAL_FORMS": "2",
    "hours-INITIAL_FORMS": "0",
}


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(NOW, tick=False):
        yield


def hours(*rows):
    names = ("name", "begins", "ends", "days", "percent", "price")
    return {
        f"hours-{n}-{name}": value
        for n, row in enumerate(rows)
        for name, value in zip(names, row, strict=True)
    }


def detail(tariff):
    return f"/tariffs/{tariff.public_id}/"


def test_a_tariff_with_all_its_parts_is_added(world, owner):
    response = owner.post(
        "/tariffs/add/",
        {
            **ROWS,
            "name": "Shop",
            "price_per_kwh": "350.5",
            "components-0-name": "Levy",
            "components-0-price": "9.5",
            **hours(
                ("Day", "06:00", "18:00", "all", "100", ""),
                ("Night", "18:00", "06:00", "all", "", "300"),
            ),
            "allowance_kwh": "10",
            "allowance_price": "100",
            "allowance_per": "customer",
            "access_fee": "2000",
            "access_fee_days": "30",
            "minimum_purchase": "500",
            "vat_percent": "18",
        },
    )

    tariff = Tariff.objects.get(name="Shop")
    version = tariff.versions.get()
    assert response.url == detail(tariff)
    assert (version.price_per_kwh, version.vat_percent) == (D("350.5"), D(18))
    assert PriceComponent.objects.get(version=version).price_per_kwh == D("9.5")
    assert PriceBand.objects.get(version=version, name="Night").price_per_kwh == D(300)
    assert (version.allowance_kwh, version.allowance_per) == (D(10), "customer")
    assert "Shop" in owner.get("/tariffs/").content.decode()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"price_per_kwh": ""}, "needs a price"),
        ({"access_fee": "100"}, "number of days"),
        (
            hours(
                ("Day", "06:00", "18:00", "all", "100", ""),
            ),
            "No price holds",
        ),
        (
            hours(
                ("Day", "06:00", "18:00", "all", "100", ""),
                ("Night", "17:00", "06:00", "all", "80", ""),
            ),
            "two prices hold",
        ),
        (
            hours(
                ("Day", "00:00", "00:00", "all", "", ""),
            ),
            "either per cent or a price",
        ),
        ({"allowance_kwh": "10", "allowance_price": "400"}, "below the normal price"),
        ({"components-0-name": "Levy"}, "a name and a price"),
        ({"vat_percent": "101"}, "less than or equal to 100"),
        ({"starts_on": "2026-11-23"}, "after today"),
        ({"name": "Household"}, "already"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_stored(world, owner, wrong, says):
    sent = {**ROWS, "name": "Shop", "price_per_kwh": "400", **wrong}

    response = owner.post("/tariffs/add/", sent)

    assert response.status_code == 422
    assert says.lower() in response.content.decode().lower()
    assert Tariff.objects.count() == 1


def test_new_prices_begin_at_midnight_of_their_day_and_are_audited_with_the_old(world, owner):
    owner.post(
        f"{detail(world.tariff)}change/",
        {**ROWS, "price_per_kwh": "450", "starts_on": "2026-12-01"},
    )

    new = world.tariff.versions.latest("valid_from")
    facts = AuditEntry.objects.get(action="tariff.changed").facts
    assert new.valid_from == dt.datetime(2026, 11, 30, 21, 0, tzinfo=dt.UTC)
    assert (facts["price_per_kwh_before"], facts["price_per_kwh"]) == ("400", "450")
    page = owner.get(detail(world.tariff)).content.decode()
    assert "Begins later" in page
    assert "Holds now" in page


def test_prices_that_have_not_begun_can_be_withdrawn_others_stay(world, owner):
    begun = world.tariff.versions.get()
    later = TariffVersion.objects.create(
        tariff=world.tariff, valid_from=NOW + dt.timedelta(days=3), price_per_kwh=D(450)
    )

    owner.post(f"{detail(world.tariff)}versions/{later.pk}/withdraw/")
    refused = owner.post(f"{detail(world.tariff)}versions/{begun.pk}/withdraw/", follow=True)

    assert list(world.tariff.versions.all()) == [begun]
    assert "hold already" in refused.content.decode()
    assert (
        AuditEntry.objects.get(action="tariff.version_withdrawn").facts["price_per_kwh_before"]
        == "450"
    )


def test_a_price_that_holds_cannot_be_rewritten(world, owner, pay):
    """The predecessor showed the past at today's price."""
    pay("5000")
    owner.post(f"{detail(world.tariff)}change/", {**ROWS, "price_per_kwh": "800"})

    old, new = world.tariff.versions.order_by("valid_from")
    assert (old.price_per_kwh, new.price_per_kwh) == (D(400), D(800))
    assert world.meter.orders.get().price == D(400)


def test_a_purchase_is_tried_on_every_version_and_on_what_is_typed(world, owner):
    sent = {
        **ROWS,
        "price_per_kwh": "500",
        "allowance_kwh": "10",
        "allowance_price": "100",
        "sample-amount": "5000",
        "sample-at": "2026-11-23T20:00",
        "sample-used": "4",
        "try": "1",
    }

    response = owner.post(f"{detail(world.tariff)}change/", sent)

    page = response.content.decode()
    assert response.status_code == 200
    assert "14.8\xa0kWh" in page  # 6 × 100 + 8.8 × 500
    assert "12.5\xa0kWh" in page  # at the price of now
    assert world.tariff.versions.count() == 1


def test_htmx_gets_the_sample_only_and_never_saves(world, owner):
    sent = {**ROWS, "price_per_kwh": "500", "sample-amount": "5000"}

    response = owner.post(f"{detail(world.tariff)}change/", sent, headers={"hx-request": "true"})

    page = response.content.decode()
    assert "10.0\xa0kWh" in page
    assert "<html" not in page
    assert world.tariff.versions.count() == 1


def test_the_hour_of_the_sample_decides(world, owner):
    version = world.tariff.versions.get()
    for name, begins, ends, percent in (("Day", 6, 18, 100), ("Night", 18, 6, 50)):
        PriceBand.objects.create(
            version=version,
            name=name,
            begins=dt.time(begins),
            ends=dt.time(ends),
            percent=D(percent),
        )

    page = owner.get(
        f"{detail(world.tariff)}?sample-amount=1000&sample-at=2026-11-23T20:00"
    ).content.decode()

    assert "5.0\xa0kWh" in page
    assert "Night" in page


def test_a_tariff_in_use_is_neither_archived_nor_deleted(world, owner):
    """The predecessor removed tariffs that meters had."""
    for act in ("archive", "delete"):
        page = owner.post(f"{detail(world.tariff)}{act}/", follow=True).content.decode()
        assert "is the tariff of 1 devices" in page

    world.tariff.refresh_from_db()
    assert world.tariff.archived_at is None


def test_what_had_a_price_is_archived_and_what_had_none_deleted(world, owner):
    prices = Prices(price_per_kwh=D(300))
    old = create_tariff(name="Old", prices=prices, valid_from=NOW, actor=None)
    later = NOW + dt.timedelta(days=1)
    new = create_tariff(name="New", prices=prices, valid_from=later, actor=None)

    kept = owner.post(f"{detail(old)}delete/", follow=True).content.decode()
    owner.post(f"{detail(old)}archive/")
    owner.post(f"{detail(new)}delete/")

    old.refresh_from_db()
    assert "Archive it instead" in kept
    assert old.is_archived
    assert not Tariff.objects.filter(name="New").exists()
    assert "Old" not in owner.get("/tariffs/").content.decode().split("<main")[1]
    assert "Old" in owner.get("/tariffs/?state=archived").content.decode()


def test_an_archived_tariff_can_be_used_again(world, owner):
    old = create_tariff(name="Old", prices=Prices(price_per_kwh=D(1)), valid_from=NOW, actor=None)
    archive_tariff(tariff_id=old.pk, now=timezone.now(), actor=None)

    owner.post(f"{detail(old)}restore/")

    old.refresh_from_db()
    assert not old.is_archived


def test_a_new_name_must_be_free(world, owner):
    create_tariff(name="Shop", prices=Prices(price_per_kwh=D(1)), valid_from=NOW, actor=None)

    taken = owner.post(f"{detail(world.tariff)}rename/", {"name": "Shop"})
    owner.post(f"{detail(world.tariff)}rename/", {"name": "Homes"})

    world.tariff.refresh_from_db()
    assert taken.status_code == 422
    assert world.tariff.name == "Homes"


def test_whoever_may_only_look_sees_prices_and_no_buttons(world, clerk):
    page = clerk.get(detail(world.tariff)).content.decode()

    assert "TZS\xa0400" in page
    assert "New prices" not in page
    assert clerk.get(f"{detail(world.tariff)}change/").status_code == 403
    assert clerk.post(f"{detail(world.tariff)}archive/").status_code == 403


def test_the_list_takes_the_same_queries_for_many(world, owner, django_assert_max_num_queries):
    for number in range(12):
        create_tariff(
            name=f"T{number}",
            prices=Prices(price_per_kwh=D(100), components={"Levy": D(1)}),
            valid_from=NOW,
            actor=None,
        )
    owner.get("/tariffs/")

    with django_assert_max_num_queries(14):
        owner.get("/tariffs/")
