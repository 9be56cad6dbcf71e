"""The list of customers, the page of one, and the file."""

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from appliances.models import Appliance, Instalment, Plan
from customers.models import ConnectionType, Customer
from devices.models import AccessFee, Device
from locations.models import Village
from messaging.models import IncomingMessage

LIST = "desk:customer-list"
LONG = "Mwanahawa Abdulrahman Kitwana"


def add_customer(world, number, **fields):
    given = {"first_name": f"Asha{number}", "last_name": "Juma", "phone": f"+25575500{number:04d}"}
    return Customer.objects.create(**{"village": world.village, **given, **fields})


def add_many(world, count):
    for number in range(count):
        customer = add_customer(world, number)
        device = Device.objects.create(
            kind="meter",
            manufacturer="demo_meter",
            serial=f"5500{number:05d}",
            customer=customer,
            village=world.village,
            tariff=world.tariff,
            assigned_at=timezone.now(),
        )
        AccessFee.objects.create(device=device, due_date=dt.date(2026, 11, 1), amount=Decimal(1000))


def add_plan(world, *, costs=(3500, 3500), paid=0, due=dt.date(2026, 12, 1)):
    plan = Plan.objects.create(
        customer=world.neema,
        appliance=Appliance.objects.create(name="Fan"),
        price=Decimal(sum(costs)),
        sold_at=timezone.now(),
    )
    for number, cost in enumerate(costs, start=1):
        Instalment.objects.create(
            plan=plan,
            number=number,
            due_date=due + dt.timedelta(days=30 * number),
            cost=Decimal(cost),
            paid=Decimal(cost) if number <= paid else Decimal(0),
            days=0,
        )
    return plan


def names(response):
    return [str(row.customer) for row in response.context["rows"]]


def found(client, **params):
    response = client.get(reverse(LIST), params)
    assert response.status_code == 200
    return response


def test_an_empty_list_says_how_customers_come_about(clerk, jua):
    assert "No customers yet" in found(clerk).content.decode()


@pytest.mark.parametrize(
    "text",
    [
        "neema",
        "Bahati Nee",
        "+255754123456",
        "0754 123 456",
        "255754123456",
        "754-123-456",
        "47000100011",
        "4700 0100 011",
    ],
)
def test_a_customer_is_found_by_name_phone_in_any_spelling_or_device(clerk, world, text):
    add_customer(world, 1)
    assert names(found(clerk, q=text)) == ["Neema Bahati"]


@pytest.mark.parametrize("text", ["zzz", "1", "%", "' OR 1=1 --", "\x00", "٣٤", "-" * 300])
def test_what_matches_nobody_or_is_nonsense_never_breaks_the_page(clerk, world, text):
    found(clerk, q=text)


def test_what_was_not_found_offers_all_customers(clerk, world):
    text = found(clerk, q="zzz").content.decode()
    assert "No customer matches" in text
    assert "“zzz”" in text


def test_filters_stand_in_the_address_and_can_be_taken_off(clerk, world):
    other = Village.objects.create(mini_grid=world.mini_grid, name="Bukiko")
    school = ConnectionType.objects.create(name="School")
    add_customer(world, 1, village=other)
    add_customer(world, 2, connection_type=school)
    assert names(found(clerk, village=other.public_id)) == ["Asha1 Juma"]
    response = found(clerk, kind=school.pk, sort="newest")
    assert names(response) == ["Asha2 Juma"]
    assert response.context["chips"] == [("Kind of use: School", "?sort=newest")]


@pytest.mark.parametrize("params", [{"village": "x"}, {"sort": "x"}, {"kind": "9"}, {"after": "x"}])
def test_nonsense_in_a_filter_is_as_if_it_was_not_asked(clerk, world, params):
    assert names(found(clerk, **params)) == ["Neema Bahati"]


def test_archived_customers_are_asked_for(clerk, world):
    add_customer(world, 1, archived_at=timezone.now())
    assert names(found(clerk)) == ["Neema Bahati"]
    assert names(found(clerk, state="archived")) == ["Asha1 Juma"]


def test_the_list_can_be_sorted(clerk, world):
    add_customer(world, 1, last_name="Aaa")
    assert names(found(clerk, sort="name")) == ["Asha1 Aaa", "Neema Bahati"]
    add_customer(world, 2, last_name="Zzz")
    assert names(found(clerk, sort="newest"))[0] == "Asha2 Zzz"


def test_fifty_stand_on_a_page_and_the_rest_one_link_away(clerk, world):
    add_many(world, 60)
    response = found(clerk)
    assert len(response.context["rows"]) == 50
    text = response.content.decode()
    assert "1 to 50 of 61" in text
    assert 'href="?after=50"' in text
    assert len(found(clerk, after="50").context["rows"]) == 11


