"""Tokens without payment: a reason, a permission, limits, and no money anywhere."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from devices.holdings import DeviceArchived, archive_device
from devices.models import Device
from ledger.models import Posting
from messaging.models import Message
from payments import books, services
from plugins.demo_meter.adapter import DemoMeter
from plugins.errors import OutcomeUnknown, Rejected
from tenants.models import Company
from tests.line import work_all
from tests.payments.makers import answering, use_calin
from vending import services as vending
from vending.models import TokenOrder

D = Decimal
Task, WhyFree = TokenOrder.Task, TokenOrder.WhyFree


@pytest.fixture(autouse=True)
def actor(world, amina):
    world.actor = amina


def give(world, **changes) -> TokenOrder:
    facts = {
        "device_id": world.meter.pk, "task": Task.CREDIT, "quantity": D("2.5"),
        "why": WhyFree.COMPENSATION, "note": "Two days without power", "actor": world.actor,
        "key": uuid.uuid4(), "now": timezone.now(),
    }  # fmt: skip
    return services.order_free_token(**{**facts, **changes})


def test_a_token_is_issued_told_and_never_booked(world):
    order = give(world)
    work_all()

    order.refresh_from_db()
    assert (order.state, order.cost, order.without_payment) == ("issued", 0, True)
    assert (order.why_free, order.ordered_by) == ("compensation", str(world.actor))
    assert order.token[:4] in Message.objects.get().text
    assert not Posting.objects.exists()
    assert books.violations() == []
    facts = AuditEntry.objects.get(action="order.without_payment").facts
    assert (facts["reason"], facts["device"]) == ("Two days without power", world.meter.serial)


def test_nobody_is_called_while_it_is_ordered(world, monkeypatch):
    def called(self, request):
        raise AssertionError("called inside the request")

    monkeypatch.setattr(DemoMeter, "issue_token", called)

    assert give(world).state == "due"


def test_a_refusal_gives_nothing_back(world, monkeypatch):
    def refuse(self, request):
        raise Rejected("No such meter")

    monkeypatch.setattr(DemoMeter, "issue_token", refuse)
    order = give(world)
    work_all()

    order.refresh_from_db()
    assert order.state == "refused"
    assert not Posting.objects.exists()
    assert books.violations() == []


def test_doubt_is_decided_as_for_any_other_token(world, monkeypatch):
    use_calin(world.meter)
    with answering(body="not json"):
        order = give(world)
        work_all()
    order.refresh_from_db()
    assert order.state == "in_doubt"
    TokenOrder.objects.update(requested_at=timezone.now() - dt.timedelta(hours=1))

    vending.give_back(order_id=order.pk, reason="Not there", actor=world.actor)

    assert not Posting.objects.exists()
    assert books.violations() == []


def test_unlocking_and_clearing_are_ordered_where_the_maker_can(world):
    unlock = give(world, task=Task.UNLOCK, quantity=D(0))
    clear = give(world, task=Task.CLEAR, quantity=D(99))
    work_all()

    unlock.refresh_from_db()
    clear.refresh_from_db()
    assert (unlock.state, unlock.quantity, clear.state, clear.quantity) == (
        "issued", 0, "issued", 0,
    )  # fmt: skip
    (told,) = Message.objects.all()
    assert "frees your device for good" in told.text
    assert "All paid" not in told.text


def test_what_the_maker_cannot_do_is_refused_before_anybody_is_asked(world):
    use_calin(world.meter)

    for task in (Task.UNLOCK, Task.CLEAR):
        with pytest.raises(services.NotOffered):
            give(world, task=task)
    Device.objects.update(manufacturer="bygone")
    with pytest.raises(services.MakerGone):
        give(world)


@pytest.mark.parametrize("quantity", ["0", "-1", "0.05", "2.55"])
def test_a_quantity_off_the_makers_grid_is_refused(world, quantity):
    with pytest.raises(services.NotOnGrid):
        give(world, quantity=D(quantity))


def test_one_token_is_at_most_for_what_the_company_allows(world):
    Company.objects.filter(schema_name="jua").update(free_kwh_limit=D("2.5"))

    give(world, quantity=D("2.5"))
    with pytest.raises(services.AboveFreeLimit, match=r"2\.5 kWh"):
        give(world, quantity=D("2.6"))


def test_a_day_has_a_number_of_tokens_and_refused_ones_do_not_count(world):
    Company.objects.filter(schema_name="jua").update(free_tokens_per_day=2)
    refused = give(world)
    vending.give_back(order_id=refused.pk, reason="Wrong device", actor=world.actor)
    give(world)
    yesterday = give(world)
    with pytest.raises(services.FreeTokensUsedUp):
        give(world)

    TokenOrder.objects.filter(pk=yesterday.pk).update(
        created_at=timezone.now() - dt.timedelta(days=1)
    )
    give(world)
    allowed = services.allowed_on(
        Company.objects.get(schema_name="jua"), world.meter, now=timezone.now()
    )
    assert allowed.left_today == 0


def test_a_form_that_is_sent_twice_orders_once(world):
    key = uuid.uuid4()
    give(world, key=key)

    with pytest.raises(services.KeyUsed):
        give(world, key=key)


def test_an_archived_device_gets_nothing_and_one_in_stock_does(world):
    Device.objects.update(customer=None)
    order = give(world, why=WhyFree.TEST)
    work_all()
    order.refresh_from_db()
    assert order.state == "issued"
    assert not Message.objects.exists()

    archive_device(device_id=world.meter.pk, archived_at=timezone.now(), actor=None)
    with pytest.raises(DeviceArchived):
        give(world)


def test_silence_of_the_maker_buys_nothing_twice(world, monkeypatch):
    calls = []

    def silent(self, request):
        calls.append(request)
        raise OutcomeUnknown("silence")

    monkeypatch.setattr(DemoMeter, "issue_token", silent)
    monkeypatch.setattr(DemoMeter, "idempotency", "none")
    order = give(world)
    work_all()
    work_all()

    order.refresh_from_db()
    assert (order.state, len(calls)) == ("in_doubt", 1)
