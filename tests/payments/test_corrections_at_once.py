"""Two people, or a person and a worker, at the same second: money goes back once or not at all."""

import contextlib
import datetime as dt
import functools
import itertools
import threading
from decimal import Decimal as D
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from common.errors import DomainError
from ledger.models import Account
from ledger.selectors import balance, trial_balance
from ledger.services import Movement, credit, debit, post
from payments import books, services
from payments.models import Correction, OneTimeKey, Payment
from payments.services import corrections
from tests.conftest import make_user
from tests.payments.refunds import airtel_refunds, ask_refund, asked, set_limit, with_open_api
from tests.threads import at_once
from vending.models import TokenOrder

numbers = itertools.count(1)


@pytest.fixture
def own(fresh_company):
    """A company of its own with three people in the office."""
    world = fresh_company
    world.asker, world.second, world.third = (
        make_user(User.Role.FINANCIAL_MANAGER, name, f"{name.lower()}@own.example")
        for name in ("Asha", "Amina", "Neema")
    )
    set_limit(world.company, 0)
    return world


def credited(world, amount=5000):
    """A settled payment whose money is all credit of the device."""
    now, amount = timezone.now(), D(amount)
    payment = Payment.objects.create(
        connection=world.airtel, reference=f"R{next(numbers)}", receipt=f"MP{next(numbers)}",
        amount=amount, account=world.meter.serial, device=world.meter, customer=world.neema,
        state="settled", booked_at=now, settled_at=now,
        parts=[{"part": "device_credit", "amount": str(amount)}],
    )  # fmt: skip
    lines = [
        debit(Account.OPERATOR_CLEARING, amount, world.airtel.pk),
        credit(Account.DEVICE_CREDIT, amount, world.meter.pk),
    ]
    post(Movement("settled", "payment", payment.pk, lines), occurred_at=now)
    return payment


def lost(world, amount):
    """A payment that nobody could match; all of them are one payer's."""
    now, amount = timezone.now(), D(amount)
    payment = Payment.objects.create(
        connection=world.airtel, reference=f"R{next(numbers)}", amount=amount, account="x",
        payer_phone="+255754123456", state="unmatched", booked_at=now,
    )  # fmt: skip
    lines = [
        debit(Account.OPERATOR_CLEARING, amount, world.airtel.pk),
        credit(Account.SUSPENSE, amount, payment.pk),
    ]
    post(Movement("booked", "payment", payment.pk, lines), occurred_at=now)
    return payment


def approving(refund, actor):
    return functools.partial(
        services.approve_correction, correction_id=refund.pk, actor=actor, now=timezone.now()
    )


def declining(refund, actor):
    return functools.partial(
        services.decline_correction,
        correction_id=refund.pk,
        reason="no",
        actor=actor,
        now=timezone.now(),
    )


def withdrawing(refund, actor):
    return functools.partial(
        services.withdraw_correction,
        correction_id=refund.pk,
        reason="no",
        actor=actor,
        now=timezone.now(),
    )


def paying(refund, actor):
    return functools.partial(
        services.pay_out_by_hand,
        correction_id=refund.pk,
        paid_from="cash",
        reference="",
        actor=actor,
    )


def refusals(results):
    return [each for each in results if isinstance(each, DomainError)]


def require_sound(world):
    assert books.violations() == []
    assert sum(trial_balance().values()) == 0


def test_one_of_two_approvers_approves(own):
    refund = ask_refund(own.asker, credited(own), 5000)

    results = at_once(own.company.slug, approving(refund, own.second), approving(refund, own.third))

    assert [type(each) for each in refusals(results)] == [services.AlreadyDecided]
    assert balance(Account.REFUNDS_PAYABLE, refund.pk) == 5000
    require_sound(own)


def test_it_is_approved_or_declined_and_never_both(own):
    refund = ask_refund(own.asker, credited(own), 5000)

    results = at_once(own.company.slug, approving(refund, own.second), declining(refund, own.third))

    refund.refresh_from_db()
    assert len(refusals(results)) == 1
    owed = balance(Account.REFUNDS_PAYABLE, refund.pk)
    assert (refund.state, owed) in {("approved", D(5000)), ("declined", D(0))}
    require_sound(own)


def test_the_same_form_twice_asks_once(own):
    payment, key = credited(own), uuid4()

    def send():
        from django.db import transaction

        with transaction.atomic():
            services.use_key(key)
            return ask_refund(own.asker, payment, 5000)

    results = at_once(own.company.slug, send, send)

    assert [type(each) for each in refusals(results)] == [services.KeyUsed]
    assert (Correction.objects.count(), OneTimeKey.objects.count()) == (1, 1)


@pytest.fixture
def meeting(monkeypatch):
    """Two who look at what is unspent meet after they have read it, unless one has to wait for the other."""
    both, read = threading.Barrier(2), corrections.most_of

    def most_of(source):
        found = read(source)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(timeout=0.3)
        return found

    monkeypatch.setattr(corrections, "most_of", most_of)


