"""The books: every row of the posting table, and what the database refuses."""

import datetime as dt
import time
from decimal import Decimal as D
from functools import partial
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from appliances.schedule import parse_period
from appliances.services import sell_appliance
from customers.models import Customer
from devices.fees import accrue
from devices.models import TariffVersion
from ledger.models import Account, Entry, Event, Posting
from ledger.selectors import balance, trial_balance
from ledger.services import Movement, UnbalancedPosting, credit, debit, post
from payments import books, services
from payments.models import Payment
from tests.conftest import NOW
from tests.payments.makers import answering, silent, sunking, use_calin, use_sunking
from tests.payments.refunds import ask_refund
from vending.models import TokenOrder
from vending.services import NewOrder, issue, place_order


def lines_of(event):
    """The lines of the only posting of this event, debits positive."""
    posting = Posting.objects.get(event=event)
    return {(entry.account, entry.amount) for entry in posting.entries.all()}


def booked(amount="5000"):
    return Movement(
        Event.BOOKED,
        "payment",
        1,
        [debit(Account.OPERATOR_CLEARING, D(amount), 1), credit(Account.SUSPENSE, D(amount), 1)],
    )


# --- the posting table ---------------------------------------------------------------------------------


def test_a_booked_payment_waits_in_suspense(world, airtel):
    airtel(amount="5000")

    assert lines_of("booked") == {("operator_clearing", D(5000)), ("suspense", D(-5000))}


def test_a_settled_payment_pays_debts_and_the_rest_is_credit_that_is_spent(world, jua, pay):
    TariffVersion.objects.update(access_fee=D(2000), access_fee_days=60)
    world.meter.assigned_at = NOW - dt.timedelta(days=90)
    world.meter.save(update_fields=["assigned_at"])
    sell_appliance(
        company=jua, customer_id=world.neema.pk, appliance="Television", price=D(15000),
        down_payment=D(0), instalments=1, every=parse_period("30d"), first_due=dt.date(2026, 1, 1),
        sold_at=NOW, actor=None,
    )  # fmt: skip

    pay("20000")

    assert lines_of("settled") == {
        ("suspense", D(20000)),
        ("plan_receivable", D(-15000)),
        ("fee_receivable", D(-2000)),
        ("device_credit", D(-3000)),
    }
    assert lines_of("credit_spent") == {("device_credit", D(3000)), ("ordered", D(-3000))}
    assert lines_of("issued") == {("ordered", D(3000)), ("energy_revenue", D(-3000))}


def test_revenue_is_booked_net_of_vat(world, pay):
    TariffVersion.objects.update(vat_percent=D(18))

    pay("5000")

    assert lines_of("issued") == {
        ("ordered", D(5000)),
        ("energy_revenue", D("-4237.29")),
        ("vat_payable", D("-762.71")),
    }


def test_a_refused_token_becomes_credit(world, pay):
    use_calin(world.meter)
    with answering(code="03"):
        pay("5000")

    assert lines_of("not_issued") == {("ordered", D(5000)), ("device_credit", D(-5000))}


def test_an_access_fee_is_owed_when_it_falls_due(world, jua):
    TariffVersion.objects.update(access_fee=D(1180), access_fee_days=7, vat_percent=D(18))

    accrue(jua, dt.date(2026, 11, 8))

    assert lines_of("fee_due") == {
        ("fee_receivable", D(1180)),
        ("fee_revenue", D(-1000)),
        ("vat_payable", D(-180)),
    }


def test_a_sale_is_owed_at_once(world, jua):
    plan = sell_appliance(
        company=jua, customer_id=world.neema.pk, appliance="Fan", price=D(1180), down_payment=D(0),
        instalments=2, every=parse_period("30d"), first_due=dt.date(2027, 1, 1), sold_at=NOW,
        actor=None, vat_percent=D(18),
    )  # fmt: skip

    assert lines_of("sold") == {
        ("plan_receivable", D(1180)),
        ("appliance_revenue", D(-1000)),
        ("vat_payable", D(-180)),
    }
    assert balance(Account.PLAN_RECEIVABLE, plan.pk) == sum(i.cost for i in plan.instalments.all())


def test_what_two_records_of_one_person_had_is_one_customers(world, amina, own_credit):
    again = Customer.objects.create(
        last_name="Bahati", phone="+255754000007", village=world.village
    )
    lines = [
        debit(Account.CUSTOMER_RECEIVABLE, D(30), world.neema.pk),
        credit(Account.LOSSES, D(30)),
    ]
    post(Movement(Event.REVERSED, "test", 1, lines), occurred_at=NOW)

    services.merge_customers(
        merged_id=world.neema.pk, into_id=again.pk, reason="One person", actor=amina, now=NOW
    )

    assert lines_of("merged") == {
        ("customer_credit", D(500)), ("customer_credit", D(-500)),
        ("customer_receivable", D(30)), ("customer_receivable", D(-30)),
    }  # fmt: skip


