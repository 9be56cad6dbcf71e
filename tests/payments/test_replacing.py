"""A broken device is replaced: customer, credit, plan and fees go over, and later money finds them."""

import datetime as dt
import itertools
import uuid
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEntry
from customers.models import Customer
from devices.fees import accrue_device
from devices.holdings import DeviceArchived, DeviceHasCustomer, assign_device, holdings_of
from devices.models import AccessFee, Device, TariffVersion
from ledger.models import Account
from ledger.selectors import balance
from ledger.services import Movement, credit, debit, post
from payments import books, services
from payments.matching import device_typed
from payments.models import Payment
from tests.line import work_all
from tests.payments.test_moving import owe_fee, sell_kit
from vending import services as vending
from vending.models import TokenOrder

D = Decimal


@pytest.fixture
def spare(world, amina) -> Device:
    world.actor = amina
    return add_spare(world, "47000100099")


def add_spare(world, serial, **changes) -> Device:
    facts = {"kind": "meter", "manufacturer": "demo_meter", "village": world.village}
    return Device.objects.create(**{**facts, "serial": serial, **changes})


def replace(world, new, old=None, **changes):
    facts = {
        "old_id": (old or world.meter).pk, "new_id": new.pk, "owner_id": world.neema.pk,
        "is_broken": True, "reason": "Lightning", "actor": world.actor, "key": uuid.uuid4(),
        "now": timezone.now(),
    }  # fmt: skip
    return services.replace_device(**{**facts, **changes})


def test_the_new_device_takes_over_customer_place_tariff_and_history_is_kept(world, spare):
    replace(world, spare)

    old, new = Device.objects.get(pk=world.meter.pk), Device.objects.get(pk=spare.pk)
    assert (new.customer, new.village, new.tariff) == (world.neema, world.village, world.tariff)
    assert (old.customer, old.replaced_by) == (None, new)
    assert old.archived_at is not None
    assert holdings_of(old.pk)[0].ended_reason == "Replaced by 47000100099: Lightning"
    assert holdings_of(new.pk)[0].began_reason == "Took the place of 47000100011: Lightning"
    assert {each.action for each in AuditEntry.objects.filter(actor=world.actor)} == {
        "device.replaced",
        "device.took_over",
    }


def test_an_old_device_that_is_not_broken_goes_into_stock(world, spare):
    replace(world, spare, is_broken=False)

    old = Device.objects.get(pk=world.meter.pk)
    assert (old.customer, old.archived_at, old.replaced_by) == (None, None, spare)


def test_credit_goes_over(world, spare, pay):
    pay("4999")

    replace(world, spare)

    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == 0
    assert balance(Account.DEVICE_CREDIT, spare.pk) == 39
    assert books.violations() == []


def test_open_fees_go_over_and_the_next_falls_due_when_it_would_have(world, jua, spare):
    TariffVersion.objects.update(access_fee=1000, access_fee_days=30)
    owe_fee(world, "2000", paid="500")
    Device.objects.filter(pk=world.meter.pk).update(fees_until=dt.date(2026, 11, 20))

    replace(world, spare)

    old, new = AccessFee.objects.order_by("pk")
    assert (old.paid, old.carried_at is None) == (2000, False)
    assert (new.device, new.amount, new.paid, new.due_date) == (
        spare,
        1500,
        0,
        dt.date(2026, 11, 20),
    )
    assert balance(Account.FEE_RECEIVABLE, spare.pk) == 1500
    assert books.violations() == []
    spare.refresh_from_db()
    assert spare.fees_until == dt.date(2026, 11, 20)
    assert accrue_device(company=jua, device_id=spare.pk, until=dt.date(2026, 12, 20)) == 1


def test_a_fee_of_the_same_day_on_the_new_device_grows(world, spare):
    owe_fee(world)
    AccessFee.objects.create(
        device=spare, due_date=dt.date(2026, 11, 20), amount=D(700), paid=D(700)
    )

    replace(world, spare)

    (fee,) = AccessFee.objects.filter(device=spare)
    assert (fee.amount, fee.paid) == (2700, 700)
    assert books.violations() == []


def test_a_running_and_a_paid_plan_go_over(world, jua, spare):
    plan = sell_kit(world, jua)

    replace(world, spare)

    plan.refresh_from_db()
    assert (plan.device, plan.customer, plan.state) == (spare, world.neema, "running")


