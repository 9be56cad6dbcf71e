"""The trace of a payment: its page, the decisions made on it, and its command."""

import datetime as dt
import json
import uuid
from decimal import Decimal
from io import StringIO

import pytest
import requests
import responses
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry
from appliances.models import Appliance, Instalment, Plan
from devices.models import AccessFee
from ledger.models import Account
from ledger.selectors import balance, trial_balance
from messaging.models import Message
from payments.models import Callback, Conflict, OneTimeKey, OperatorResult, Payment
from plugins.models import Connection
from tests.desk.said import said
from tests.payments.makers import CALIN_URL, answering, asked_long_ago, silent, use_calin
from vending.models import TokenOrder

LONG_AFTER = dt.timedelta(minutes=10)


def url(payment):
    return f"/payments/{payment.public_id}/"


def text_of(response):
    return " ".join(response.content.decode().replace("\u00a0", " ").split())


@pytest.fixture
def doubtful(world, airtel, work):
    """A payment whose manufacturer took the order and never answered."""
    use_calin(world.meter)
    airtel(amount="5000", reference="DOUBT")
    with silent():
        work()
    return Payment.objects.get()


@pytest.fixture
def refused(world, airtel, work):
    use_calin(world.meter)
    airtel(amount="5000", reference="REFUSED")
    with answering(code=1, reason="Device not found"):
        work()
    return Payment.objects.get()


@pytest.fixture
def unmatched(world, airtel):
    """Money that we keep although nobody knows whose it is."""
    airtel(amount="5000", account="4700010001", reference="LOST")
    Payment.objects.update(state="unmatched")
    return Payment.objects.get()


# --- what it tells ---


def test_a_payment_that_went_through_says_so_first_and_shows_its_token(world, owner, pay):
    payment = pay("5000")
    order = TokenOrder.objects.get()

    page = owner.get(url(payment))

    text = text_of(page)
    grouped = " ".join(order.token[i : i + 4] for i in range(0, 20, 4))
    assert page.status_code == 200
    assert text.index("Done.") < text.index(grouped) < text.index("What it paid for")
    assert "The token for 12.5 kWh was issued." in text
    assert "Airtel Money reported TZS 5,000 from +255 754 123 456 for 47000100011." in text
    assert "Meter 47000100011 belongs to Neema Bahati" in text
    assert Message.objects.get().text in text
    assert page.content.decode().count("btn-primary") == 1


def test_the_split_is_drawn_and_adds_up(world, owner, pay):
    fan = Appliance.objects.create(name="Fan")
    plan = Plan.objects.create(
        customer=world.neema, appliance=fan, price=Decimal(3500), sold_at=timezone.now()
    )
    today = dt.date(2026, 11, 1)
    Instalment.objects.create(plan=plan, number=5, due_date=today, cost=Decimal(3500), days=30)
    AccessFee.objects.create(device=world.meter, due_date=today, amount=Decimal(1000))
    payment = pay("10000")

    page = owner.get(url(payment))

    split = page.context["trace"].split
    assert [(p.tone, p.label, p.amount) for p in split.parts] == [
        ("p1", "Fan, instalment 5", Decimal(3500)),
        ("p2", "Access fee", Decimal(1000)),
        ("p3", "Energy, 13.7\u00a0kWh", Decimal(5480)),
        ("p4", "Kept as credit", Decimal(20)),
    ]
    assert split.total == payment.amount
    assert sum(p.width for p in split.parts) + 3 * 6 == 1000
    assert min(p.width for p in split.parts) >= 14
    assert "style=" not in page.content.decode()


def test_a_down_payment_is_called_so(world, owner, pay):
    plan = Plan.objects.create(
        customer=world.neema,
        appliance=Appliance.objects.create(name="Fan"),
        price=Decimal(3500),
        sold_at=timezone.now(),
    )
    today = dt.date(2026, 11, 1)
    Instalment.objects.create(plan=plan, number=0, due_date=today, cost=Decimal(3500), days=0)

    page = owner.get(url(pay("10000")))

    assert page.context["trace"].split.parts[0].label == "Fan, down payment"


def test_debts_alone_are_told_as_done_without_a_token(world, owner, pay):
    AccessFee.objects.create(
        device=world.meter, due_date=dt.date(2026, 11, 1), amount=Decimal(9000)
    )
    payment = pay("5000")

    text = text_of(owner.get(url(payment)))

    assert "There was nothing to issue a token for" in text
    assert 'class="token"' not in text