def test_what_somebody_owes_is_instalments_and_fees_together(clerk, world):
    add_plan(world, costs=(3500, 3500), paid=1)
    AccessFee.objects.create(
        device=world.meter, due_date=dt.date(2026, 11, 1), amount=Decimal(1000), paid=Decimal(400)
    )
    (row,) = found(clerk).context["rows"]
    assert row.owes == Decimal(4100)


def test_the_list_asks_the_same_however_many_customers_there_are(
    clerk, world, django_assert_max_num_queries
):
    add_many(world, 2)
    found(clerk)
    with django_assert_max_num_queries(25) as few:
        found(clerk)
    count = len(few)
    Customer.objects.filter(first_name__startswith="Asha").update(first_name="Old")
    for number in range(100, 140):
        add_customer(world, number)
    with django_assert_max_num_queries(count):
        found(clerk)


# --- the page of one customer ---


def detail(client, customer):
    response = client.get(reverse("desk:customer", args=[customer.public_id]))
    assert response.status_code == 200
    return response


def test_a_customer_without_anything_is_said_in_words(clerk, world):
    lonely = add_customer(world, 1, first_name="", last_name="")
    text = detail(clerk, lonely).content.decode()
    assert "No payments yet" in text
    assert "No SMS yet" in text
    assert "everything is paid" in text


def test_the_page_tells_what_is_owed_kept_paid_and_bought(clerk, world, pay):
    add_plan(world)
    pay("4999")
    response = detail(clerk, world.neema)
    page = response.context["page"]
    assert page.owes == Decimal(7000)
    assert page.credit == Decimal(39)
    assert page.this_month.total == Decimal(4999)
    assert page.last_order.quantity == Decimal("12.4")
    (row,) = page.payments
    assert row.bought == "12.4\u00a0kWh"
    assert row.beside == "39 kept as credit"
    text = response.content.decode()
    assert "2 instalments, next" in text
    assert "39 kept as credit" in text


def test_debts_that_were_cleared_stand_beside_what_was_bought(clerk, world, pay):
    add_plan(world, costs=(3000,), due=dt.date(2026, 1, 1))
    pay("5000")
    (row,) = detail(clerk, world.neema).context["page"].payments
    assert row.bought == "5.0\u00a0kWh"
    assert row.beside == "Fan 3,000"


def test_messages_of_both_sides_stand_in_their_order(clerk, world, pay):
    pay("5000")
    IncomingMessage.objects.create(
        connection=world.console,
        gateway_id="1",
        phone=world.neema.phone,
        text="Nimelipa <b>lakini</b>",
        trust="signed",
    )
    response = detail(clerk, world.neema)
    assert [said.is_theirs for said in response.context["page"].said] == [False, True]
    assert "<b>lakini</b>" not in response.content.decode()


def test_the_page_asks_the_same_however_many_payments_there_are(
    clerk, world, pay, django_assert_max_num_queries
):
    pay("5000")
    detail(clerk, world.neema)
    with django_assert_max_num_queries(45) as few:
        detail(clerk, world.neema)
    count = len(few)
    for _ in range(5):
        pay("5000")
    with django_assert_max_num_queries(count):
        detail(clerk, world.neema)


def test_an_archived_customer_is_shown_with_what_that_means(clerk, world):
    world.neema.archived_at = timezone.now()
    world.neema.save()
    assert "Payments for this customer's devices are refused" in detail(
        clerk, world.neema
    ).content.decode().replace("&#x27;", "'")


# --- the file ---


def test_the_file_holds_what_the_filter_shows_and_no_formula(accountant, world, asha):
    add_customer(world, 1, first_name="=1+1", last_name="")
    response = accountant.get(reverse("desk:customer-export"), {"q": "=1+1", "format": "csv"})
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    heading, row = list(csv.reader(io.StringIO(body)))
    assert heading[0] == "First name"
    assert row[0] == "'=1+1"
    assert AuditEntry.objects.filter(action="customers.exported", actor=asha).exists()


def test_all_rows_are_in_the_file_with_few_queries(
    accountant, world, django_assert_max_num_queries
):
    add_many(world, 120)
    with django_assert_max_num_queries(20):
        response = accountant.get(reverse("desk:customer-export"), {"format": "csv"})
        body = b"".join(response.streaming_content)
    assert body.count(b"\r\n") == 1 + 121


def test_a_clerk_may_look_but_not_take_the_list_home(clerk, world):
    assert clerk.get(reverse("desk:customer-export")).status_code == 403
    assert "CSV" not in found(clerk).content.decode()


def test_another_format_is_not_there(accountant, world):
    assert accountant.get(reverse("desk:customer-export"), {"format": "pdf"}).status_code == 404
