"""The list of devices, the page of one, and what can be asked of it."""

from decimal import Decimal

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from devices import serial_check, tasks
from devices.models import Device
from ledger.models import Account
from ledger.selectors import balance
from plugins.contracts import Capability, DeviceFacts
from plugins.demo_meter.adapter import DemoMeter
from plugins.errors import Unavailable
from plugins.models import Connection
from tests.desk.said import said
from vending.models import TokenOrder

LIST = "desk:device-list"


@pytest.fixture(autouse=True)
def fresh_cache(jua):
    cache.clear()
    yield
    cache.clear()


def add_device(world, number, **fields):
    given = {
        "kind": "meter",
        "manufacturer": "demo_meter",
        "serial": f"5500{number:05d}",
        "village": world.village,
        "tariff": world.tariff,
    }
    return Device.objects.create(**{**given, **fields})


def found(client, **params):
    response = client.get(reverse(LIST), params)
    assert response.status_code == 200
    return response


def serials(response):
    return [row.device.serial for row in response.context["rows"]]


def detail(client, device):
    response = client.get(reverse("desk:device", args=[device.public_id]))
    assert response.status_code == 200
    return response


def test_an_empty_list_says_how_devices_come_about(clerk, jua):
    assert "No devices yet" in found(clerk).content.decode()


@pytest.mark.parametrize("text", ["47000100011", "0001000", "4700 0100 011", "neema", "0754123456"])
def test_a_device_is_found_by_part_of_its_number_or_by_its_customer(clerk, world, text):
    add_device(world, 1)
    assert serials(found(clerk, q=text)) == ["47000100011"]


def test_devices_are_filtered_by_kind_maker_and_owner(clerk, world):
    kit = add_device(world, 1, kind="shs", manufacturer="sunking", tariff=None)
    assert serials(found(clerk, kind="shs")) == [kit.serial]
    assert serials(found(clerk, manufacturer="sunking")) == [kit.serial]
    assert serials(found(clerk, state="free")) == [kit.serial]
    assert serials(found(clerk, state="with_customer")) == ["47000100011"]
    kit.archived_at = timezone.now()
    kit.save()
    assert serials(found(clerk, state="archived")) == [kit.serial]


def test_a_device_of_a_maker_that_is_no_longer_installed_is_still_shown(clerk, world):
    gone = add_device(world, 1, manufacturer="bygone")
    assert "bygone" in found(clerk).content.decode()
    detail(clerk, gone)


def test_the_list_asks_the_same_however_many_devices_there_are(
    clerk, world, django_assert_max_num_queries
):
    add_device(world, 1)
    found(clerk)
    with django_assert_max_num_queries(25) as few:
        found(clerk)
    count = len(few)
    for number in range(100, 140):
        add_device(world, number, customer=world.neema, assigned_at=timezone.now())
    with django_assert_max_num_queries(count):
        found(clerk)


def test_the_page_shows_tokens_with_the_payments_that_bought_them(clerk, world, pay):
    payment = pay("4999")
    response = detail(clerk, world.meter)
    page = response.context["page"]
    (row,) = page.orders
    assert row.payment == payment
    assert row.token in response.content.decode()
    assert row.token.replace(" ", "") == TokenOrder.objects.get().token
    assert page.credit == Decimal(39)
    assert page.price_per_kwh == Decimal(400)
    assert "39" in response.content.decode()


def test_the_page_asks_the_same_however_many_tokens_there_are(
    clerk, world, pay, django_assert_max_num_queries
):
    pay("4999")
    detail(clerk, world.meter)
    with django_assert_max_num_queries(50) as few:
        detail(clerk, world.meter)
    count = len(few)
    for _ in range(5):
        pay("5000")
    with django_assert_max_num_queries(count):
        detail(clerk, world.meter)


def test_a_device_of_nobody_says_that_payments_are_refused(clerk, world):
    free = add_device(world, 1)
    assert "Without a customer." in detail(clerk, free).content.decode()


# --- issue from credit ---


@pytest.fixture
def with_credit(world, pay, monkeypatch):
    """Neema's meter holds 5000 of credit, because its maker refused a token."""
    from plugins.errors import Rejected

    def refuse(self, request):
        raise Rejected("No such meter")

    with monkeypatch.context() as patch:
        patch.setattr(DemoMeter, "issue_token", refuse)
        pay("5000")
    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == Decimal(5000)
    return world.meter


def issue_url(device):
    return reverse("desk:device-issue", args=[device.public_id])


def test_the_step_is_offered_to_those_who_may_and_asked_once(accountant, clerk, with_credit):
    assert issue_url(with_credit) in detail(accountant, with_credit).content.decode()
    assert issue_url(with_credit) not in detail(clerk, with_credit).content.decode()
    text = accountant.get(issue_url(with_credit)).content.decode()
    assert "Issue 12.5\u00a0kWh from credit?" in text
    assert TokenOrder.objects.count() == 1


