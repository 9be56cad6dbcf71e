"""The page that gives a token without payment."""

import uuid

import pytest
from django.urls import reverse

from devices.models import Device
from ledger.models import Posting
from tests.line import work_all
from vending.models import TokenOrder


@pytest.fixture
def address(world):
    return reverse("desk:device-free-token", args=[world.meter.public_id])


def filled(**changes):
    facts = {
        "task": "credit",
        "quantity": "2.5",
        "why": "compensation",
        "reason": "Two days without power",
        "key": str(uuid.uuid4()),
    }
    return {**facts, **changes}


def test_a_manager_gives_a_token_and_sees_where_it_stands(accountant, address, world):
    answer = accountant.post(address, filled())
    work_all()

    order = TokenOrder.objects.get()
    assert answer.headers["Location"] == reverse("desk:order", args=[order.public_id])
    assert (order.state, order.without_payment, order.note) == (
        "issued",
        True,
        "Two days without power",
    )
    assert accountant.get(answer.headers["Location"], follow=True).status_code == 200
    assert not Posting.objects.exists()


def test_the_same_form_sent_twice_gives_one_token(owner, address):
    once = filled()
    owner.post(address, once)
    again = owner.post(address, once)

    assert again.status_code == 302
    assert TokenOrder.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"quantity": ""}, "Write how much to give."),
        ({"quantity": "11"}, "at most 10 kWh"),
        ({"quantity": "-1"}, "more than 0"),
        ({"quantity": "x"}, "Enter a number."),
        ({"reason": ""}, "This field is required."),
        ({"task": "explode"}, "Select a valid choice."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_ordered(owner, address, changes, said):
    answer = owner.post(address, filled(**changes))

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not TokenOrder.objects.exists()


def test_the_limits_of_the_settings_hold(owner, address, jua):
    jua.free_tokens_per_day = 0
    jua.save()

    page = owner.get(address).content.decode()

    assert "None left today." in page
    assert '<button class="btn btn-primary">' not in page
    assert owner.post(address, filled()).status_code == 422


def test_the_page_of_a_device_leads_there_for_whom_it_is(owner, clerk, address, world):
    device = reverse("desk:device", args=[world.meter.public_id])

    assert address in owner.get(device).content.decode()
    assert address not in clerk.get(device).content.decode()
    assert clerk.post(address, filled()).status_code == 403


def test_a_device_that_was_replaced_says_where_its_payments_go(owner, world):
    new = Device.objects.create(
        kind="meter", manufacturer=world.meter.manufacturer, serial="47000100099",
        village=world.village, tariff=world.tariff,
    )  # fmt: skip
    Device.objects.filter(pk=world.meter.pk).update(
        customer=None, archived_at=world.meter.assigned_at, replaced_by=new
    )

    page = owner.get(reverse("desk:device", args=[world.meter.public_id])).content.decode()

    assert "Payments for its number go to Meter 47000100099" in page