def test_repeats_and_conflicts_are_steps_of_the_first_station(world, owner, airtel, pay):
    payment = pay("5000", reference="AT1")
    airtel(amount="5000", reference="AT1")
    airtel(amount="8000", reference="AT1")

    page = owner.get(url(payment))

    text = text_of(page)
    assert "The same receipt again: recognised, not counted twice." in text
    assert "The same receipt again, but with TZS 8,000 for 47000100011: refused" in text
    assert "One receipt, two reports." in text
    assert page.context["trace"].stations[0].tone == "warn"
    assert page.content.decode().count("btn-primary") == 1


def test_a_retry_is_told_with_what_was_not_bought(world, owner, airtel, work):
    use_calin(world.meter)
    airtel(amount="5000", reference="AT1")
    with responses.RequestsMock() as mock:
        mock.add("POST", CALIN_URL, body=requests.exceptions.ConnectTimeout("no route"))
        work()
    with answering():
        work()

    text = text_of(owner.get(url(Payment.objects.get())))

    assert "Calin keypad meters could not be reached, so nothing was bought." in text
    assert "Asked Calin keypad meters again." in text
    assert "Calin keypad meters issued the token after" in text
    assert text.index("could not be reached") < text.index("issued the token after")


def test_the_raw_call_is_shown_without_its_secrets(world, owner, pay):
    payment = pay("5000")

    text = text_of(owner.get(url(payment)))

    assert "What Airtel Money sent at" in text
    assert "&lt;AMOUNT&gt;5000&lt;/AMOUNT&gt;" in text
    assert "airtel-pw" not in text
    assert "••••" in text


def test_who_may_not_read_raw_calls_or_books_sees_neither(world, clerk, pay):
    payment = pay("5000")

    text = text_of(clerk.get(url(payment)))

    assert "What Airtel Money sent" not in text
    assert "Postings in the books" not in text
    assert "Done." in text


def test_the_operators_result_is_a_step(world, owner, pay):
    payment = pay("5000")
    now = timezone.now()
    OperatorResult.objects.create(
        payment=payment, is_accepted=True, message="Success", decided_at=now, available_at=now,
        attempts=3, reason="The broker does not answer",
    )  # fmt: skip

    text = text_of(owner.get(url(payment)))

    assert "Our word to Airtel Money: payment accepted." in text
    assert "has not confirmed it yet, tried 3 times. The broker does not answer." in text


def test_a_price_that_changed_between_question_and_payment_is_said(world, owner, airtel, pay):
    airtel("validation", amount="5000", reference="AT1")
    Callback.objects.update(price=Decimal(350))
    payment = pay("5000", reference="AT1")

    text = text_of(owner.get(url(payment)))

    assert "The price changed between question and payment, from TZS 350 to TZS 400." in text


def test_a_returned_payment_says_why_and_can_be_put_away(world, accountant, airtel):
    airtel(amount="5000", account="999", reference="LOST")
    payment = Payment.objects.get()

    before = text_of(accountant.get(url(payment)))
    put_away = accountant.post(f"{url(payment)}dismiss/", said())
    again = accountant.post(f"{url(payment)}dismiss/", said())

    assert "We said no: No device has this number. Airtel Money gives the money back" in before
    assert put_away.status_code == 302
    assert again.status_code == 422
    assert "Somebody else decided this already." in text_of(again)
    payment.refresh_from_db()
    assert payment.seen_at is not None
    assert payment.state == "returned"


def test_the_number_of_queries_does_not_grow_with_the_story(world, owner, airtel, pay):
    payment = pay("5000", reference="AT1")
    owner.get(url(payment))
    with CaptureQueriesContext(connection) as few:
        owner.get(url(payment))
    for _ in range(10):
        airtel(amount="5000", reference="AT1")
        Message.objects.create(
            phone="+255754123456", text="again", purpose="token", source="payment",
            source_id=payment.pk, created_at=timezone.now(),
        )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        owner.get(url(payment))

    assert len(few) == len(many) <= 30


# --- a token in doubt ---


def test_a_doubt_says_what_to_look_up(doubtful, accountant):
    page = accountant.get(url(doubtful))

    text = text_of(page)
    assert "We do not know whether Calin keypad meters issued the token." in text
    assert "Search for <b>47000100011</b>, <b>12.5 kWh</b>" in text
    assert "You see a summary before anything happens." in text


