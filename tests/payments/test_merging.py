"""Two records of one person become one: what goes over, what the books say, and two people at once."""

import datetime as dt
import functools
from decimal import Decimal as D
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEntry
from appliances.schedule import parse_period
from appliances.services import sell_appliance
from customers import merging
from customers.models import Customer
from customers.records import Address, Answer, Consent, Document, Merge, Question
from desk.customer_statement import customer_statement
from devices.models import Device, Holding
from ledger.models import Account, Posting
from ledger.selectors import balance
from payments import services
from payments.books import violations
from payments.models import Correction, Payment
from payments.services import settlement
from reports.books.periods import Span
from tests.conftest import NOW, make_user, make_world
from tests.line import airtel_xml, work_all
from tests.payments.refunds import ask_refund
from tests.payments.test_credit import unmatched
from tests.threads import at_once
from vending.models import TokenOrder

ZONE = "Africa/Dar_es_Salaam"


def second_record(world):
    """Neema was registered again, under another phone, with a meter of her own."""
    twin = Customer.objects.create(
        first_name="Nema", last_name="Bahatti", phone="+255754123457", village=world.village
    )
    world.twin = twin
    world.twins_meter = Device.objects.create(
        kind="meter",
        manufacturer="demo_meter",
        serial="47000100022",
        customer=twin,
        village=world.village,
        tariff=world.tariff,
        assigned_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
    )
    return twin


@pytest.fixture
def twin(world):
    return second_record(world)


def merge(world, actor, **changes):
    ids = {"merged_id": world.twin.pk, "into_id": world.neema.pk}
    return services.merge_customers(
        **{**ids, "reason": "One person", "now": NOW, **changes}, actor=actor
    )


def sell(company, customer, price):
    return sell_appliance(
        company=company, customer_id=customer.pk, appliance="Television", price=D(price),
        down_payment=D(0), instalments=2, every=parse_period("30d"), first_due=dt.date(2026, 1, 1),
        sold_at=NOW, actor=None,
    )  # fmt: skip


def closing(customer):
    return customer_statement(
        customer, Span(None, dt.date(2100, 1, 1), ZONE), language="en"
    ).closing


def keep(world, actor, customer, amount):
    payment = unmatched(world, amount)
    services.keep_as_credit(
        payment_id=payment.pk, customer_id=customer.pk, reason="She called", actor=actor
    )
    return payment


def test_everything_follows_the_person(world, twin, jua, amina, pay):
    plan = sell(jua, twin, 3000)
    paid = pay("5000", account=world.twins_meter.serial)
    kept = keep(world, amina, twin, "700")
    before = closing(world.neema) + closing(twin)

    row = merge(world, amina)

    for thing in (plan, paid, kept, world.twins_meter):
        thing.refresh_from_db()
        assert thing.customer == world.neema
    assert TokenOrder.objects.get().customer_id == world.neema.pk
    assert balance(Account.CUSTOMER_CREDIT, twin.pk) == 0
    assert balance(Account.CUSTOMER_CREDIT, world.neema.pk) == D(700)
    assert closing(world.neema) == before
    assert set(row.moved["payments"]) == {paid.pk, kept.pk}
    assert violations() == []


def test_the_posting_moves_credit_and_nothing_else(world, twin, amina):
    keep(world, amina, twin, "700")
    merge(world, amina)
    posting = Posting.objects.get(event="merged")
    assert {(e.account, e.subject_id, e.amount) for e in posting.entries.all()} == {
        ("customer_credit", twin.pk, D(700)),
        ("customer_credit", world.neema.pk, D(-700)),
    }


def test_what_the_statement_said_before_it_says_still(world, twin, amina, pay):
    pay("4999", account=world.twins_meter.serial)
    pay("4321")
    span = Span(dt.date(2026, 1, 1), dt.date(2100, 1, 1), ZONE)

    def told(*records):
        found = [customer_statement(each, span, language="en").lines for each in records]
        return sorted((line.at, str(line.what), line.change) for lines in found for line in lines)

    before = told(world.neema, twin)
    merge(world, amina, now=timezone.now())
    assert told(Customer.objects.get(pk=world.neema.pk)) == before


def test_the_merged_record_is_archived_and_leads_on_and_so_does_what_led_to_it(world, twin, amina):
    third = Customer.objects.create(first_name="N", phone="+255754123458", village=world.village)
    merge(world, amina, merged_id=third.pk, into_id=twin.pk)
    merge(world, amina)

    for record in (twin, third):
        record.refresh_from_db()
        assert record.is_archived
        assert record.merged_into == world.neema
    assert Holding.objects.filter(customer=twin).count() == 0