def test_what_was_not_asked_for_yet_goes_over_as_credit(world, spare, pay):
    world.maker.is_on = False
    world.maker.save()
    pay("5000")
    assert TokenOrder.objects.get().is_paused

    replace(world, spare)

    order = TokenOrder.objects.get()
    assert (order.state, order.decided_by) == ("refused", str(world.actor))
    assert balance(Account.DEVICE_CREDIT, spare.pk) == 5000
    assert books.violations() == []


def test_an_order_in_doubt_stays_and_its_money_comes_to_the_new_device(world, spare, pay):
    pay("5000")
    order = TokenOrder.objects.get()
    doubted(order)

    replace(world, spare)
    order.refresh_from_db()
    assert (order.state, order.device) == ("in_doubt", world.meter)
    vending.give_back(order_id=order.pk, reason="Not bought", actor=world.actor)

    assert balance(Account.DEVICE_CREDIT, spare.pk) == 5000
    assert books.violations() == []


def doubted(order):
    """Take an issued order back into doubt, books and all."""
    TokenOrder.objects.filter(pk=order.pk).update(
        state="in_doubt",
        token="",
        closed_at=None,
        requested_at=timezone.now() - dt.timedelta(days=1),
    )
    lines = [
        credit(Account.ORDERED, order.cost, order.pk),
        debit(Account.ENERGY_REVENUE, order.cost, order.device_id),
    ]
    post(Movement("credit_spent", "order", order.pk, lines), occurred_at=timezone.now())


def test_money_given_back_after_the_new_device_left_becomes_the_customers(world, spare, pay):
    pay("5000")
    doubted(TokenOrder.objects.get())
    replace(world, spare)
    services.take_back_device(
        device_id=spare.pk, owner_id=world.neema.pk, choice=services.Choice(), reason="Moved",
        actor=world.actor, key=uuid.uuid4(), now=timezone.now(),
    )  # fmt: skip

    vending.give_back(order_id=TokenOrder.objects.get().pk, reason="No", actor=world.actor)

    assert balance(Account.CUSTOMER_CREDIT, world.neema.pk) == 5000
    assert books.violations() == []


def test_a_payment_that_was_not_settled_pays_the_new_device(world, spare, airtel):
    airtel(amount="5000")

    replace(world, spare)
    work_all()

    order = TokenOrder.objects.get()
    assert (order.device, order.state) == (spare, "issued")


def test_later_payments_for_the_old_number_pay_the_new_device(world, spare, pay):
    replace(world, spare)

    payment = pay("5000")

    assert (payment.account, payment.device, payment.customer) == (
        "47000100011",
        spare,
        world.neema,
    )
    assert TokenOrder.objects.get().device == spare


def test_the_old_number_means_the_old_device_again_once_it_is_given_to_somebody(world, spare):
    zuri = Customer.objects.create(
        first_name="Zuri", last_name="Kato", phone="+255754000111", village=world.village
    )
    replace(world, spare, is_broken=False)
    assign_device(
        device_id=world.meter.pk, customer_id=zuri.pk, village_id=world.village.pk,
        assigned_at=timezone.now(), actor=None,
    )  # fmt: skip

    assert device_typed("47000100011") == world.meter


def test_a_device_that_was_replaced_twice_means_the_last(world, spare):
    third = add_spare(world, "47000100098")
    replace(world, spare)
    replace(world, third, old=spare)

    assert device_typed("47000100011") == third
    assert device_typed("47000100099") == third


def test_nobodys_money_comes_to_the_next_customer_of_the_new_device(world, spare):
    replace(world, spare)
    services.take_back_device(
        device_id=spare.pk, owner_id=world.neema.pk, choice=services.Choice(), reason="Moved",
        actor=world.actor, key=uuid.uuid4(), now=timezone.now(),
    )  # fmt: skip

    assert device_typed("47000100011") == world.meter


