"""Orders that wait are looked at in time: whoever puts one off tells the sweeper."""

import datetime as dt

import pytest
from django.utils import timezone

from plugins.models import Connection
from tenants.models import DueWork
from tests.payments.makers import answering, silent, use_calin
from vending import services, sweeps
from vending.models import TokenOrder
from vending.services import issuing

SOON = dt.timedelta(seconds=16)


@pytest.fixture
def busy(jua):
    """The sweeper comes in two minutes only, for the lease of somebody else's order."""

    def busy():
        later = timezone.now() + dt.timedelta(minutes=2)
        DueWork.objects.update_or_create(company=jua, kind="line", defaults={"due_at": later})

    return busy


def comes_soon():
    return DueWork.objects.filter(kind="line", due_at__lte=timezone.now() + SOON).exists()


@pytest.fixture
def order(world, pay):
    """An order of Calin's that waits, its plug-in being off."""
    calin = use_calin(world.meter)
    Connection.objects.update(is_on=True)
    Connection.objects.filter(pk=calin.pk).update(is_on=False)
    pay("5000")
    Connection.objects.filter(pk=calin.pk).update(is_on=True)
    return TokenOrder.objects.get()


def due(order):
    TokenOrder.objects.filter(pk=order.pk).update(
        state="due", paused_reason="", available_at=timezone.now()
    )


def test_an_order_that_a_good_check_resumes_is_looked_at_again(order):
    DueWork.objects.all().delete()

    services.resume_paused(Connection.objects.get(plugin="calin_meter"))

    order.refresh_from_db()
    assert (order.is_paused, order.attempts) == (False, 0)
    assert order.available_at <= timezone.now()
    assert comes_soon()


def test_an_order_that_is_put_back_for_seconds_does_not_wait_for_minutes(order, busy):
    due(order)
    busy()

    with answering(status=429, body=""):
        services.issue(order.pk)

    order.refresh_from_db()
    assert order.state == "due"
    assert comes_soon()


def test_a_doubt_is_looked_at_soon(order, busy):
    due(order)
    busy()

    with silent():
        services.issue(order.pk)

    order.refresh_from_db()
    assert order.state == "in_doubt"
    assert comes_soon()


def test_an_order_is_not_paused_for_good_when_its_connection_was_mended_meanwhile(
    order, monkeypatch
):
    due(order)
    stale = Connection.objects.get(plugin="calin_meter")
    stale.paused_reason = "The account is empty."
    monkeypatch.setattr(issuing, "connection_for", lambda _: stale)

    services.issue(order.pk)

    order.refresh_from_db()
    assert (order.state, order.is_paused) == ("due", False)
    assert order.available_at is not None


def test_a_maker_that_is_no_longer_installed_pauses_its_orders(order):
    due(order)
    Connection.objects.filter(plugin="calin_meter").update(plugin="gone_meter")
    order.device.manufacturer = "gone_meter"
    order.device.save(update_fields=["manufacturer"])

    services.issue(order.pk)

    order.refresh_from_db()
    assert (order.state, order.paused_reason) == (
        "due",
        "The manufacturer's plug-in is no longer installed.",
    )


def test_a_lost_order_of_a_maker_that_is_no_longer_installed_is_in_doubt(order):
    past = timezone.now() - dt.timedelta(seconds=1)
    TokenOrder.objects.update(state="requested", leased_until=past, paused_reason="")
    order.device.manufacturer = "gone_meter"
    order.device.save(update_fields=["manufacturer"])

    services.release_lost(order.pk)

    order.refresh_from_db()
    assert order.state == "in_doubt"


def test_the_sweep_calls_nobody_itself(order, jua, monkeypatch):
    rung = []
    monkeypatch.setattr(sweeps, "ring", lambda task, **kwargs: rung.append((task.name, kwargs)))
    past = timezone.now() - dt.timedelta(seconds=1)
    TokenOrder.objects.update(state="requested", leased_until=past, paused_reason="")

    sweeps.restart(jua)

    order.refresh_from_db()
    assert order.state == "requested"
    assert rung == [("vending.tasks.release_order", {"schema": "jua", "order_id": order.pk})]
