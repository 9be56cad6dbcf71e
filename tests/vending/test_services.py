"""Orders: retries, doubts, look-ups, pauses, and what a dead worker leaves."""

import datetime as dt
import json
from decimal import Decimal as D

import pytest
import requests
import responses
from django.utils import timezone

from ledger.models import Account
from ledger.selectors import balance
from messaging.models import Message
from plugins import registry
from plugins.contracts import Idempotency
from plugins.errors import Unavailable
from plugins.models import Connection, Exchange
from tests.payments.makers import CALIN_URL, answering, asked_long_ago, silent, use_calin
from vending import services, sweeps, tasks
from vending.models import TokenOrder
from vending.services.issuing import put_back

HISTORY = "https://smart.test/api/POS_PurchaseHistory"
PURCHASE = "https://smart.test/api/POS_Purchase/"
TOKEN = "54016783091927571586"


@pytest.fixture
def smart(world):
    """Neema's meter is one of Calin's smart meters, whose maker can be asked about past purchases."""
    world.meter.manufacturer = "calin_smart_meter"
    world.meter.save(update_fields=["manufacturer"])
    return Connection.objects.create(
        plugin="calin_smart_meter",
        kind="manufacturer",
        settings={
            "api_url": "https://smart.test/api",
            "company_name": "SunnyVillage",
            "user_name": "clerk",
            "maintenance_user_name": "",
            "check_serial": "",
            "time_zone": "UTC",
        },
        secrets={"password": "pw-login", "password_vend": "pw-vend"},
    )


def history(*tokens, kwh=12.5):
    rows = [
        {
            "token": token,
            "total_unit": kwh,
            "meter_number": "47000100011",
            "gen_datetime": timezone.now().strftime("%Y-%m-%d %H:%M:%S"),
        }
        for token in tokens
    ]
    return {"result_code": 0, "reason": "OK", "result": rows}


@pytest.fixture
def doubtful(smart, pay):
    """An order in doubt at a maker that can be asked."""
    with silent(PURCHASE):
        pay("5000")
    return TokenOrder.objects.get()


def ask(order, answer):
    with responses.RequestsMock() as mock:
        mock.add("POST", HISTORY, json=answer)
        return services.look_up(order.pk)


def let_it_be_over(order):
    asked_long_ago()
    order.refresh_from_db()


def test_a_token_that_the_maker_remembers_settles_the_doubt(doubtful):
    messages = ask(doubtful, history(TOKEN))

    doubtful.refresh_from_db()
    assert (doubtful.state, doubtful.token) == ("issued", TOKEN)
    assert [m.purpose for m in messages] == ["token"]
    assert balance(Account.ORDERED, doubtful.pk) == 0


def test_an_early_nothing_is_not_believed(doubtful):
    ask(doubtful, history())

    doubtful.refresh_from_db()
    assert doubtful.state == "in_doubt"
    assert doubtful.available_at is not None


def test_a_look_up_that_fails_by_our_own_error_comes_later_and_later_then_a_person_looks(
    doubtful, monkeypatch
):
    monkeypatch.setattr("vending.services.look_up", lambda _: 1 / 0)
    gaps = []

    for _ in range(30):
        with pytest.raises(ZeroDivisionError):
            tasks.look_up_token(schema="jua", order_id=doubtful.pk)
        doubtful.refresh_from_db()
        gaps.append(doubtful.available_at and doubtful.available_at - timezone.now())

    assert [round(gap.total_seconds()) for gap in gaps[:4]] == [5, 15, 60, 300]
    assert (doubtful.state, gaps[-1]) == ("in_doubt", None)


def test_a_late_nothing_means_not_bought_so_it_is_ordered_again(doubtful):
    let_it_be_over(doubtful)

    ask(doubtful, history())

    doubtful.refresh_from_db()
    assert (doubtful.state, doubtful.token) == ("due", "")
    assert balance(Account.ORDERED, doubtful.pk) == D(5000)


def test_a_nothing_is_not_believed_while_a_later_call_for_the_same_meter_may_still_act(doubtful):
    """The other may hold what was bought for ours, and what is bought for it may still come."""
    let_it_be_over(doubtful)
    TokenOrder.objects.create(
        device=doubtful.device, source="payment", source_id=0, quantity=D("12.5"), unit="kwh",
        state="issued", token=TOKEN, created_at=timezone.now(), requested_at=timezone.now(),
    )  # fmt: skip

    ask(doubtful, history(TOKEN))

    doubtful.refresh_from_db()
    assert doubtful.state == "in_doubt"