@pytest.fixture
def own_credit(world):
    lines = [debit(Account.LOSSES, D(500)), credit(Account.CUSTOMER_CREDIT, D(500), world.neema.pk)]
    post(Movement(Event.OPENING, "test", 1, lines), occurred_at=NOW)


def test_credit_may_be_spent_without_a_payment(world, amina, pay, work):
    use_calin(world.meter)
    with answering(code="03"):
        pay("5000")
    with answering():
        services.issue_from_credit(device_id=world.meter.pk, actor=amina, key=uuid4())
        work()

    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == 0
    assert trial_balance()[Account.ENERGY_REVENUE] == D(-5000)


@pytest.fixture
def unspent(world, pay):
    """A payment whose token was refused: all of it is credit of the device."""
    use_calin(world.meter)
    with answering(code="03"):
        return pay("5000")


def test_a_refund_is_decided_and_paid_out(world, amina, unspent):
    refund = ask_refund(amina, unspent, 5000)
    pay_out = partial(
        services.pay_out_by_hand, correction_id=refund.pk, paid_from="operator", reference="MP1",
        actor=amina,
    )  # fmt: skip
    assert books.violations() == []
    pay_out()

    assert lines_of("refund_decided") == {("device_credit", D(5000)), ("refunds_payable", D(-5000))}
    assert lines_of("refund_paid") == {
        ("refunds_payable", D(5000)),
        ("operator_clearing", D(-5000)),
    }
    unspent.refresh_from_db()
    assert unspent.state == "refunded"
    assert books.violations() == []
    with pytest.raises(services.NothingToPayOut):
        pay_out()


def test_a_refund_is_at_most_what_is_unspent(world, amina, pay):
    payment = pay("4999")

    with pytest.raises(services.NothingToRefund, match="39"):
        ask_refund(amina, payment, 40)

    assert not Posting.objects.filter(event="refund_decided").exists()


@pytest.mark.parametrize(("as_loss", "account"), [(True, "losses"), (False, "customer_receivable")])
def test_a_reversal_after_issue_is_a_loss_or_owed_by_choice(world, amina, pay, as_loss, account):
    payment = pay("5000")

    services.ask_reversal(
        payment_id=payment.pk, as_loss=as_loss, reason="Chargeback", actor=amina, now=NOW
    )

    assert lines_of("reversed") == {(account, D(5000)), ("operator_clearing", D(-5000))}
    payment.refresh_from_db()
    assert payment.state == "reversed"
    assert books.violations() == []
    with pytest.raises(services.CannotReverse):
        services.ask_reversal(payment_id=payment.pk, as_loss=True, reason="x", actor=amina, now=NOW)


def test_a_payment_whose_token_is_in_doubt_cannot_be_reversed(world, amina, pay):
    use_calin(world.meter)
    with silent():
        payment = pay("5000")

    with pytest.raises(services.TokenOnItsWay):
        services.ask_reversal(payment_id=payment.pk, as_loss=True, reason="x", actor=amina, now=NOW)

    payment.refresh_from_db()
    assert payment.state == "settled"


def test_money_that_is_taken_back_before_it_was_spent_leaves_suspense(world, amina, airtel, work):
    airtel(amount="5000")
    payment = Payment.objects.get()

    services.ask_reversal(
        payment_id=payment.pk, as_loss=True, reason="Returned", actor=amina, now=NOW
    )
    work()

    assert lines_of("returned") == {("suspense", D(5000)), ("operator_clearing", D(-5000))}
    assert books.violations() == []


def test_a_plan_is_written_off_as_a_loss(world, jua, amina):
    plan = sell_appliance(
        company=jua, customer_id=world.neema.pk, appliance="Fan", price=D(1000), down_payment=D(0),
        instalments=2, every=parse_period("30d"), first_due=dt.date(2027, 1, 1), sold_at=NOW,
        actor=None,
    )  # fmt: skip

    services.write_off_plan(plan_id=plan.pk, reason="Moved away", actor=amina, now=NOW)

    assert lines_of("written_off") == {("losses", D(1000)), ("plan_receivable", D(-1000))}
    assert books.violations() == []
    with pytest.raises(services.PlanNotRunning):
        services.write_off_plan(plan_id=plan.pk, reason="Again", actor=amina, now=NOW)


def test_a_plan_that_is_overpaid_leaves_credit_of_the_customer(world, jua, pay):
    use_sunking(world.meter)
    sell_appliance(
        company=jua, customer_id=world.neema.pk, appliance="Home 50", price=D(1000),
        down_payment=D(0), instalments=1, every=parse_period("30d"), first_due=dt.date(2027, 1, 1),
        sold_at=NOW, actor=None, device_id=world.meter.pk,
    )  # fmt: skip
    with sunking():
        pay("1500")

    assert lines_of("overpaid") == {("suspense", D(500)), ("customer_credit", D(-500))}
    assert books.violations() == []


def test_a_token_without_a_payment_moves_no_money(world):
    order = place_order(
        NewOrder(
            device=world.meter, source="free", source_id=1, quantity=D(5), unit="kwh",
            why_free="test",
        ),
        now=NOW,
    )  # fmt: skip

    issue(order.pk)

    order.refresh_from_db()
    assert order.state == "issued"
    assert not Posting.objects.exists()
    assert books.violations() == []


