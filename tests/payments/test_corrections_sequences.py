"""Whatever is paid, refused, refunded, withdrawn, reversed and spent, in any order: the books hold."""

import contextlib
import itertools
from decimal import Decimal as D
from uuid import uuid4

from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.errors import DomainError
from ledger.models import Account
from ledger.selectors import balance
from ledger.services import Movement, credit, debit, post
from payments import books, services
from payments.models import Correction, Payment
from payments.refundable import refunded
from tests.payments.refunds import ask_refund, set_limit
from vending import services as vending
from vending.models import TokenOrder

numbers = itertools.count(1)
ACTS = (
    "pay",
    "refuse",
    "lose",
    "refund",
    "device",
    "approve",
    "withdraw",
    "pay_out",
    "reverse",
    "spend",
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(ACTS), st.integers(0, 9), st.sampled_from(["39", "400", "2000", "5000"])
    ),
    min_size=3,
    max_size=14,
)


class Play:
    """One company on which the steps are tried; what is refused changes nothing."""

    def __init__(self, world, company, asker, second):
        self.world, self.company, self.asker, self.second = world, company, asker, second
        self.is_refused = False

    def step(self, act, number, amount):
        with contextlib.suppress(DomainError), transaction.atomic():
            getattr(self, act)(number, amount)
        assert books.violations() == []
        assert balance(Account.DEVICE_CREDIT, self.world.meter.pk) >= 0

    def receive(self, amount, state, **matched):
        payment = Payment.objects.create(
            connection=self.world.airtel, reference=f"H{next(numbers)}", amount=D(amount),
            account="x", state=state, booked_at=timezone.now(), **matched,
        )  # fmt: skip
        lines = [
            debit(Account.OPERATOR_CLEARING, payment.amount, self.world.airtel.pk),
            credit(Account.SUSPENSE, payment.amount, payment.pk),
        ]
        post(Movement("booked", "payment", payment.pk, lines), occurred_at=timezone.now())
        return payment

    def pay(self, _, amount):
        matched = {"device": self.world.meter, "customer": self.world.neema}
        payment = self.receive(amount, "received", **matched)
        services.settle_payment(company=self.company, payment_id=payment.pk)
        self.issue()

    def refuse(self, number, amount):
        self.is_refused = True
        self.pay(number, amount)
        self.is_refused = False

    def issue(self):
        for order in TokenOrder.objects.filter(state="due"):
            if self.is_refused:
                vending.give_back(order_id=order.pk, reason="no", actor=self.asker)
            else:
                vending.issue(order.pk)

    def lose(self, _, amount):
        self.receive(amount, "unmatched")

    def refund(self, number, amount):
        ask_refund(self.asker, self.pick(Payment, number), amount)

    def device(self, _, amount):
        payment = Payment(state="settled")
        ask_refund(self.asker, payment, amount, payment_id=None, device_id=self.world.meter.pk)

    def approve(self, number, _):
        row = self.pick(Correction, number)
        services.approve_correction(correction_id=row.pk, actor=self.second, now=timezone.now())

    def withdraw(self, number, _):
        services.withdraw_correction(
            correction_id=self.pick(Correction, number).pk, reason="x", actor=self.asker,
            now=timezone.now(),
        )  # fmt: skip

    def pay_out(self, number, _):
        services.pay_out_by_hand(
            correction_id=self.pick(Correction, number).pk, paid_from="cash", reference="",
            actor=self.asker,
        )  # fmt: skip

    def reverse(self, number, amount):
        services.ask_reversal(
            payment_id=self.pick(Payment, number).pk, as_loss=amount == "39", reason="x",
            actor=self.asker, now=timezone.now(),
        )  # fmt: skip

    def spend(self, *_):
        services.issue_from_credit(device_id=self.world.meter.pk, actor=self.asker, key=uuid4())
        self.issue()

    def pick(self, model, number):
        rows = list(model.objects.order_by("pk"))
        if not rows:
            raise services.NothingToPayOut
        return rows[number % len(rows)]


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS, limit=st.sampled_from([None, 0, 1000]))
def test_the_books_hold_after_every_step(world, jua, amina, asha, steps, limit):
    with transaction.atomic():
        set_limit(jua, limit)
        play = Play(world, jua, amina, asha)
        for step in steps:
            play.step(*step)
        for payment in Payment.objects.all():
            assert refunded(payment) <= payment.amount
        transaction.set_rollback(True)