def test_what_cannot_take_its_place_is_refused(world, spare):
    with pytest.raises(services.SameDevice):
        replace(world, world.meter)
    kit = add_spare(world, "SK1", kind="shs", manufacturer="sunking")
    with pytest.raises(services.OtherUnit):
        replace(world, kit)
    taken = add_spare(world, "1", customer=world.neema, assigned_at=timezone.now())
    with pytest.raises(DeviceHasCustomer):
        replace(world, taken)
    gone = add_spare(world, "2", archived_at=timezone.now())
    with pytest.raises(DeviceArchived):
        replace(world, gone)
    with pytest.raises(services.AlreadyDecided):
        replace(world, spare, owner_id=Customer.objects.create(
            phone="+255754000111", village=world.village).pk)  # fmt: skip
    assert Device.objects.get(pk=world.meter.pk).customer == world.neema


def test_a_form_that_is_sent_twice_replaces_once(world, spare):
    key = uuid.uuid4()
    replace(world, spare, key=key)

    with pytest.raises(services.KeyUsed):
        replace(world, spare, key=key)


serials = itertools.count(1)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["pay", "refuse", "doubt", "back", "fee", "replace", "stock"]),
        st.sampled_from(["39", "400", "2000", "5000"]),
    ),
    min_size=3,
    max_size=9,
)


class Play:
    """Neema, whose meter breaks again and again. All that she has is counted after each step."""

    def __init__(self, world):
        self.world, self.now = world, world.meter

    def pay(self, amount):
        payment = Payment(
            connection=self.world.airtel, reference=f"R{next(serials)}", amount=D(amount),
            account=self.world.meter.serial, state="received", booked_at=timezone.now(),
            device=device_typed(self.world.meter.serial), customer=self.world.neema,
        )  # fmt: skip
        payment.save()
        lines = [
            debit(Account.OPERATOR_CLEARING, payment.amount, self.world.airtel.pk),
            credit(Account.SUSPENSE, payment.amount, payment.pk),
        ]
        post(Movement("booked", "payment", payment.pk, lines), occurred_at=timezone.now())
        services.settle_payment(company=self.world.company, payment_id=payment.pk)
        assert payment.device == self.now

    def refuse(self, amount):
        self.pay(amount)
        for order in TokenOrder.objects.filter(state="due"):
            vending.give_back(order_id=order.pk, reason="No", actor=self.world.actor)

    def doubt(self, amount):
        self.pay(amount)
        TokenOrder.objects.filter(state="due").update(
            state="in_doubt", requested_at=timezone.now() - dt.timedelta(days=1)
        )

    def back(self, _):
        for order in TokenOrder.objects.filter(state="in_doubt")[:1]:
            vending.give_back(order_id=order.pk, reason="No", actor=self.world.actor)

    def fee(self, amount):
        self.world.meter = self.now
        day = dt.date(2026, 1, 1) + dt.timedelta(days=next(serials))
        fee = owe_fee(self.world, amount)
        AccessFee.objects.filter(pk=fee.pk).update(due_date=day)
        self.world.meter = self.first

    def replace(self, _, is_broken=True):
        new = add_spare(self.world, f"N{next(serials)}")
        replace(self.world, new, old=self.now, is_broken=is_broken)
        self.now = new

    def stock(self, amount):
        self.replace(amount, is_broken=False)

    def hers(self):
        """What is hers or owed by her, wherever it stands."""
        devices = [
            sum((balance(account, pk) for pk in Device.objects.values_list("pk", flat=True)), D(0))
            for account in (Account.DEVICE_CREDIT, Account.FEE_RECEIVABLE)
        ]
        orders = list(TokenOrder.objects.values_list("pk", flat=True))
        return *devices, sum((balance(Account.ORDERED, pk) for pk in orders), D(0))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_whatever_happens_between_replacements_the_books_hold(world, jua, amina, steps):
    with transaction.atomic():
        world.company, world.actor = jua, amina
        play = Play(world)
        play.first = world.meter
        for act, amount in steps:
            credit_before, fees_before, ordered_before = play.hers()
            getattr(play, act)(amount)
            assert books.violations() == []
            assert balance(Account.CUSTOMER_CREDIT, world.neema.pk) == 0
            if act in {"replace", "stock"}:
                credit_now, fees_now, ordered_now = play.hers()
                assert fees_now == fees_before
                assert credit_now + ordered_now == credit_before + ordered_before
                held = balance(Account.DEVICE_CREDIT, play.now.pk)
                assert held == credit_now
        transaction.set_rollback(True)
