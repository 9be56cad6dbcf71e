"""A customer's statement and history."""

import csv
import datetime as dt
import io
import uuid
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from customers import services
from desk.customer_statement import customer_statement
from ledger.models import Account, Event
from ledger.services import Movement, credit, debit, post
from payments import services as payments
from payments.models import Correction
from reports.books.periods import Span
from tests.desk.test_customers import add_plan

ZONE = "Africa/Dar_es_Salaam"


def statement(world, first=None, last=None):
    today = timezone.now().date() + dt.timedelta(days=1)
    span = Span(first or today - dt.timedelta(days=9), last or today, ZONE)
    return customer_statement(world.neema, span, language="en")


def sell(world, amount, *, at):
    plan = add_plan(world, costs=(amount,))
    lines = [
        debit(Account.PLAN_RECEIVABLE, Decimal(amount), plan.pk),
        credit(Account.APPLIANCE_REVENUE, Decimal(amount)),
    ]
    post(Movement(Event.SOLD, "plan", plan.pk, lines), occurred_at=at)
    return plan


def told(found):
    return [(str(line.what), line.change) for line in found.lines]


def test_a_payment_and_what_it_bought_are_a_line_each(world, pay):
    pay("4999")

    found = statement(world)

    assert told(found) == [("Payment", 4999), ("Bought", -4960)]
    assert found.lines[1].note == "12.4\u00a0kWh"
    assert (found.opening, found.closing) == (0, 39)
    assert (found.came, found.went) == (4999, 4960)


def test_debts_count_down_and_the_opening_holds_what_was_before(world, pay):
    long_ago = timezone.now() - dt.timedelta(days=60)
    sell(world, 6000, at=long_ago)

    found = statement(world)

    assert (found.opening, found.closing, found.lines) == (-6000, -6000, [])
    everything = statement(world, first=long_ago.date() - dt.timedelta(days=1))
    assert told(everything) == [("Sold on instalments", -6000)]


def test_credit_that_only_changes_its_place_is_no_line(world, pay, amina):
    pay("4999")
    lines = [
        debit(Account.DEVICE_CREDIT, Decimal(39), world.meter.pk),
        credit(Account.CUSTOMER_CREDIT, Decimal(39), world.neema.pk),
    ]
    movement = Movement(Event.CREDIT_MOVED, "customer", world.neema.pk, lines)
    post(movement, occurred_at=timezone.now())
    assert told(statement(world)) == [("Payment", 4999), ("Bought", -4960)]


def test_a_refund_takes_the_credit_down(world, pay, amina):
    payment = pay("4999")
    payments.ask_refund(
        pot=Correction.Pot.DEVICE,
        payment_id=payment.pk,
        amount=Decimal(30),
        pay_by=Correction.PayBy.HAND,
        reason="moved away",
        actor=amina,
        now=timezone.now(),
    )
    assert told(statement(world))[-1] == ("Refunded", -30)
    assert statement(world).closing == 9


def test_the_closing_of_today_is_what_the_page_says(clerk, world, pay):
    sell(world, 6000, at=timezone.now())
    pay("4999")
    page = clerk.get(reverse("desk:customer", args=[world.neema.public_id])).context["page"]
    assert statement(world).closing == page.credit - page.owes


def test_somebody_elses_money_is_not_in_it(world, pay):
    other = services.register_customer(
        first_name="Asha", last_name="", phone="+255754000009", village=world.village, actor=None
    )
    pay("4999")
    world.neema = other
    assert statement(world).lines == []


def test_the_page_and_the_file_say_the_same(accountant, clerk, world, pay):
    pay("4999")
    url = reverse("desk:customer-statement", args=[world.neema.public_id])
    text = clerk.get(url).content.decode()
    assert "Opening balance" in text
    assert "4,960" in text

    response = accountant.get(f"{url}export/", {"format": "csv"})

    rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert [row[1] for row in rows[1:]] == [
        "Opening balance", "Payment", "Bought", "Closing balance",
    ]  # fmt: skip
    assert [row[6] for row in rows[1:]] == ["0", "4999", "39", "39"]
    assert AuditEntry.objects.filter(action="customer.statement_exported").count() == 1
    assert clerk.get(f"{url}export/", {"format": "csv"}).status_code == 403


@pytest.mark.parametrize(
    "asked",
    [{"since": "x"}, {"since": "0001-01-01"}, {"until": "1999-01-01"}, {"since": "9999-12-31"}],
)
def test_nonsense_in_the_period_never_breaks_the_page(clerk, world, asked):
    url = reverse("desk:customer-statement", args=[world.neema.public_id])
    assert clerk.get(url, asked).status_code == 200


def test_the_statement_asks_the_same_however_much_happened(
    clerk, world, pay, django_assert_max_num_queries
):
    url = reverse("desk:customer-statement", args=[world.neema.public_id])
    pay("4999")
    clerk.get(url)
    with django_assert_max_num_queries(25) as few:
        clerk.get(url)
    count = len(few)
    for _ in range(4):
        pay("4999")
    with django_assert_max_num_queries(count):
        clerk.get(url)


# --- history ---


def history(client, world):
    return client.get(reverse("desk:customer-history", args=[world.neema.public_id]))


def test_the_history_says_who_changed_what_from_what(clerk, world, amina):
    assert "Nothing yet" in history(clerk, world).content.decode()
    services.change_customer(
        customer_id=world.neema.pk,
        changes={"last_name": "<b>Mwinyi</b>"},
        phone="+255754999999",
        reason="Lost the SIM",
        actor=amina,
    )
    response = history(clerk, world)
    first, second = response.context["rows"]
    assert [(str(f.label), f.before, f.value) for f in second.facts] == [
        ("Last name", "Bahati", "<b>Mwinyi</b>")
    ]
    assert (first.facts[0].before, first.facts[0].value) == ("+255754123456", "+255754999999")
    text = response.content.decode()
    assert "Amina Said" in text
    assert "“Lost the SIM”" in text
    assert "<b>Mwinyi" not in text


def test_words_of_the_code_are_said_as_people_read_them(clerk, world, amina):
    services.change_customer(customer_id=world.neema.pk, changes={"gender": "female"}, actor=amina)
    (row,) = history(clerk, world).context["rows"]
    assert (row.facts[0].before, row.facts[0].value) == ("", "Female")


def test_sms_to_the_phone_of_before_stay_on_the_page(clerk, world, pay, amina):
    pay("5000")
    services.change_phone(
        customer_id=world.neema.pk, phone="+255754999999", reason="Lost", actor=amina
    )
    page = clerk.get(reverse("desk:customer", args=[world.neema.public_id])).context["page"]
    assert len(page.said) == 1


@pytest.mark.parametrize(("goes", "old", "new"), [("along", 0, 39), ("stays", 39, 0)])
def test_a_device_takes_its_credit_along_or_leaves_it(world, pay, amina, goes, old, new):
    other = services.register_customer(
        first_name="Asha", last_name="", phone="+255754000009", village=world.village, actor=None
    )
    pay("4999")
    payments.move_device(
        device_id=world.meter.pk,
        owner_id=world.neema.pk,
        customer_id=other.pk,
        village_id=world.village.pk,
        choice=payments.Choice(credit=payments.Goes(goes)),
        reason="Sold her house",
        actor=amina,
        key=uuid.uuid4(),
        now=timezone.now(),
    )
    before = statement(world)
    assert before.closing == old
    assert told(before)[:2] == [("Payment", 4999), ("Bought", -4960)]
    world.neema = other
    assert statement(world).closing == new
    pay("4961")
    assert statement(world).closing == new + 4961 - (5000 if new else 4960)
