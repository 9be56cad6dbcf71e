"""Finding, filtering and sorting customers; the columns somebody chose; typing."""

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from devices.models import AccessFee, Device
from ledger.models import Account, Event
from ledger.services import Movement, credit, debit, post
from locations.models import Cluster, MiniGrid, Village
from payments.models import Payment
from tests.desk.test_customers import add_customer, add_many, add_plan, found, names

URL = "/customers/"


def add_payment(world, customer, *, days_ago, reference):
    at = timezone.now() - dt.timedelta(days=days_ago)
    return Payment.objects.create(
        connection=world.airtel,
        reference=reference,
        amount=Decimal(1000),
        account="x",
        customer=customer,
        state=Payment.State.SETTLED,
        booked_at=at,
    )


@pytest.fixture
def payers(world):
    """Neema paid yesterday, Asha1 50 days ago, Asha2 never."""
    asha1, asha2 = add_customer(world, 1), add_customer(world, 2)
    add_payment(world, asha1, days_ago=50, reference="A")
    add_payment(world, world.neema, days_ago=200, reference="B")
    add_payment(world, world.neema, days_ago=1, reference="C")
    return asha1, asha2


@pytest.mark.parametrize(
    ("asked", "who"),
    [
        ({"paid": "active"}, ["Neema Bahati"]),
        ({"paid": "silent"}, ["Asha1 Juma", "Asha2 Juma"]),
        ({"paid": "never"}, ["Asha2 Juma"]),
        ({"paid": "active", "days": "60"}, ["Asha1 Juma", "Neema Bahati"]),
        ({"paid": "active", "days": "-3"}, ["Neema Bahati"]),
        ({"sort": "paid"}, ["Neema Bahati", "Asha1 Juma", "Asha2 Juma"]),
        ({"sort": "silent"}, ["Asha2 Juma", "Asha1 Juma", "Neema Bahati"]),
    ],
)
def test_who_is_active_is_asked_by_days(clerk, payers, asked, who):
    shown = names(found(clerk, **asked))
    assert shown == who if "sort" in asked else sorted(shown) == who


def test_the_days_that_make_somebody_active_are_said(clerk, payers):
    assert "within the last 25 days" in found(clerk).content.decode()
    assert "within the last 60 days" in found(clerk, days="60").content.decode()


def test_the_last_payment_lies_between_two_days(clerk, payers):
    day = lambda ago: (timezone.now() - dt.timedelta(days=ago)).date().isoformat()  # noqa: E731
    assert names(found(clerk, paid_since=day(60), paid_until=day(40))) == ["Asha1 Juma"]
    # Neema paid 200 days ago too, but that was not her last.
    assert names(found(clerk, paid_until=day(100))) == []
    assert names(found(clerk, paid_since=day(3))) == ["Neema Bahati"]


def owing_customer(world, number):
    customer = add_customer(world, number)
    lines = [debit(Account.CUSTOMER_RECEIVABLE, Decimal(700), customer.pk)]
    lines.append(credit(Account.OPENING_BALANCES, Decimal(700)))
    post(Movement(Event.OPENING, "customer", customer.pk, lines), occurred_at=timezone.now())
    return customer


def test_whoever_owes_anything_is_found_and_the_most_comes_first(clerk, world):
    add_plan(world, costs=(3500,))
    owing_customer(world, 1)
    add_customer(world, 2)
    add_customer(world, 3)
    device = Device.objects.create(
        kind="shs",
        manufacturer="demo_meter",
        serial="S1",
        village=world.village,
        customer=add_customer(world, 4),
        assigned_at=timezone.now(),
    )
    AccessFee.objects.create(device=device, due_date=dt.date(2026, 11, 1), amount=Decimal(900))

    response = found(clerk, owes="yes", sort="owes")

    assert names(response) == ["Neema Bahati", "Asha4 Juma", "Asha1 Juma"]
    assert [row.owes for row in response.context["rows"]] == [3500, 900, 700]
    assert names(found(clerk, owes="no")) == ["Asha2 Juma", "Asha3 Juma"]