@pytest.mark.parametrize("through", ["one payment", "two payments"])
def test_two_people_cannot_refund_the_same_credit(own, meeting, through):
    set_limit(own.company, None)
    first = credited(own, 3000)
    second = credited(own, 3000) if through == "two payments" else first
    if second is not first:
        lines = [
            debit(Account.DEVICE_CREDIT, D(3000), own.meter.pk),
            credit(Account.LOSSES, D(3000)),
        ]
        post(Movement("written_off", "test", 1, lines), occurred_at=timezone.now())

    results = at_once(
        own.company.slug,
        functools.partial(ask_refund, own.asker, first, 3000),
        functools.partial(ask_refund, own.second, second, 3000),
    )

    assert [type(each) for each in refusals(results)] == [services.NothingToRefund]
    assert balance(Account.DEVICE_CREDIT, own.meter.pk) == 0
    require_sound(own)


def test_small_refunds_at_once_do_not_slip_below_the_limit(own, meeting):
    set_limit(own.company, 1000)
    first, second = credited(own), credited(own)

    at_once(
        own.company.slug,
        functools.partial(ask_refund, own.asker, first, 800),
        functools.partial(ask_refund, own.second, second, 800),
    )

    assert sorted(Correction.objects.values_list("state", flat=True)) == ["approved", "asked"]
    require_sound(own)


def test_nor_do_those_of_one_payer_whose_payments_nobody_matched(own, meeting):
    set_limit(own.company, 1000)
    first, second = lost(own, 800), lost(own, 800)

    at_once(
        own.company.slug,
        functools.partial(ask_refund, own.asker, first, 800),
        functools.partial(ask_refund, own.second, second, 800),
    )

    assert sorted(Correction.objects.values_list("state", flat=True)) == ["approved", "asked"]
    require_sound(own)


def test_credit_is_refunded_or_spent_on_a_token_and_never_both(own, meeting):
    refund = ask_refund(own.asker, credited(own), 5000)
    issue = functools.partial(
        services.issue_from_credit, device_id=own.meter.pk, actor=own.third, key=uuid4()
    )

    results = at_once(own.company.slug, approving(refund, own.second), issue)

    refund.refresh_from_db()
    assert len(refusals(results)) == 1
    assert (refund.state == "approved") is not TokenOrder.objects.filter(state="due").exists()
    assert balance(Account.DEVICE_CREDIT, own.meter.pk) == 0
    require_sound(own)


def test_a_refund_and_a_reversal_of_one_payment_do_not_both_happen(own):
    set_limit(own.company, None)
    payment = credited(own)
    refund = functools.partial(ask_refund, own.asker, payment, 5000)
    reverse = functools.partial(
        services.ask_reversal,
        payment_id=payment.pk,
        as_loss=True,
        reason="x",
        actor=own.second,
        now=timezone.now(),
    )

    results = at_once(own.company.slug, refund, reverse)

    payment.refresh_from_db()
    assert len(refusals(results)) == 1
    assert payment.state in {"refunded", "reversed"}
    require_sound(own)


@pytest.mark.parametrize("pair", ["pay pay", "pay withdraw", "withdraw withdraw"])
def test_a_decided_refund_ends_once(own, pair):
    set_limit(own.company, None)
    refund = ask_refund(own.asker, credited(own), 5000)
    ways = {"pay": paying, "withdraw": withdrawing}
    calls = [
        ways[name](refund, actor)
        for name, actor in zip(pair.split(), (own.second, own.third), strict=True)
    ]

    results = at_once(own.company.slug, *calls)

    refund.refresh_from_db()
    assert len(refusals(results)) == 1
    assert refund.state in {"paid", "withdrawn"}
    assert balance(Account.REFUNDS_PAYABLE, refund.pk) == 0
    require_sound(own)


def test_the_operator_is_asked_once_by_two_workers_and_a_person(own):
    set_limit(own.company, None)
    with_open_api(own.airtel)
    payment = credited(own)
    refund = ask_refund(own.asker, payment, 5000, pay_by=Correction.PayBy.OPERATOR)
    work = functools.partial(services.pay_out_refund, refund.pk)

    with airtel_refunds() as mock:
        results = at_once(own.company.slug, work, work, paying(refund, own.second))

    refund.refresh_from_db()
    assert len(refusals(results)) == 2
    assert refund.state == "paid"
    assert asked(mock) == (1 if refund.paid_from == "operator" else 0)
    assert balance(Account.REFUNDS_PAYABLE, refund.pk) == 0
    require_sound(own)


def test_a_doubt_is_settled_by_one_of_two_people(own):
    set_limit(own.company, None)
    refund = ask_refund(own.asker, credited(own), 5000)
    long_ago = timezone.now() - dt.timedelta(hours=1)
    Correction.objects.update(state="in_doubt", requested_at=long_ago)
    said = {"correction_id": refund.pk, "reference": "CI1", "reason": "looked"}
    calls = [
        functools.partial(services.settle_payout, went=went, actor=actor, **said)
        for went, actor in ((True, own.second), (False, own.third))
    ]

    results = at_once(own.company.slug, *calls)

    refund.refresh_from_db()
    assert [type(each) for each in refusals(results)] == [services.AlreadyDecided]
    owed = balance(Account.REFUNDS_PAYABLE, refund.pk)
    assert (refund.state, owed) in {("paid", D(0)), ("approved", D(5000))}
    require_sound(own)