def test_what_is_kept_about_her_goes_over_but_nothing_twice(world, twin, amina):
    question, other = (Question.objects.create(text=t, position=1) for t in ("Rooms?", "Light?"))
    said = {"answered_at": NOW, "answered_by": "Asha"}
    Answer.objects.create(customer=world.neema, question=question, text="Three", **said)
    Answer.objects.create(customer=twin, question=question, text="Four", **said)
    Answer.objects.create(customer=twin, question=other, text="Lamp", **said)
    up = {"type": "pdf", "size_bytes": 1, "uploaded_at": NOW, "uploaded_by": "Asha", "kind": "x"}
    for customer, digests in ((world.neema, "a"), (twin, "ab")):
        for digest in digests:
            Document.objects.create(customer=customer, name=f"{digest}.pdf", digest=digest, **up)
    given = {"given_date": NOW.date(), "how": "paper", "recorded_at": NOW, "recorded_by": "Asha"}
    Consent.objects.create(customer=world.neema, purpose="offers", **given)
    Consent.objects.create(customer=twin, purpose="offers", **given)
    Consent.objects.create(customer=twin, purpose="sharing", **given)
    Customer.objects.filter(pk=twin.pk).update(street="By the jetty", gender="female")

    merge(world, amina)

    neema = Customer.objects.get(pk=world.neema.pk)
    assert {each.text for each in neema.answers.all()} == {"Three", "Lamp"}
    assert {each.digest for each in neema.documents.all()} == {"a", "b"}
    assert {each.purpose for each in neema.consents.all()} == {"offers", "sharing"}
    assert neema.gender == "female"
    address = Address.objects.get(customer=neema)
    assert (address.street, address.phone) == ("By the jetty", twin.phone)


def test_it_is_written_down_at_both_records_with_the_reason(world, twin, amina):
    merge(world, amina)
    entries = AuditEntry.objects.filter(action="customer.merged")
    assert {each.target for each in entries} == {str(twin.public_id), str(world.neema.public_id)}
    assert {each.facts["reason"] for each in entries} == {"One person"}
    assert Merge.objects.get().merged_by == str(amina)


def refuse(world, amina, error, **changes):
    before = {p: p.customer_id for p in Device.objects.all()}
    with pytest.raises(error):
        merge(world, amina, **changes)
    assert {p: p.customer_id for p in Device.objects.all()} == before
    assert not Posting.objects.filter(event="merged").exists()


def test_a_record_cannot_go_into_itself_an_archived_one_or_a_merged_one(world, twin, amina):
    refuse(world, amina, merging.SameRecord, into_id=twin.pk)
    Customer.objects.filter(pk=world.neema.pk).update(archived_at=NOW)
    refuse(world, amina, merging.StaysArchived)
    Customer.objects.filter(pk=world.neema.pk).update(archived_at=None)
    merge(world, amina)
    with pytest.raises(merging.IsMerged):
        merge(world, amina)


def test_a_refund_that_waits_for_approval_is_decided_first(world, twin, amina, jua):
    jua.approval_limit = D(10)
    jua.save()
    keep(world, amina, twin, "700")
    services.ask_refund(
        pot=Correction.Pot.CUSTOMER, customer_id=twin.pk, amount=D(500),
        pay_by=Correction.PayBy.HAND, reason="x", actor=amina, now=NOW,
    )  # fmt: skip
    refuse(world, amina, services.RefundIsAsked)


def test_money_of_before_can_be_given_back_after(world, twin, amina, asha, pay):
    payment = pay("4999", account=world.twins_meter.serial)
    kept = keep(world, amina, twin, "700")
    merge(world, amina, now=timezone.now())

    ask_refund(amina, Payment.objects.get(pk=payment.pk), 39)
    services.ask_reversal(
        payment_id=kept.pk, as_loss=False, reason="x", actor=amina, now=timezone.now()
    )

    assert balance(Account.CUSTOMER_CREDIT, world.neema.pk) == 0
    assert balance(Account.CUSTOMER_CREDIT, twin.pk) == 0
    assert violations() == []


def test_a_payment_that_was_booked_for_the_merged_record_is_settled_where_it_leads(
    world, twin, jua, amina, airtel, work
):
    airtel(amount="5000", account=world.twins_meter.serial)
    merge(world, amina)
    # As if it had been booked by somebody who read the device a moment before the merge.
    Payment.objects.update(customer=twin)

    work()

    payment = Payment.objects.get()
    assert payment.state == Payment.State.SETTLED
    assert payment.customer == world.neema
    assert violations() == []