def test_a_token_without_payment_that_was_booked_is_named(world, pay):
    pay("5000")
    assert books.violations() == []
    TokenOrder.objects.update(cost=0, vat=0, price=None, without_payment=True, why_free="test")

    (said,) = books.violations()
    assert said.endswith("is without payment and stands in the books.")


def test_books_that_do_not_hold_are_named(world, jua, airtel, capsys):
    call_command("verify_books", "--company", "jua")
    good = capsys.readouterr().out
    airtel(amount="5000")
    Payment.objects.update(state="settled")

    with pytest.raises(CommandError, match=r"Suspense of payment .* is 5000"):
        call_command("verify_books", "--company", "jua")

    assert "hold" in good


def test_a_form_sent_twice_spends_credit_once(world, amina, pay):
    use_calin(world.meter)
    with answering(code="03"):
        pay("5000")
    key = uuid4()
    services.issue_from_credit(device_id=world.meter.pk, actor=amina, key=key)

    with pytest.raises(services.KeyUsed):
        services.issue_from_credit(device_id=world.meter.pk, actor=amina, key=key)

    assert Posting.objects.filter(event="credit_spent", source="order").count() == 2


def test_suspense_is_what_waits_and_ordered_is_what_is_open(world, airtel, work):
    airtel(amount="5000")
    waiting = balance(Account.SUSPENSE, Payment.objects.get().pk)
    work()

    assert waiting == D(5000)
    assert trial_balance()[Account.SUSPENSE] == 0
    assert trial_balance()[Account.ORDERED] == 0


# --- what the database refuses -------------------------------------------------------------------------


def test_an_unbalanced_movement_is_refused_before_the_database(world):
    lines = [debit(Account.SUSPENSE, D(1), 1), credit(Account.LOSSES, D(2))]

    with pytest.raises(UnbalancedPosting):
        post(Movement(Event.SETTLED, "payment", 1, lines), occurred_at=NOW)

    assert not Posting.objects.exists()


def test_an_unbalanced_posting_is_refused_at_commit(world):
    post(booked(), occurred_at=NOW)
    posting = Posting.objects.get()

    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        Entry.objects.create(posting=posting, account=Account.LOSSES, amount=D(1))
        _check_now()


def test_a_posting_without_entries_is_refused(world):
    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        Posting.objects.create(event=Event.OPENING, source="x", source_id=1, occurred_at=NOW)
        _check_now()


def test_the_check_looks_into_the_right_company_whatever_is_open_at_commit(world, taa):
    post(booked(), occurred_at=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SET search_path = taa, public")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET search_path = jua, public")

    assert Posting.objects.count() == 1


def test_a_balanced_pair_of_entries_cannot_be_added_to_a_posting_that_is_written(fresh_company):
    post(booked(), occurred_at=NOW)
    posting = Posting.objects.get()

    with pytest.raises(DatabaseError, match="takes no more entries"):
        Entry.objects.bulk_create([
            Entry(posting=posting, account=Account.LOSSES, amount=D(1)),
            Entry(posting=posting, account=Account.BANK, amount=D(-1)),
        ])  # fmt: skip

    assert posting.entries.count() == 2


def test_many_postings_in_one_statement_are_checked_in_time(world):
    many = [booked(str(number)) for number in range(1, 2001)]
    started = time.monotonic()

    post(*many, occurred_at=NOW)
    _check_now()

    assert Posting.objects.count() == 2000
    assert time.monotonic() - started < 10


def test_checking_early_lets_no_unbalanced_entry_in_afterwards(world):
    with transaction.atomic():
        post(booked(), occurred_at=NOW)
        _check_now()
        with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
            Entry.objects.create(posting=Posting.objects.get(), account="bank", amount=D(1))

    assert Entry.objects.count() == 2


def test_a_temporary_table_cannot_stand_in_for_the_entries(world):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE ledger_entry (LIKE jua.ledger_entry) ON COMMIT DROP")
        cursor.execute("INSERT INTO ledger_entry VALUES (1, 'bank', 1, 1, 1)")

    with pytest.raises(IntegrityError, match="does not balance"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO jua.ledger_posting (id, public_id, event, source, source_id, memo, actor_name,"
                " occurred_at, recorded_at) VALUES (1, gen_random_uuid(), 'x', 'x', 1, '', '', now(), now())"
            )
        _check_now()


def test_several_movements_are_written_in_order_in_one_statement(world, django_assert_num_queries):
    with django_assert_num_queries(1):
        post(booked("1"), booked("2"), booked("3"), occurred_at=NOW)

    assert [p.entries.get(amount__gt=0).amount for p in Posting.objects.order_by("pk")] == [1, 2, 3]


def test_a_row_that_money_points_to_cannot_be_deleted(world, pay):
    from django.db.models import ProtectedError

    pay("5000")

    for row in (world.neema, world.meter, world.airtel, world.village, world.tariff):
        with pytest.raises(ProtectedError):
            row.delete()


def _check_now():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
