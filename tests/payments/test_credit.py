"""Credit of a customer: where it comes from, and that it is spent only by a person's word, once."""

import datetime as dt
from decimal import Decimal as D

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEntry
from appliances.schedule import parse_period
from appliances.services import sell_appliance
from customers.models import Customer
from ledger.models import Account, Event, Posting
from ledger.selectors import balance
from ledger.services import Movement, credit, debit, post
from payments import services
from payments.books import violations
from payments.models import Payment
from tests.conftest import NOW, make_user, make_world


def lines_of(event):
    posting = Posting.objects.get(event=event)
    return {(entry.account, entry.amount) for entry in posting.entries.all()}


def unmatched(world, amount="5000"):
    payment = Payment.objects.create(
        connection=world.airtel, reference=f"LOST-{amount}", amount=D(amount), account="?",
        state="unmatched", booked_at=NOW,
    )  # fmt: skip
    lines = [
        debit(Account.OPERATOR_CLEARING, payment.amount, world.airtel.pk),
        credit(Account.SUSPENSE, payment.amount, payment.pk),
    ]
    post(Movement(Event.BOOKED, "payment", payment.pk, lines), occurred_at=NOW)
    return payment


def keep(world, amina, amount="5000"):
    payment = unmatched(world, amount)
    services.keep_as_credit(
        payment_id=payment.pk, customer_id=world.neema.pk, reason="She called", actor=amina
    )
    return payment


@pytest.fixture
def television(world, jua):
    return sell_appliance(
        company=jua, customer_id=world.neema.pk, appliance="Television", price=D(9000),
        down_payment=D(0), instalments=3, every=parse_period("30d"), first_due=dt.date(2026, 1, 1),
        sold_at=NOW, actor=None,
    )  # fmt: skip


def pay_plan(world, plan, amount, actor):
    return services.pay_plan_from_credit(
        customer_id=world.neema.pk, plan_id=plan.pk, amount=D(amount), reason="She asked",
        actor=actor, now=NOW,
    )  # fmt: skip


def test_kept_money_leaves_suspense_for_the_customer(world, amina):
    keep(world, amina)

    assert lines_of("settled") == {("suspense", D(5000)), ("customer_credit", D(-5000))}
    assert violations() == []


def test_an_archived_customer_keeps_no_money(world, amina):
    Customer.objects.update(archived_at=NOW)
    payment = unmatched(world)

    with pytest.raises(services.CustomerTakesNoMoney):
        services.keep_as_credit(
            payment_id=payment.pk, customer_id=world.neema.pk, reason="x", actor=amina
        )

    payment.refresh_from_db()
    assert payment.state == "unmatched"


def test_moved_credit_is_the_devices(world, amina):
    keep(world, amina)

    left = services.move_credit(
        customer_id=world.neema.pk, device_id=world.meter.pk, amount=D(3000), reason="For the meter",
        actor=amina, now=NOW,
    )  # fmt: skip

    assert left == D(2000)
    assert lines_of("credit_moved") == {("customer_credit", D(3000)), ("device_credit", D(-3000))}
    assert AuditEntry.objects.get(action="credit.moved").facts["reason"] == "For the meter"
    assert violations() == []


def test_a_plan_without_a_device_is_paid_oldest_instalment_first(world, amina, television):
    keep(world, amina)

    pay_plan(world, television, "4000", amina)

    paid = list(television.instalments.order_by("number").values_list("paid", flat=True))
    assert paid == [D(3000), D(1000), D(0)]
    assert lines_of("credit_spent") == {("customer_credit", D(4000)), ("plan_receivable", D(-4000))}
    assert violations() == []


def test_a_plan_takes_no_more_than_it_owes_and_ends_when_it_is_paid(world, amina, television):
    keep(world, amina, "10000")

    with pytest.raises(services.PlanOwesLess):
        pay_plan(world, television, "9000.01", amina)
    pay_plan(world, television, "9000", amina)

    television.refresh_from_db()
    assert television.state == "paid"
    assert balance(Account.CUSTOMER_CREDIT, world.neema.pk) == D(1000)
    with pytest.raises(services.NotTheirs):
        pay_plan(world, television, "1", amina)
    assert violations() == []


def test_a_plan_that_earns_days_is_paid_over_its_device(world, amina, television):
    keep(world, amina)
    television.device = world.meter
    television.save(update_fields=["device"])

    with pytest.raises(services.PlanNeedsItsDevice):
        pay_plan(world, television, "1000", amina)

    assert balance(Account.CUSTOMER_CREDIT, world.neema.pk) == D(5000)


cents = st.integers(min_value=-100, max_value=600_000).map(lambda units: D(units) / 100)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example is rolled back
)
@given(steps=st.lists(st.tuples(st.sampled_from(["device", "plan"]), cents), max_size=5))
def test_whatever_is_asked_credit_is_never_negative_and_the_books_hold(jua, steps):
    with transaction.atomic():
        world, amina = make_world(), make_user("owner", "Amina", "amina@credit.example")
        plan = sell_appliance(
            company=jua, customer_id=world.neema.pk, appliance="Television", price=D(4000),
            down_payment=D(0), instalments=3, every=parse_period("30d"),
            first_due=dt.date(2026, 1, 1), sold_at=NOW, actor=None,
        )  # fmt: skip
        keep(world, amina)
        expected = D(5000)
        for kind, amount in steps:
            try:
                if kind == "plan":
                    pay_plan(world, plan, amount, amina)
                else:
                    services.move_credit(
                        customer_id=world.neema.pk, device_id=world.meter.pk, amount=amount,
                        reason="x", actor=amina, now=NOW,
                    )  # fmt: skip
                expected -= amount
            except (services.NotSoMuchCredit, services.PlanOwesLess, services.NotTheirs):
                pass
        assert balance(Account.CUSTOMER_CREDIT, world.neema.pk) == expected >= 0
        assert violations() == []
        transaction.set_rollback(True)