# --- whatever happened before ---

amounts = st.sampled_from([D(1), D(390), D(4999), D(5000), D(12345)])
steps = st.lists(
    st.tuples(
        st.sampled_from(["pay", "keep", "sell", "refund", "archive"]), st.booleans(), amounts
    ),
    max_size=6,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=steps, after=steps)
def test_whatever_happened_a_merge_keeps_the_books_and_the_persons_balance(jua, before, after):
    with transaction.atomic():
        world, amina = make_world(), make_user("owner", "Amina", "amina@merge.example")
        twin = second_record(world)
        for number, step in enumerate(before):
            happen(jua, world, amina, step, f"B{number}", both=True)
        total = closing(world.neema) + closing(twin)

        Customer.objects.filter(pk=world.neema.pk).update(archived_at=None)
        merge(world, amina, now=timezone.now())

        world.neema.refresh_from_db()
        assert closing(world.neema) == total
        assert violations() == []
        for account in (Account.CUSTOMER_CREDIT, Account.CUSTOMER_RECEIVABLE):
            assert balance(account, twin.pk) == 0
        for number, step in enumerate(after):
            happen(jua, world, amina, step, f"A{number}", both=False)
            assert violations() == []
        transaction.set_rollback(True)


def happen(company, world, amina, step, reference, *, both):
    """Let one thing happen to one of the two records; to the one that is left after they became one."""
    what, is_twin, amount = step
    person = world.twin if is_twin and both else world.neema
    meter = world.twins_meter if is_twin else world.meter
    person.refresh_from_db()
    if what == "archive":
        if both:
            Customer.objects.filter(pk=person.pk).update(archived_at=NOW)
        return
    if what == "pay":
        body = airtel_xml(reference=reference, amount=str(amount), account=meter.serial)
        door = f"/webhooks/airtel/{world.airtel.webhook_key}/process"
        client = Client(headers={"host": "jua.localhost"})
        client.post(door, body, content_type="application/xml")
        connection.set_tenant(company)
        work_all()
    elif person.is_archived:
        return
    elif what == "keep":
        kept = Payment.objects.filter(reference=f"LOST-{amount}").exists()
        if not kept:
            keep(world, amina, person, str(amount))
    elif what == "sell":
        sell(company, person, max(amount, D(100)))
    else:
        held = balance(Account.CUSTOMER_CREDIT, person.pk)
        if held:
            services.ask_refund(
                pot=Correction.Pot.CUSTOMER, customer_id=person.pk, amount=min(held, amount),
                pay_by=Correction.PayBy.HAND, reason="x", actor=amina, now=timezone.now(),
            )  # fmt: skip


# --- at once ---


@pytest.fixture
def own(fresh_company) -> SimpleNamespace:
    second_record(fresh_company)
    fresh_company.amina = make_user("owner", "Amina", "amina@own.example")
    return fresh_company


def test_two_people_who_merge_both_ways_at_once_leave_one_record(own):
    both = [
        functools.partial(merge, own, own.amina),
        functools.partial(merge, own, own.amina, merged_id=own.neema.pk, into_id=own.twin.pk),
    ]
    results = at_once(own.company.slug, *both)

    assert sum(isinstance(each, Merge) for each in results) == 1
    assert sum(isinstance(each, merging.IsMerged) for each in results) == 1
    assert Customer.objects.filter(merged_into=None).count() == 1


def test_a_merge_and_a_payment_at_once_end_at_one_person(own):
    sell(own.company, own.twin, 6000)
    body = airtel_xml(reference="AT1", amount="5000", account=own.twins_meter.serial)
    door = f"/webhooks/airtel/{own.airtel.webhook_key}/process"
    host = f"{own.company.slug}.localhost"
    assert (
        Client(headers={"host": host}).post(door, body, content_type="application/xml").status_code
        == 200
    )
    connection.set_tenant(own.company)
    Payment.objects.update(available_at=NOW)
    payment = Payment.objects.get()

    at_once(
        own.company.slug,
        functools.partial(merge, own, own.amina),
        functools.partial(settlement.settle_payment, company=own.company, payment_id=payment.pk),
    )

    payment.refresh_from_db()
    assert (payment.state, payment.customer) == (Payment.State.SETTLED, own.neema)
    assert violations() == []