def test_who_may_not_decide_sees_the_doubt_and_no_form(doubtful, clerk):
    order = TokenOrder.objects.get()

    page = clerk.get(url(doubtful))
    decide = clerk.post(f"/orders/{order.public_id}/decide/", {"answer": "back"})
    settle = clerk.post(
        f"/orders/{order.public_id}/settle/",
        {"answer": "back", "reason": "x", "key": str(uuid.uuid4())},
    )

    assert "We do not know" in text_of(page)
    assert "What does the portal show?" not in text_of(page)
    assert decide.status_code == settle.status_code == 403
    assert TokenOrder.objects.get().state == "in_doubt"


def test_the_summary_changes_nothing(doubtful, accountant):
    order = TokenOrder.objects.get()

    summary = accountant.post(
        f"/orders/{order.public_id}/decide/",
        {"answer": "found", "token": "5401 6783 0919 2757 1586"},
    )

    text = text_of(summary)
    assert summary.status_code == 200
    assert "Use the token 5401 6783 0919 2757 1586?" in text
    assert "12.5 kWh on Meter 47000100011" in text
    assert TokenOrder.objects.get().state == "in_doubt"
    assert OneTimeKey.objects.count() == 0


@pytest.mark.parametrize("token", ["", "12", "not a token at all"])
def test_a_token_that_cannot_be_one_comes_back_with_422(doubtful, accountant, token):
    order = TokenOrder.objects.get()

    page = accountant.post(
        f"/orders/{order.public_id}/decide/", {"answer": "found", "token": token}
    )

    assert page.status_code == 422
    assert "is-invalid" in page.content.decode()
    assert TokenOrder.objects.get().state == "in_doubt"


def settle(client, order, **said):
    said = {"reason": "Looked in the portal", "key": str(uuid.uuid4()), **said}
    return client.post(f"/orders/{order.public_id}/settle/", said)


def test_a_found_token_is_stored_and_sent_once_however_often_it_is_sent(
    doubtful, accountant, django_capture_on_commit_callbacks
):
    order = TokenOrder.objects.get()
    said = {"answer": "found", "token": "54016783091927571586", "key": str(uuid.uuid4())}

    first = settle(accountant, order, **said)
    second = settle(accountant, order, **said)

    order.refresh_from_db()
    assert first.status_code == second.status_code == 302
    assert first.url == second.url == url(doubtful)
    assert (order.state, order.token) == ("issued", "54016783091927571586")
    assert order.decided_by == "Asha Mwinyi"
    assert Message.objects.filter(purpose="token").count() == 1
    assert "This was sent before" in text_of(accountant.get(second.url))
    assert AuditEntry.objects.filter(action="order.doubt_settled").count() == 1


def test_ordering_again_waits_until_the_first_call_can_no_longer_act(doubtful, accountant):
    order = TokenOrder.objects.get()

    early = settle(accountant, order, answer="anew")
    order.refresh_from_db()
    state = order.state
    asked_long_ago()
    late = settle(accountant, order, answer="anew")

    assert early.status_code == 422
    assert "may still act on the first request" in text_of(early)
    assert state == "in_doubt"
    assert late.status_code == 302
    order.refresh_from_db()
    assert order.state == "due"


def test_giving_back_keeps_the_money_as_credit(doubtful, accountant, world):
    order = TokenOrder.objects.get()

    asked_long_ago()
    answer = settle(accountant, order, answer="back")
    page = accountant.get(url(doubtful))

    assert answer.status_code == 302
    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == Decimal(5000)
    assert sum(trial_balance().values()) == 0
    assert "No token was issued; TZS 5,000 is credit of Meter 47000100011." in text_of(page)


def test_a_decision_without_a_reason_comes_back_with_422(doubtful, accountant):
    order = TokenOrder.objects.get()

    answer = settle(accountant, order, answer="found", token="54016783091927571586", reason=" ")

    assert answer.status_code == 422
    assert TokenOrder.objects.get().state == "in_doubt"


def test_a_second_person_with_another_form_is_told_that_it_is_decided(doubtful, accountant, owner):
    order = TokenOrder.objects.get()
    settle(owner, order, answer="found", token="54016783091927571586")

    late = settle(accountant, order, answer="found", token="54016783091927571587")

    assert late.status_code == 422
    assert "decided this order already" in text_of(late)
    assert TokenOrder.objects.get().token == "54016783091927571586"


# --- refused, paused ---