def test_several_candidates_are_left_to_a_person(doubtful):
    let_it_be_over(doubtful)

    ask(doubtful, history(TOKEN, "11111111111111111111"))

    doubtful.refresh_from_db()
    assert (doubtful.state, doubtful.available_at) == ("in_doubt", None)


def test_tokens_that_we_know_are_not_candidates(doubtful):
    TokenOrder.objects.create(
        device=doubtful.device, source="payment", source_id=0, quantity=D("12.5"), unit="kwh",
        state="issued", token=TOKEN, created_at=timezone.now(),
    )  # fmt: skip
    let_it_be_over(doubtful)

    ask(doubtful, history(TOKEN))

    doubtful.refresh_from_db()
    assert doubtful.state == "due"


def test_a_call_on_its_way_for_the_same_meter_holds_the_look_up_back(doubtful):
    TokenOrder.objects.create(
        device=doubtful.device, source="payment", source_id=0, quantity=D("12.5"), unit="kwh",
        state="requested", leased_until=timezone.now(), created_at=timezone.now(),
    )  # fmt: skip
    let_it_be_over(doubtful)

    with responses.RequestsMock():
        services.look_up(doubtful.pk)

    doubtful.refresh_from_db()
    assert doubtful.state == "in_doubt"


def test_no_connection_is_tried_again_with_growing_gaps(world, pay):
    use_calin(world.meter)
    refused = requests.ConnectTimeout("refused")
    with responses.RequestsMock() as mock:
        mock.add("POST", CALIN_URL, body=refused)
        pay("5000")
        order = TokenOrder.objects.get()
        gap = order.available_at - timezone.now()

    assert (order.state, order.attempts) == ("due", 2)
    assert order.events.filter(kind="unavailable").count() == 2
    assert dt.timedelta(seconds=5) < gap < dt.timedelta(seconds=16)


def test_after_a_day_without_connection_a_person_has_to_look(world, pay):
    use_calin(world.meter)
    with responses.RequestsMock() as mock:
        mock.add("POST", CALIN_URL, body=requests.ConnectTimeout("refused"))
        pay("5000")
        order = TokenOrder.objects.get()
        TokenOrder.objects.update(attempts=29)
        services.issue(order.pk)

    order.refresh_from_db()
    assert (order.state, order.is_paused, order.available_at) == ("due", True, None)


def test_an_order_of_a_dead_worker_is_in_doubt_never_due(world, pay):
    use_calin(world.meter)
    with silent():
        pay("5000")
    past = timezone.now() - dt.timedelta(seconds=1)
    TokenOrder.objects.update(state="requested", leased_until=past)
    order = TokenOrder.objects.get()

    services.release_lost(order.pk)

    order.refresh_from_db()
    assert order.state == "in_doubt"
    with pytest.raises(services.OrderNotDue):
        services.issue(order.pk)


@pytest.fixture
def honouring(world, pay, monkeypatch):
    """An order whose first call was not answered, at a maker that honours our number: due again."""
    use_calin(world.meter)
    monkeypatch.setattr(registry.manufacturer("calin_meter"), "idempotency", Idempotency.KEY)
    with silent():
        pay("5000")
    order = TokenOrder.objects.get()
    assert order.state == "due"
    assert [event.kind for event in order.events.all()] == ["in_doubt", "in_doubt"]
    return order


def test_a_refused_repeat_of_an_unanswered_call_proves_nothing(honouring):
    """The maker may refuse the number because it sold under it."""
    with answering(code=7, reason="Duplicate number"):
        services.issue(honouring.pk)

    honouring.refresh_from_db()
    assert (honouring.state, honouring.available_at) == ("in_doubt", None)
    assert "earlier call was not answered" in honouring.reason
    assert balance(Account.ORDERED, honouring.pk) == D(5000)


def test_a_refusal_is_believed_where_nothing_went_unanswered(world, pay):
    use_calin(world.meter)
    with answering(code=7, reason="Unknown meter"):
        pay("5000")

    assert TokenOrder.objects.get().state == "refused"


def test_a_refusal_is_believed_once_the_maker_has_shown_that_it_sold_nothing(doubtful):
    let_it_be_over(doubtful)
    ask(doubtful, history())

    with responses.RequestsMock() as mock:
        mock.add("POST", PURCHASE, json={"result_code": 7, "reason": "Unknown meter"})
        services.issue(doubtful.pk)

    doubtful.refresh_from_db()
    assert doubtful.state == "refused"