def test_too_little_credit_is_not_offered(accountant, world, pay):
    pay("4999")
    assert issue_url(world.meter) not in detail(accountant, world.meter).content.decode()
    assert "too little" in accountant.get(issue_url(world.meter)).content.decode()


def test_credit_becomes_an_order_once_however_often_it_is_sent(accountant, with_credit):
    key = accountant.get(issue_url(with_credit)).context["form"]["key"].value()
    for _ in range(2):
        response = accountant.post(issue_url(with_credit), said(key=key))
        assert response.status_code == 302
        assert response.headers["Location"] == reverse("desk:device", args=[with_credit.public_id])
    order = TokenOrder.objects.get(source="credit")
    assert order.quantity == Decimal("12.5")
    assert balance(Account.DEVICE_CREDIT, with_credit.pk) == 0


def test_credit_that_is_gone_meanwhile_is_refused_with_422(accountant, with_credit):
    accountant.post(issue_url(with_credit), said())
    response = accountant.post(issue_url(with_credit), said())
    assert response.status_code == 422
    assert TokenOrder.objects.filter(source="credit").count() == 1


def test_a_clerk_may_not_spend_credit(clerk, with_credit):
    assert clerk.post(issue_url(with_credit), said()).status_code == 403
    assert not TokenOrder.objects.filter(source="credit").exists()


# --- does the manufacturer know the number? ---


def check_url(device):
    return reverse("desk:device-check", args=[device.public_id])


@pytest.fixture
def can_look_up(monkeypatch):
    monkeypatch.setattr(DemoMeter, "capabilities", frozenset({Capability.LOOK_UP_DEVICE}))

    def answers(facts):
        def look_up(self, serial):
            if isinstance(facts, Exception):
                raise facts
            return facts

        monkeypatch.setattr(DemoMeter, "look_up_device", look_up)

    return answers


def test_the_question_is_not_offered_where_the_maker_cannot_answer(clerk, world, monkeypatch):
    monkeypatch.setattr(DemoMeter, "capabilities", frozenset())
    assert check_url(world.meter) not in detail(clerk, world.meter).content.decode()
    clerk.post(check_url(world.meter))
    assert serial_check.latest_check(world.meter.pk) is None


def test_asking_calls_nobody_inside_the_request(clerk, world, can_look_up):
    can_look_up(AssertionError("called inside a web request"))
    response = clerk.post(check_url(world.meter))
    assert response.status_code == 302
    check = serial_check.latest_check(world.meter.pk)
    assert check.is_waiting
    text = detail(clerk, world.meter).content.decode()
    assert "being asked" in text
    assert 'hx-trigger="every 3s"' in text
    assert "Look again" in text


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (DeviceFacts(is_known=True, description="Model X"), "Known."),
        (DeviceFacts(is_known=False), "Not known there."),
        (Unavailable("No connection."), "No answer."),
    ],
)
def test_what_the_maker_says_stands_on_the_page_and_ends_the_polling(
    clerk, world, can_look_up, answer, words
):
    can_look_up(answer)
    clerk.post(check_url(world.meter))
    serial_check.check(world.meter.pk)
    fragment = clerk.get(check_url(world.meter), headers={"hx-request": "true"}).content.decode()
    assert words in fragment
    assert "hx-trigger" not in fragment
    assert "<html" not in fragment
    assert words in detail(clerk, world.meter).content.decode()


def test_empty_settings_of_the_connection_are_named(world):
    world.meter.manufacturer = "calin_smart_meter"
    world.meter.save(update_fields=["manufacturer"])
    Connection.objects.create(plugin="calin_smart_meter", kind="manufacturer")

    check = serial_check.check(world.meter.pk)

    assert check.state == "failed"
    assert check.text.startswith("The connection's settings lack ")


def test_a_check_that_fails_in_our_program_is_not_waited_for(world, monkeypatch):
    def broken(_device_id):
        raise RuntimeError("a bug")

    monkeypatch.setattr(serial_check, "check", broken)
    serial_check.ask_check(world.meter.pk)

    with pytest.raises(RuntimeError):
        tasks.check_serial(schema="jua", device_id=world.meter.pk)

    assert serial_check.latest_check(world.meter.pk).state == "failed"


def test_a_question_that_nobody_takes_up_is_not_waited_for_for_ever(clerk, world, can_look_up):
    serial_check.ask_check(world.meter.pk)
    state, text, at = cache.get(f"serial-check-{world.meter.pk}")
    cache.set(f"serial-check-{world.meter.pk}", (state, text, at - serial_check.PATIENCE))
    text = detail(clerk, world.meter).content.decode()
    assert "within three minutes" in text
    assert "hx-trigger" not in text


def test_without_script_the_answer_is_on_the_page_itself(clerk, world, can_look_up):
    response = clerk.get(check_url(world.meter))
    assert response.status_code == 302
    assert response.headers["Location"].endswith("#check")
