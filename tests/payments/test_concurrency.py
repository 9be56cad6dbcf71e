"""Two workers, or two people, at the same second: what may happen once happens once."""

import contextlib
import datetime as dt
import functools
import threading
from decimal import Decimal as D

import pytest
from django.utils import timezone

from accounts.models import User
from ledger.models import Account, Event
from ledger.selectors import balance, trial_balance
from ledger.services import Movement, credit, debit, post
from messaging.models import Message
from payments import line, services
from payments.models import Payment
from payments.services import settlement
from tests.conftest import make_user
from tests.threads import at_once
from vending import services as vending
from vending.models import TokenOrder

ROUNDS = 5


def received(world, amount, reference):
    """A payment that is booked and waits to be settled."""
    payment = Payment.objects.create(
        connection=world.airtel,
        reference=reference,
        amount=D(amount),
        account=world.meter.serial,
        device=world.meter,
        customer=world.neema,
        booked_at=timezone.now(),
        available_at=timezone.now(),
    )
    lines = [
        debit(Account.OPERATOR_CLEARING, payment.amount, world.airtel.pk),
        credit(Account.SUSPENSE, payment.amount, payment.pk),
    ]
    post(Movement(Event.BOOKED, "payment", payment.pk, lines), occurred_at=timezone.now())
    return payment


def ordered(world, reference):
    """An order that is due, of a payment that is settled."""
    payment = received(world, 5000, reference)
    order = services.settle_payment(company=world.company, payment_id=payment.pk).order
    assert order is not None
    return order


def in_doubt(world, reference):
    order = ordered(world, reference)
    yesterday = timezone.now() - dt.timedelta(days=1)  # the call can no longer act
    TokenOrder.objects.filter(pk=order.pk).update(
        state="in_doubt", available_at=None, requested_at=yesterday
    )
    return order


@pytest.fixture
def meeting(monkeypatch):
    """Two who split a payment meet after they have read the credit, unless one has to wait for the other."""
    both = threading.Barrier(2)

    def split_for(**facts):
        found = read(**facts)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(timeout=0.3)
        return found

    read = settlement.split_for
    return lambda: monkeypatch.setattr(settlement, "split_for", split_for)


@pytest.mark.parametrize(
    ("amounts", "bought", "left"), [((390, 400), 800, 0), ((390, 390), 760, 30)]
)
def test_case_13_the_credit_is_spent_once_by_two_payments_of_the_same_second(
    fresh_company, meeting, amounts, bought, left
):
    world, slug = fresh_company, fresh_company.company.slug
    line.work(world.company, received(world, 10, "C1").pk)
    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == 10
    two = [received(world, amount, f"C{n}") for n, amount in enumerate(amounts, start=2)]
    meeting()

    at_once(slug, *(functools.partial(line.work, world.company, each.pk) for each in two))

    assert sum(order.cost for order in TokenOrder.objects.all()) == bought
    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == left
    assert {payment.state for payment in Payment.objects.all()} == {"settled"}
    assert sum(trial_balance().values()) == 0


def test_a_payment_is_settled_by_one_of_two_workers(fresh_company):
    world, slug = fresh_company, fresh_company.company.slug
    for number in range(ROUNDS):
        payment = received(world, 5000, f"S{number}")
        settle = functools.partial(
            services.settle_payment, company=world.company, payment_id=payment.pk
        )

        results = at_once(slug, settle, settle)

        assert sum(isinstance(each, services.NotReceived) for each in results) == 1
        assert TokenOrder.objects.filter(source_id=payment.pk).count() == 1


def test_an_order_is_issued_by_one_of_two_workers(fresh_company):
    world, slug = fresh_company, fresh_company.company.slug
    for number in range(ROUNDS):
        order = ordered(world, f"I{number}")
        issue = functools.partial(vending.issue, order.pk)

        results = at_once(slug, issue, issue, issue)

        order.refresh_from_db()
        assert sum(isinstance(each, vending.OrderNotDue) for each in results) == 2
        assert (order.state, order.attempts) == ("issued", 1)
        assert Message.objects.filter(source_id=order.source_id).count() == 1


def decisions(order_id, actor):
    reason = {"reason": "seen in the portal", "actor": actor}
    token = "12345678901234567890"
    return {
        "settle": functools.partial(vending.settle_doubt, order_id=order_id, token=token, **reason),
        "anew": functools.partial(vending.issue_anew, order_id=order_id, **reason),
        "back": functools.partial(vending.give_back, order_id=order_id, **reason),
    }


@pytest.mark.parametrize(
    "pair", [("settle", "settle"), ("settle", "back"), ("back", "back"), ("anew", "settle")]
)
def test_a_doubt_is_decided_by_one_of_two_people(fresh_company, pair):
    world = fresh_company
    order = in_doubt(world, "D1")
    actor = make_user(User.Role.OWNER, "Amina Said", "amina@own.example")
    calls = decisions(order.pk, actor)

    results = at_once(world.company.slug, *(calls[name] for name in pair))

    order.refresh_from_db()
    assert [type(each) for each in results].count(vending.NotInDoubt) == 1
    booked = balance(Account.ORDERED, order.pk), balance(Account.DEVICE_CREDIT, world.meter.pk)
    expected = {"issued": (0, 0), "refused": (0, 5000), "due": (5000, 0)}
    assert booked == expected[order.state]
    assert sum(trial_balance().values()) == 0