def test_money_of_an_order_that_may_be_bought_is_not_given_back_while_its_call_may_act(
    honouring, amina
):
    with pytest.raises(services.MayStillAct):
        services.give_back(order_id=honouring.pk, reason="Not there", actor=amina)
    asked_long_ago()

    services.give_back(order_id=honouring.pk, reason="Not there", actor=amina)

    honouring.refresh_from_db()
    assert honouring.state == "refused"


def test_an_order_whose_lease_still_runs_is_left_alone(world, pay):
    use_calin(world.meter)
    with silent():
        pay("5000")
    later = timezone.now() + dt.timedelta(minutes=2)
    TokenOrder.objects.update(state="requested", leased_until=later)

    services.release_lost(TokenOrder.objects.get().pk)

    assert TokenOrder.objects.get().state == "requested"


def test_a_worker_that_woke_up_late_does_not_put_back_anothers_order(world, pay):
    use_calin(world.meter)
    with silent():
        pay("5000")
    later = timezone.now() + dt.timedelta(minutes=2)
    TokenOrder.objects.update(state="requested", leased_until=later)
    late = TokenOrder.objects.get()
    TokenOrder.objects.update(attempts=late.attempts + 1)

    put_back(late, Unavailable("No connection."))

    assert TokenOrder.objects.get().state == "requested"


def test_an_order_is_bought_once_however_often_it_is_rung(world, pay):
    use_calin(world.meter)
    with answering() as maker:
        pay("5000")
        order = TokenOrder.objects.get()
        for _ in range(3):
            with pytest.raises(services.OrderNotDue):
                services.issue(order.pk)
        assert len(maker.calls) == 1


def test_a_plug_in_that_is_off_pauses_and_issues_nothing(world, pay):
    connection = use_calin(world.meter)
    Connection.objects.filter(pk=connection.pk).update(is_on=False)

    with responses.RequestsMock():
        pay("5000")

    order = TokenOrder.objects.get()
    assert (order.state, order.is_paused, order.attempts) == ("due", True, 0)


def test_a_token_that_comes_late_settles_its_own_doubt(world, pay):
    use_calin(world.meter)
    with silent():
        pay("5000")
    order = TokenOrder.objects.get()
    from vending.services.issuing import close_as_issued

    close_as_issued(order, TOKEN)

    order.refresh_from_db()
    assert (order.state, order.token) == ("issued", TOKEN)


def test_a_token_that_comes_after_the_money_went_back_is_kept_for_staff(world, amina, pay):
    use_calin(world.meter)
    with silent():
        pay("5000")
    order = TokenOrder.objects.get()
    asked_long_ago()
    services.give_back(order_id=order.pk, reason="Not there", actor=amina)
    from vending.services.issuing import close_as_issued

    close_as_issued(order, TOKEN)

    order.refresh_from_db()
    assert (order.state, order.token) == ("refused", "")
    assert TOKEN in order.events.get(kind="found").text


@pytest.mark.parametrize("token", ["123", "2276 8092 0054 2109 351X", ""])
def test_a_typed_token_must_be_one(world, amina, pay, token):
    use_calin(world.meter)
    with silent():
        pay("5000")
    order = TokenOrder.objects.get()

    with pytest.raises(services.TokenRefused):
        services.settle_doubt(order_id=order.pk, token=token, reason="x", actor=amina)

    order.refresh_from_db()
    assert order.state == "in_doubt"


def test_the_exchange_is_logged_without_secrets(world, pay):
    use_calin(world.meter)
    with answering():
        pay("5000")

    exchange = Exchange.objects.get()
    assert (exchange.source, exchange.operation, exchange.status) == ("order", "credit", 200)
    assert "calin-key-7f3a" not in json.dumps(exchange.request_text)
    assert '"meter_id": "47000100011"' in exchange.request_text


def test_the_sweep_knows_when_to_look_again(world, jua, pay):
    use_calin(world.meter)
    idle = sweeps.next_due(jua)
    with responses.RequestsMock() as mock:
        mock.add("POST", CALIN_URL, body=requests.ConnectTimeout("refused"))
        pay("5000")

    assert idle is None
    assert sweeps.next_due(jua) == TokenOrder.objects.get().available_at


def test_the_customer_hears_of_a_doubt_and_of_its_end(world, amina, pay, work):
    use_calin(world.meter)
    with silent():
        pay("5000")
    asked_long_ago()
    services.give_back(order_id=TokenOrder.objects.get().pk, reason="Not there", actor=amina)
    work()

    first, second = Message.objects.order_by("pk")
    assert "takes a little longer" in first.text
    assert "kept as credit" in second.text