def test_place_device_and_day_of_registration_are_filters(clerk, world):
    cluster = Cluster.objects.create(name="Mafia")
    grid = MiniGrid.objects.create(cluster=cluster, name="Jibondo")
    village = Village.objects.create(mini_grid=grid, name="Chole")
    old = add_customer(world, 1, village=village)
    type(old).objects.filter(pk=old.pk).update(created_at=dt.datetime(2025, 3, 4, tzinfo=dt.UTC))

    assert names(found(clerk, grid=grid.public_id)) == ["Asha1 Juma"]
    assert names(found(clerk, cluster=cluster.public_id)) == ["Asha1 Juma"]
    assert names(found(clerk, device="meter")) == ["Neema Bahati"]
    assert names(found(clerk, device="shs")) == []
    response = found(clerk, since="2025-03-04", until="2025-03-04")
    assert names(response) == ["Asha1 Juma"]
    assert ("Registered from: 4 March 2025", "?until=2025-03-04") in response.context["chips"]


@pytest.mark.parametrize("text", ["4700", "470001", "47000100011"])
def test_the_beginning_of_a_serial_finds_its_customer(clerk, world, text):
    add_customer(world, 1)
    assert names(found(clerk, q=text)) == ["Neema Bahati"]


def test_what_is_typed_brings_the_part_below_the_heading_and_a_clean_address(clerk, world):
    add_customer(world, 1)
    response = clerk.get(
        URL, {"q": "neem", "village": "", "paid": ""}, headers={"HX-Request": "true"}
    )
    text = response.content.decode()
    assert text.lstrip().startswith('<div id="customers">')
    assert "Asha1" not in text
    assert '<nav class="side"' not in text
    assert response.headers["HX-Replace-Url"] == "/customers/?q=neem"


def test_a_page_from_the_browsers_history_is_whole(clerk, world):
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in clerk.get(URL, headers=headers).content.decode()


def test_columns_are_chosen_and_remembered(clerk, world):
    first = found(clerk).content.decode()
    assert ">Cluster</th>" not in first

    response = clerk.post(
        reverse("desk:customer-columns"),
        {"columns": ["cluster", "owes"], "back": "?q=neema&sort=newest"},
    )

    assert response.headers["Location"] == "/customers/?q=neema&sort=newest"
    text = found(clerk).content.decode()
    assert ">Cluster</th>" in text
    assert ">Devices</th>" not in text


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil", "?x=1&y=%0d%0aSet-Cookie:1"])
def test_choosing_columns_leads_nowhere_else(clerk, world, back):
    response = clerk.post(reverse("desk:customer-columns"), {"columns": ["nonsense"], "back": back})
    assert response.headers["Location"].startswith("/customers/")
    assert "\n" not in response.headers["Location"]


def test_the_file_follows_every_filter(accountant, payers):
    response = accountant.get(reverse("desk:customer-export"), {"paid": "never", "sort": "owes"})
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    heading, row = list(csv.reader(io.StringIO(body)))
    assert heading[4:6] == ["Mini-grid", "Cluster"]
    assert row[0] == "Asha2"


@pytest.mark.parametrize(
    "asked",
    [{}, {"q": "Asha"}, {"paid": "silent", "sort": "owes", "owes": "yes"}, {"q": "5500"}],
)
def test_no_filter_asks_more_for_more_customers(clerk, world, asked, django_assert_max_num_queries):
    clerk.cookies["customer_columns"] = "cluster.grid.kind.owes.devices"
    add_many(world, 2)
    found(clerk, **asked)
    with django_assert_max_num_queries(25) as few:
        found(clerk, **asked)
    count = len(few)
    add_more = range(100, 130)
    for number in add_more:
        owing_customer(world, number)
    with django_assert_max_num_queries(count):
        found(clerk, **asked)