def test_a_refusal_offers_credit_and_can_be_left(refused, accountant, world):
    order = TokenOrder.objects.get()

    page = accountant.get(url(refused))
    left = accountant.post(f"/orders/{order.public_id}/dismiss/", said())
    again = accountant.post(f"/orders/{order.public_id}/dismiss/", said())

    text = text_of(page)
    assert "Calin keypad meters refused the token." in text
    assert "TZS 5,000 is kept as credit of Meter 47000100011." in text
    assert f"/devices/{world.meter.public_id}/issue/" in text
    assert left.status_code == 302
    assert again.status_code == 422
    order.refresh_from_db()
    assert (order.state, order.decided_by) == ("refused", "Asha Mwinyi")
    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == Decimal(5000)


def test_spending_the_credit_deals_with_the_refusal(refused, accountant, world):
    key = str(uuid.uuid4())

    accountant.post(f"/devices/{world.meter.public_id}/issue/", said(key=key))

    first, second = TokenOrder.objects.order_by("pk")
    assert (first.state, first.decided_by) == ("refused", "Asha Mwinyi")
    assert (second.source, second.cost) == ("credit", Decimal(5000))
    page = accountant.get(f"/orders/{second.public_id}/")
    assert "12.5 kWh for Meter 47000100011" in text_of(page)


def test_a_paused_token_names_the_reason_and_can_be_tried_again(world, owner, airtel, work):
    maker = use_calin(world.meter)
    Connection.objects.filter(pk=maker.pk).update(paused_reason="The password is wrong")
    airtel(amount="5000", reference="AT1")
    work()
    payment, order = Payment.objects.get(), TokenOrder.objects.get()

    page = owner.get(url(payment))
    tried = owner.post(f"/orders/{order.public_id}/retry/")

    text = text_of(page)
    assert "Nothing was bought: The password is wrong. It goes on by itself" in text
    assert "/settings/plug-ins/calin_meter/" in text
    assert tried.status_code == 302
    assert TokenOrder.objects.get().paused_reason == ""


def test_an_unlock_that_waits_can_be_closed_without_a_token(world, accountant):
    order = TokenOrder.objects.create(
        device=world.meter, task="unlock", source="credit", source_id=world.meter.pk,
        paused_reason="The kit is not known", created_at=timezone.now(),
    )  # fmt: skip
    address = f"/orders/{order.public_id}/"

    page = accountant.get(address)
    summary = accountant.get(f"{address}decide/?answer=back")
    settle(accountant, order, answer="back")

    assert "the unlock code for Meter 47000100011" in text_of(page)
    assert "Close it without a token…" in text_of(page)
    assert "the money stays on the plan" in text_of(summary)
    order.refresh_from_db()
    assert (order.state, order.decided_by) == ("refused", "Asha Mwinyi")


def test_trying_again_what_is_done_is_refused_in_words(world, owner, pay):
    payment = pay("5000")
    order = TokenOrder.objects.get()

    answer = owner.post(f"/orders/{order.public_id}/retry/")

    assert answer.status_code == 422
    assert "This order is not waiting any more." in text_of(answer)
    assert Payment.objects.get().state == payment.state


@pytest.mark.parametrize("verb", ["retry", "settle"])
def test_nothing_is_done_by_looking(doubtful, owner, verb):
    order = TokenOrder.objects.get()

    assert owner.get(f"/orders/{order.public_id}/{verb}/").status_code == 405


# --- unmatched ---


def test_an_unmatched_payment_names_devices_that_are_near(unmatched, accountant):
    page = accountant.get(f"{url(unmatched)}match/")

    text = text_of(page)
    assert "Neema Bahati" in text
    assert "The number is nearly “4700010001”." in text
    assert "The phone that paid is this customer" in text
    assert "waits for a customer" in text_of(accountant.get(url(unmatched)))


def test_a_search_finds_the_device_by_name(unmatched, accountant):
    page = accountant.get(f"{url(unmatched)}match/", {"q": "bahati"})
    none = accountant.get(f"{url(unmatched)}match/", {"q": "nobody"})

    assert [c.device.serial for c in page.context["found"].devices] == ["47000100011"]
    assert [str(c.customer) for c in page.context["found"].customers] == ["Neema Bahati"]
    assert none.context["found"].all == []


def test_matching_settles_the_money_there_once(unmatched, accountant, world, work):
    form = said(to=f"device:{world.meter.public_id}", reason="She called")

    first = accountant.post(f"{url(unmatched)}match/", form)
    second = accountant.post(f"{url(unmatched)}match/", form)
    unmatched.refresh_from_db()

    assert first.status_code == second.status_code == 302
    assert (unmatched.state, unmatched.device) == ("received", world.meter)
    assert AuditEntry.objects.filter(action="payment.assigned").count() == 1
    assert "Asha Mwinyi matched it to 47000100011. “She called”" in text_of(
        accountant.get(url(unmatched))
    )


