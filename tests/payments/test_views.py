"""The list of payments, through its address."""

import datetime as dt
import io
import itertools
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from customers.models import Customer
from devices.models import Device
from payments import selectors
from payments.models import Conflict, Payment
from plugins.models import Connection
from tests.conftest import client_for, make_user, make_world
from tests.payments.makers import answering, silent, use_calin
from vending.models import TokenOrder

numbers = itertools.count(1)


@pytest.fixture
def other_meter(world):
    juma = Customer.objects.create(
        first_name="Rehema", last_name="Juma", phone="+255786400512", village=world.village
    )
    return Device.objects.create(
        kind="meter", manufacturer="demo_meter", serial="47000100077", customer=juma,
        village=world.village, tariff=world.tariff, assigned_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
    )  # fmt: skip


def booked(world, *, at, amount="1000", state="settled", device=None, **more):
    device = device or world.meter
    return Payment.objects.create(
        connection=more.pop("connection", world.airtel),
        reference=f"R{next(numbers):06d}",
        amount=Decimal(amount),
        account=device.serial,
        device=device,
        customer=device.customer,
        state=state,
        booked_at=at,
        **more,
    )


def rows(response):
    return [row.payment for day in response.context["page"].days for row in day.rows]


def test_a_company_without_payments_reads_how_they_come(world, owner):
    page = owner.get("/payments/")

    assert page.status_code == 200
    assert "No payments yet" in page.content.decode()


def test_what_went_through_is_said_in_a_bare_badge_and_four_bars(world, owner, pay):
    payment = pay("5000")

    page = owner.get("/payments/")

    assert rows(page) == [payment]
    text = page.content.decode()
    assert text.count('<i class="good"></i>') == 4
    assert 'class="state good bare"' in text
    assert "SMS delivered" in text
    assert "Neema Bahati" in text
    assert f"/payments/{payment.public_id}/" in text


def test_each_state_shows_as_the_furthest_that_is_not_done(world, owner, airtel, work):
    use_calin(world.meter)
    airtel(amount="5000", reference="DOUBT")
    with silent():
        work()
    airtel(amount="5000", reference="REFUSED")
    with answering(code=1, reason="Device not found"):
        work()
    airtel(amount="5000", reference="WAITS")
    airtel(amount="5000", reference="LOST", account="999")

    page = owner.get("/payments/")

    badges = {
        row.payment.reference: (str(row.standing.badge.label), [str(t) for t in row.standing.track])
        for day in page.context["page"].days
        for row in day.rows
    }
    assert badges == {
        "DOUBT": ("Token in doubt", ["good", "good", "doubt", ""]),
        "REFUSED": ("Token refused", ["good", "good", "bad", ""]),
        "WAITS": ("Received", ["busy", "", "", ""]),
        "LOST": ("Returned", ["quiet"] * 4),
    }


@pytest.mark.parametrize(
    "typed",
    [
        "neema",
        "Bahati Neema",
        "0754 123 456",
        "+255754123456",
        "754-123-456",
        "47000100011",
        "4700010001",
    ],
)
def test_a_payment_is_found_by_name_phone_or_device(world, owner, pay, other_meter, typed):
    wanted = pay("5000")
    pay("1000", account="47000100077", phone="786400512", CUSTOMERNAME="Rehema")

    page = owner.get("/payments/", {"q": typed})

    assert rows(page) == [wanted]


def test_a_receipt_opens_its_payment_at_once(world, owner, pay):
    payment = pay("5000", reference="AT26NOV")

    page = owner.get("/payments/", {"q": " at26nov "})

    assert page.status_code == 302
    assert page.url == f"/payments/{payment.public_id}/"


def test_nothing_found_offers_all_months(world, owner, pay):
    pay("5000")

    page = owner.get("/payments/", {"q": "Zawadi", "period": "month"})

    text = page.content.decode()
    assert "Nothing matches “Zawadi”" in text
    assert "period=all" in text


def test_filters_narrow_and_show_as_chips(world, owner, airtel, work, pay):
    done = pay("5000")
    airtel(amount="5000", account="999")

    needing = owner.get("/payments/", {"state": "needs"})
    undone = owner.get("/payments/", {"state": "undone"})
    finished = owner.get("/payments/", {"state": "done"})
    elsewhere = owner.get("/payments/", {"via": "airtel", "state": "done"})

    assert rows(needing) == []
    assert [p.state for p in rows(undone)] == ["returned"]
    assert rows(finished) == rows(elsewhere) == [done]
    assert "State: Done" in finished.content.decode()


def test_a_conflict_and_a_failed_sms_need_a_person(world, owner, airtel, pay):
    conflicting = pay("5000", reference="AT1")
    airtel(amount="8000", reference="AT1")
    calm = pay("1000")

    page = owner.get("/payments/", {"state": "needs"})

    assert Conflict.objects.count() == 1
    assert rows(page) == [conflicting]
    assert "Conflict" in page.content.decode()
    assert calm not in rows(page)