def test_matching_without_a_device_or_reason_comes_back_with_422(unmatched, accountant):
    answer = accountant.post(f"{url(unmatched)}match/", {"key": str(uuid.uuid4())})

    assert answer.status_code == 422
    assert "Choose the device" in text_of(answer)
    unmatched.refresh_from_db()
    assert unmatched.state == "unmatched"


def test_who_may_not_match_gets_403(unmatched, clerk, world):
    form = said(to=f"device:{world.meter.public_id}")

    assert clerk.get(f"{url(unmatched)}match/").status_code == 403
    assert clerk.post(f"{url(unmatched)}match/", form).status_code == 403
    unmatched.refresh_from_db()
    assert unmatched.state == "unmatched"


# --- conflicts ---


def test_a_conflict_is_compared_and_closed_with_a_note(world, accountant, clerk, airtel, pay):
    payment = pay("5000", reference="AT1")
    airtel(amount="8000", reference="AT1")
    row = Conflict.objects.get()
    address = f"{url(payment)}conflicts/{row.pk}/"

    page = accountant.get(address)
    forbidden = clerk.post(f"{address}close/", said(note="x"))
    empty = accountant.post(f"{address}close/", said(note=""))
    closed = accountant.post(f"{address}close/", said(note="Airtel says 5000 is right"))
    again = accountant.post(f"{address}close/", said(note="me too"))

    assert "TZS 5,000" in text_of(page)
    assert "TZS 8,000" in text_of(page)
    assert forbidden.status_code == 403
    assert empty.status_code == again.status_code == 422
    assert closed.status_code == 302
    row.refresh_from_db()
    assert (row.closed_by, row.note) == ("Asha Mwinyi", "Airtel says 5000 is right")
    payment.refresh_from_db()
    assert payment.amount == Decimal(5000)


# --- the command ---


def trace(*arguments):
    out = StringIO()
    call_command("trace_payment", "--company", "jua", *arguments, stdout=out)
    return out.getvalue().replace("\u00a0", " ")


def test_the_command_tells_the_whole_story(world, pay):
    pay("5000", reference="AT1")
    order = TokenOrder.objects.get()

    told = trace("AT1")

    assert told.startswith("TZS 5,000 from Neema Bahati")
    for word in ("Done.", "Energy, 12.5 kWh", order.token[:4], "Payment booked", "<AMOUNT>5000"):
        assert word in told
    assert "airtel-pw" not in told


def test_the_command_prints_everything_as_json(world, airtel, pay):
    pay("5000", reference="AT1")
    airtel(amount="5000", reference="AT1")
    airtel(amount="8000", reference="AT1")

    found = json.loads(trace("at1", "--json"))

    assert found["reference"] == "AT1"
    assert (found["state"], found["amount"], found["currency"]) == ("settled", "5000", "TZS")
    assert [c["kind"] for c in found["callbacks"]] == ["notice"] * 3
    assert [c["verdict"] for c in found["callbacks"]] == ["yes", "yes", "conflict"]
    assert sum(Decimal(part["amount"]) for part in found["parts"]) == 5000
    assert found["orders"][0]["state"] == "issued"
    assert found["orders"][0]["token"] == TokenOrder.objects.get().token
    assert found["messages"][0]["state"] == "delivered"
    assert found["conflicts"][0]["amount"] == "8000"
    assert found["stands"] == "Conflict"
    for posting in found["postings"]:
        assert sum(Decimal(entry["amount"]) for entry in posting["entries"]) == 0
    assert "airtel-pw" not in json.dumps(found)


def test_the_command_refuses_what_it_does_not_know(world):
    out = StringIO()
    with pytest.raises(CommandError, match="No payment has the reference"):
        call_command("trace_payment", "--company", "jua", "NOPE", "--json", stdout=out)

    assert "No payment" in json.loads(out.getvalue())["error"]


def test_a_reference_of_two_operators_is_named_as_ambiguous(world, pay):
    payment = pay("5000", reference="AT1")
    other = Connection.objects.create(plugin="vodacom_tz", kind="payment")
    Payment.objects.create(
        connection=other, reference="AT1", amount=1, account="x", state="returned",
        booked_at=timezone.now(),
    )  # fmt: skip

    with pytest.raises(CommandError, match="2 payments have the reference"):
        trace("AT1")
    assert "TZS 5,000" in trace(str(payment.public_id))