def test_days_carry_their_count_and_sum_in_the_companys_time_zone(world, owner):
    # 22:30 UTC is the next day in Dar es Salaam.
    booked(world, at=dt.datetime(2026, 3, 3, 20, 30, tzinfo=dt.UTC), amount="1000")
    booked(world, at=dt.datetime(2026, 3, 3, 22, 30, tzinfo=dt.UTC), amount="2500")
    booked(world, at=dt.datetime(2026, 3, 4, 6, 0, tzinfo=dt.UTC), amount="500", state="refunded")

    page = owner.get("/payments/", {"period": "all"})

    days = [(str(d.date), d.count, d.total) for d in page.context["page"].days]
    assert days == [("2026-03-04", 2, Decimal(2500)), ("2026-03-03", 1, Decimal(1000))]
    assert page.context["page"].total == Decimal(3500)
    assert "one that was given back is not in the sum" in page.content.decode()


def test_chosen_dates_are_whole_days_of_the_company(world, owner):
    inside = booked(world, at=dt.datetime(2026, 3, 3, 21, 0, tzinfo=dt.UTC))
    booked(world, at=dt.datetime(2026, 3, 4, 21, 0, tzinfo=dt.UTC))

    page = owner.get(
        "/payments/", {"period": "dates", "since": "2026-03-04", "until": "2026-03-04"}
    )

    assert rows(page) == [inside]


def test_fifty_to_a_page_and_every_payment_exactly_once(world, owner, monkeypatch):
    monkeypatch.setattr(selectors, "PAGE_SIZE", 3)
    at = dt.datetime(2026, 3, 3, 9, 0, 0, 123456, tzinfo=dt.UTC)
    made = [booked(world, at=at) for _ in range(4)] + [
        booked(world, at=at - dt.timedelta(days=day)) for day in range(1, 4)
    ]

    seen, url = [], "/payments/?period=all"
    while url:
        page = owner.get(url)
        seen += rows(page)
        url = page.context["older_url"] and "/payments/" + page.context["older_url"]

    assert sorted(p.pk for p in seen) == sorted(p.pk for p in made)
    assert [p.pk for p in seen] == [p.pk for p in sorted(seen, key=lambda p: (p.booked_at, p.pk))][
        ::-1
    ]


@pytest.mark.parametrize("junk", ["x", "9" * 40, "1.1_", "99999999999.999999_1", "\x00"])
def test_a_nonsensical_page_or_filter_shows_the_list(world, owner, junk):
    booked(world, at=dt.datetime(2026, 3, 3, tzinfo=dt.UTC))

    page = owner.get(
        "/payments/", {"before": junk, "state": junk, "via": junk, "period": junk, "since": junk}
    )

    assert page.status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_list(world, owner):
    now = dt.datetime.now(dt.UTC)
    booked(world, at=now)
    owner.get("/payments/")  # what this process keeps for some seconds is read
    with CaptureQueriesContext(connection) as few:
        owner.get("/payments/", {"period": "all"})
    for _ in range(30):
        payment = booked(world, at=now)
        TokenOrder.objects.create(
            device=world.meter, source="payment", source_id=payment.pk, quantity=1, unit="kwh",
            state="in_doubt", created_at=now,
        )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        page = owner.get("/payments/", {"period": "all"})

    assert len(rows(page)) == 31
    assert len(many) == len(few) <= 14


def test_the_list_goes_out_as_csv_and_xlsx(world, accountant, pay):
    payment = pay("5000", reference="AT77")

    csv = accountant.get("/payments/export/?format=csv")
    xlsx = accountant.get("/payments/export/?format=xlsx")

    text = b"".join(csv.streaming_content).decode("utf-8-sig")
    assert "AT77" in text
    assert "Neema Bahati" in text
    assert "SMS delivered" in text
    sheet = load_workbook(io.BytesIO(b"".join(xlsx.streaming_content))).active
    assert [cell.value for cell in sheet[2]][1] == payment.amount
    assert sheet.max_row == 2


def test_the_export_keeps_the_filters(world, accountant, pay, airtel):
    pay("5000", reference="AT77")
    airtel(amount="5000", account="999", reference="AT78")

    csv = accountant.get("/payments/export/?format=csv&state=undone")

    text = b"".join(csv.streaming_content).decode()
    assert "AT78" in text
    assert "AT77" not in text


def test_who_may_not_export_gets_403_and_no_link(world, clerk, pay):
    pay("5000")

    assert clerk.get("/payments/export/?format=csv").status_code == 403
    assert "Export" not in clerk.get("/payments/").content.decode()


def test_a_stranger_is_sent_to_the_log_in(world, stranger):
    page = stranger.get("/payments/")

    assert page.status_code == 302
    assert "login" in page.url


def test_two_companies_never_see_each_others_payments(world, owner, pay, taa):
    ours = pay("5000", reference="SAME")
    connection.set_tenant(taa)
    theirs = make_world()
    booked(theirs, at=dt.datetime.now(dt.UTC), amount="777")
    stranger = client_for(make_user("owner", "Baraka", "baraka@taa.example"), "taa.localhost")
    page = stranger.get("/payments/?period=all")
    foreign = stranger.get(f"/payments/{ours.public_id}/")
    connection.set_tenant(type(taa).objects.get(schema_name="jua"))

    assert [p.amount for p in rows(page)] == [Decimal(777)]
    assert foreign.status_code == 404
    assert rows(owner.get("/payments/")) == [ours]
    assert Connection.objects.count() == 3
