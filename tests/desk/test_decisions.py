"""Every kind of thing in the inbox closes in at most two actions: once, with a reason, by who may."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, User
from desk.inbox import MANY_ATTEMPTS, inbox_count
from devices.models import Device
from ledger.models import Account, Event
from ledger.selectors import balance
from ledger.services import Movement, credit, debit, post
from messaging.models import Message
from payments.books import violations
from payments.models import Conflict, OperatorResult, Payment
from tests.conftest import client_for, make_user
from tests.desk.said import said
from tests.line import airtel_xml, work_all
from tests.payments.makers import answering, asked_long_ago, silent, use_calin
from tests.threads import at_once
from vending.models import TokenOrder

TOKEN = "54016783091927571586"
REASON = "She called the office"


class Site:
    """A company's small world with what operators send to it."""

    def __init__(self, world, host):
        self.world, self.host, self.count = world, host, 0

    def pay(self, *, reference="", **content):
        self.count += 1
        reference = reference or f"AT{self.count:05d}"
        Client(headers={"host": self.host}).post(
            f"/webhooks/airtel/{self.world.airtel.webhook_key}/process",
            airtel_xml(reference=reference, **content),
            content_type="application/xml",
        )
        return Payment.objects.get(reference=reference)


@dataclass
class Case:
    """How a thing comes into the inbox, and the POSTs that close it; the last one decides."""

    name: str
    make: Callable[[Site], SimpleNamespace]
    posts: Callable[[SimpleNamespace], list[tuple[str, dict]]]
    action: str
    clerk_may: bool = False
    has_reason: bool = True
    may_repeat: bool = False  # asking again to try again is harmless


def unmatched(site):
    payment = site.pay(amount="5000", account="4700010001", phone="788111222")
    Payment.objects.filter(pk=payment.pk).update(state="unmatched")
    lines = [
        debit(Account.OPERATOR_CLEARING, payment.amount, payment.connection_id),
        credit(Account.SUSPENSE, payment.amount, payment.pk),
    ]
    post(Movement(Event.BOOKED, "payment", payment.pk, lines), occurred_at=timezone.now())
    return SimpleNamespace(payment=payment, site=site)


def returned(site):
    return SimpleNamespace(payment=site.pay(amount="5000", account="999"))


def conflict(site):
    payment = site.pay(amount="5000", reference="ATX")
    work_all()
    site.pay(amount="8000", reference="ATX")
    return SimpleNamespace(payment=payment, row=Conflict.objects.get())


def stuck(site):
    payment = site.pay(amount="5000")
    earlier = timezone.now() - dt.timedelta(hours=1)
    Payment.objects.update(attempts=7, booked_at=earlier)
    return SimpleNamespace(payment=payment)


def untold(site):
    payment = site.pay(amount="5000")
    work_all()
    OperatorResult.objects.create(
        payment=payment, is_accepted=True, message="ok", decided_at=timezone.now(),
        attempts=MANY_ATTEMPTS,
    )  # fmt: skip
    return SimpleNamespace(payment=payment)


def in_doubt(site):
    use_calin(site.world.meter)
    payment = site.pay(amount="5000")
    with silent():
        work_all()
    asked_long_ago()
    return SimpleNamespace(payment=payment, order=TokenOrder.objects.get())


def refused(site):
    use_calin(site.world.meter)
    payment = site.pay(amount="5000")
    with answering(code=1, reason="Device not found"):
        work_all()
    return SimpleNamespace(payment=payment, order=TokenOrder.objects.get(), site=site)


def paused(site):
    found = in_doubt(site)
    TokenOrder.objects.update(state="due", paused_reason="Not reached for a day")
    found.order.refresh_from_db()
    return found


def undelivered(site):
    payment = site.pay(amount="5000")
    work_all()
    Message.objects.update(state="failed", reason="No such number")
    return SimpleNamespace(payment=payment, message=Message.objects.get())


def match_to(kind):
    def posts(found):
        row = found.site.world.meter if kind == "device" else found.site.world.neema
        return [(f"/payments/{found.payment.public_id}/match/", said(to=f"{kind}:{row.public_id}"))]

    return posts


def on_payment(path, **fields):
    return lambda found: [(f"/payments/{found.payment.public_id}/{path}/", said(**fields))]


def on_order(path, **fields):
    return lambda found: [(f"/orders/{found.order.public_id}/{path}/", said(**fields))]


def on_message(path, **fields):
    return lambda found: [(f"/messages/{found.message.public_id}/{path}/", said(**fields))]


def doubt(**fields):
    return lambda found: [
        (f"/orders/{found.order.public_id}/decide/", fields),
        (f"/orders/{found.order.public_id}/settle/", said(**fields)),
    ]


def close_conflict(found):
    address = f"/payments/{found.payment.public_id}/conflicts/{found.row.pk}/close/"
    return [(address, said(note=REASON))]


def issue(found):
    return [(f"/devices/{found.site.world.meter.public_id}/issue/", said())]


CASES = [
    Case("unmatched: to a device", unmatched, match_to("device"), "payment.assigned"),
    Case("unmatched: to a customer", unmatched, match_to("customer"), "payment.kept_as_credit"),
    Case("returned: seen", returned, on_payment("dismiss"), "payment.seen"),
    Case("conflict", conflict, close_conflict, "conflict.closed"),
    Case(
        "stuck: again", stuck, on_payment("retry"), "payment.retried",
        clerk_may=True, has_reason=False, may_repeat=True,
    ),
    Case(
        "result: again", untold, on_payment("result/retry"), "result.retried",
        clerk_may=True, has_reason=False, may_repeat=True,
    ),
    Case("result: closed", untold, on_payment("result/close"), "result.closed"),
    Case("doubt: found", in_doubt, doubt(answer="found", token=TOKEN), "order.doubt_settled"),
    Case("doubt: anew", in_doubt, doubt(answer="anew"), "order.issued_anew"),
    Case("doubt: back", in_doubt, doubt(answer="back"), "order.given_back"),
    Case("refused: left", refused, on_order("dismiss"), "order.refusal_accepted"),
    Case("refused: issued from credit", refused, issue, "order.from_credit"),
    Case(
        "paused: again", paused, on_order("retry"), "order.resumed",
        clerk_may=True, has_reason=False, may_repeat=True,
    ),
    Case("paused: back", paused, on_order("settle", answer="back"), "order.given_back"),
    Case(
        "message: again", undelivered, on_message("resend"), "message.resent",
        clerk_may=True, has_reason=False,
    ),
    Case(
        "message: read out", undelivered, on_message("dismiss", how="read_out", reason=""),
        "message.dismissed", clerk_may=True,
    ),
    Case(
        "message: left", undelivered, on_message("dismiss", how="leave"), "message.dismissed",
        clerk_may=True,
    ),
]  # fmt: skip
each_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def text_of(response):
    return " ".join(response.content.decode().replace("\u00a0", " ").split())


def done(case):
    return AuditEntry.objects.filter(action=case.action)


def books_and_rows():
    """All that a second effect would change."""
    return (
        sorted(TokenOrder.objects.values_list("pk", "state", "token", "attempts")),
        sorted(Message.objects.values_list("pk", "phone")),
        sorted(Payment.objects.values_list("pk", "state", "device_id", "customer_id")),
        AuditEntry.objects.count(),
        violations(),
    )


@each_case
def test_it_closes_in_at_most_two_actions_with_a_reason(world, accountant, case):
    found = case.make(Site(world, "jua.localhost"))
    assert inbox_count() == 1
    posts = case.posts(found)

    answers = [accountant.post(address, data) for address, data in posts]

    assert len(posts) <= 2
    assert answers[-1].status_code == 302
    assert inbox_count() == 0
    entry = done(case).get()
    assert entry.actor_name == "Asha Mwinyi"
    if case.has_reason:
        assert entry.facts.get("reason") or entry.facts.get("note")


@each_case
def test_the_same_form_sent_again_has_no_second_effect(world, accountant, case):
    found = case.make(Site(world, "jua.localhost"))
    posts = case.posts(found)
    for address, data in posts:
        accountant.post(address, data)
    before = books_and_rows()

    again = accountant.post(*posts[-1])

    assert again.status_code in {302, 422}
    if not case.may_repeat:
        assert books_and_rows() == before


@each_case
def test_looking_changes_nothing(world, accountant, case):
    found = case.make(Site(world, "jua.localhost"))
    before = books_and_rows()

    for address, data in case.posts(found):
        accountant.get(address, data)

    assert books_and_rows() == before
    assert inbox_count() == 1


@each_case
def test_who_may_not_decide_is_refused(world, clerk, stranger, case):
    found = case.make(Site(world, "jua.localhost"))
    posts = case.posts(found)
    before = books_and_rows()

    away = [stranger.post(address, data).status_code for address, data in posts]
    assert set(away) == {302}
    assert books_and_rows() == before
    answer = clerk.post(*posts[-1])

    assert answer.status_code == (302 if case.clerk_may else 403)
    assert inbox_count() == (0 if case.clerk_may else 1)


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.has_reason], ids=[c.name for c in CASES if c.has_reason]
)
def test_without_a_reason_nothing_happens(world, accountant, case):
    found = case.make(Site(world, "jua.localhost"))
    address, data = case.posts(found)[-1]
    if data.get("how") == "read_out":
        return  # this is a reason by itself
    before = books_and_rows()

    answer = accountant.post(address, {**data, "reason": " ", "note": " "})

    assert answer.status_code == 422
    assert books_and_rows() == before


@pytest.mark.parametrize(
    "case", [c for c in CASES if not c.may_repeat], ids=[c.name for c in CASES if not c.may_repeat]
)
def test_of_two_people_at_the_same_moment_one_decides_and_the_other_is_told(fresh_company, case):
    host = f"{fresh_company.company.slug}.localhost"
    found = case.make(Site(fresh_company, host))
    people = [
        make_user(User.Role.FINANCIAL_MANAGER, name, f"{name.lower()}@own.example")
        for name in ("Asha", "Baraka")
    ]
    clients = [client_for(person, host) for person in people]
    for address, data in case.posts(found)[:-1]:
        clients[0].post(address, data)
    last = [case.posts(found)[-1] for _ in clients]

    calls = [
        lambda client=client, form=form: client.post(*form)
        for client, form in zip(clients, last, strict=True)
    ]
    answers = at_once(fresh_company.company.slug, *calls)

    entry = done(case).get()
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses in ([302, 422], [302, 302])
    assert not violations()
    late = [answer for answer in answers if answer.status_code == 422]
    if late and case.action != "order.from_credit":
        assert f"{entry.actor_name}, " in text_of(late[0])
    assert TokenOrder.objects.filter(state="issued").count() <= 1


# --- what each kind does beside ---


def test_money_kept_for_a_customer_is_credit_and_the_customer_is_told(world, accountant):
    found = unmatched(Site(world, "jua.localhost"))
    ((address, form),) = match_to("customer")(found)

    accountant.post(address, form)

    found.payment.refresh_from_db()
    assert (found.payment.state, found.payment.customer) == ("settled", world.neema)
    assert balance(Account.CUSTOMER_CREDIT, world.neema.pk) == Decimal(5000)
    assert balance(Account.SUSPENSE, found.payment.pk) == 0
    message = Message.objects.get()
    assert message.phone == world.neema.phone
    assert "TZS 5,000 received and kept as your credit" in message.text
    page = text_of(accountant.get(f"/payments/{found.payment.public_id}/"))
    assert "Kept as credit of Neema Bahati, for no device." in page
    assert violations() == []


def test_credit_of_a_customer_moves_to_a_device_and_buys_there(world, accountant):
    found = unmatched(Site(world, "jua.localhost"))
    accountant.post(*match_to("customer")(found)[0])
    address = f"/customers/{world.neema.public_id}/credit/"
    form = said(to=f"device:{world.meter.public_id}", amount="5,000")

    page = accountant.get(f"/customers/{world.neema.public_id}/")
    moved = [accountant.post(address, form) for _ in range(2)]
    accountant.post(f"/devices/{world.meter.public_id}/issue/", said())
    work_all()

    assert address in page.content.decode()
    assert [answer.status_code for answer in moved] == [302, 302]
    assert balance(Account.CUSTOMER_CREDIT, world.neema.pk) == 0
    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == 0
    order = TokenOrder.objects.get()
    assert (order.state, order.quantity) == ("issued", Decimal("12.5"))
    entry = AuditEntry.objects.get(action="credit.moved")
    assert (entry.facts["before"], entry.facts["after"]) == ("5000.0000", "0.0000")
    assert violations() == []


@pytest.mark.parametrize("amount", ["5000.01", "0", "-1", "abc", "1e3", "5000.001"])
def test_more_than_the_credit_or_no_amount_is_refused(world, accountant, amount):
    found = unmatched(Site(world, "jua.localhost"))
    accountant.post(*match_to("customer")(found)[0])
    form = said(to=f"device:{world.meter.public_id}", amount=amount)

    answer = accountant.post(f"/customers/{world.neema.public_id}/credit/", form)

    assert answer.status_code == 422
    assert balance(Account.CUSTOMER_CREDIT, world.neema.pk) == Decimal(5000)


def test_credit_never_goes_to_another_customers_device(world, accountant):
    found = unmatched(Site(world, "jua.localhost"))
    accountant.post(*match_to("customer")(found)[0])
    other = Device.objects.create(
        kind="meter", manufacturer="demo_meter", serial="47000100099", village=world.village
    )
    form = said(to=f"device:{other.public_id}", amount="5000")

    answer = accountant.post(f"/customers/{world.neema.public_id}/credit/", form)

    assert answer.status_code == 422
    assert balance(Account.CUSTOMER_CREDIT, world.neema.pk) == Decimal(5000)


def test_credit_spent_by_two_people_at_once_is_spent_once(fresh_company):
    world, host = fresh_company, f"{fresh_company.company.slug}.localhost"
    found = unmatched(Site(world, host))
    people = [make_user("owner", name, f"{name}@own.example") for name in ("asha", "baraka")]
    clients = [client_for(person, host) for person in people]
    clients[0].post(*match_to("customer")(found)[0])
    address = f"/customers/{world.neema.public_id}/credit/"
    # Two devices, so that nothing but the customer's row keeps the two apart.
    other = Device.objects.create(
        kind="meter", manufacturer="demo_meter", serial="47000100099", village=world.village,
        customer=world.neema, assigned_at=timezone.now(),
    )  # fmt: skip
    devices = (world.meter, other)
    forms = [said(to=f"device:{each.public_id}", amount="4000") for each in devices]

    answers = at_once(
        world.company.slug,
        *[
            lambda client=client, form=form: client.post(address, form)
            for client, form in zip(clients, forms, strict=True)
        ],
    )

    assert sorted(answer.status_code for answer in answers) == [302, 422]
    assert balance(Account.CUSTOMER_CREDIT, world.neema.pk) == Decimal(1000)
    assert sum(balance(Account.DEVICE_CREDIT, each.pk) for each in devices) == Decimal(4000)


def test_earlier_payments_of_the_phone_are_offered(world, accountant):
    site = Site(world, "jua.localhost")
    site.pay(amount="3000", phone="788111222")
    work_all()
    found = unmatched(site)
    address = f"/payments/{found.payment.public_id}/match/"

    page = accountant.get(address)
    same = accountant.get(address, {"to": f"device:{world.meter.public_id}"})

    assert "Where this phone paid before" in text_of(page)
    assert "This phone paid for it before, last " in text_of(page)
    assert f'value="device:{world.meter.public_id}" checked' in same.content.decode()


def test_a_search_with_a_bad_choice_comes_back_with_the_search(world, accountant):
    found = unmatched(Site(world, "jua.localhost"))
    address = f"/payments/{found.payment.public_id}/match/?q=neema"

    answers = [
        accountant.post(address, said(to=to))
        for to in ("device:nonsense", "plan:" + "0" * 36, "device:" + "-" * 36)
    ]

    assert [answer.status_code for answer in answers] == [422] * 3
    assert "Found for “neema”" in text_of(answers[0])


def test_the_evidence_of_a_doubt_stands_beside_the_decision(world, accountant, clerk):
    found = in_doubt(Site(world, "jua.localhost"))
    order = found.order
    order.events.create(
        kind="looked_up",
        text="2 purchases fit: a person has to choose.",
        found=[{"token": TOKEN, "quantity": "12.5", "issued_at": ""}],
    )
    address = f"/payments/{found.payment.public_id}/"

    page = text_of(accountant.get(address))

    assert f"our reference {order.public_id}" in page
    assert "none after" in page
    assert "2 purchases fit: a person has to choose." in page
    assert "5401 6783 0919 2757 1586" in page
    assert "This is the one" in page
    assert "calin-key-7f3a" not in page
    assert "This is the one" not in text_of(clerk.get(address))


def test_a_token_that_another_order_got_settles_no_doubt(world, accountant):
    found = in_doubt(Site(world, "jua.localhost"))
    other = Device.objects.create(
        kind="meter", manufacturer="calin_meter", serial="47000100099", village=world.village
    )
    TokenOrder.objects.create(
        device=other, source="credit", source_id=other.pk, quantity=1, unit="kwh",
        state="issued", token=TOKEN, created_at=timezone.now(),
    )  # fmt: skip

    answer = accountant.post(*doubt(answer="found", token=TOKEN)(found)[-1])

    assert answer.status_code == 422
    assert "issued for another payment already" in text_of(answer)
    found.order.refresh_from_db()
    assert found.order.is_in_doubt


def test_many_returned_payments_are_taken_off_with_one_reason(world, accountant, clerk):
    site = Site(world, "jua.localhost")
    payments = [site.pay(amount="5000", account="999") for _ in range(3)]
    ticked = [str(payment.public_id) for payment in payments[:2]]

    inbox = accountant.get("/inbox/")
    forbidden = clerk.post("/inbox/returned/", said(payments=ticked))
    none = accountant.post("/inbox/returned/", said(payments=[]))
    answer = accountant.post("/inbox/returned/", said(payments=ticked))
    stale = accountant.post("/inbox/returned/", said(payments=ticked))

    assert "/inbox/returned/" in inbox.content.decode()
    assert forbidden.status_code == 403
    assert none.status_code == stale.status_code == 422
    assert answer.status_code == 302
    assert inbox_count() == 1
    assert AuditEntry.objects.filter(action="payment.seen").count() == 2


def test_all_tokens_that_wait_for_a_maker_are_tried_again_at_once(world, clerk):
    site = Site(world, "jua.localhost")
    use_calin(world.meter)
    for _ in range(3):
        site.pay(amount="5000")
    with silent():
        work_all()
    TokenOrder.objects.update(state="due", paused_reason="Not reached for a day")

    inbox = clerk.get("/inbox/")
    first = clerk.post("/inbox/waiting/calin_meter/retry/")
    second = clerk.post("/inbox/waiting/calin_meter/retry/", follow=True)

    assert "Try all 3 of Calin keypad meters again now" in text_of(inbox)
    assert first.status_code == 302
    assert inbox_count() == 0
    assert AuditEntry.objects.filter(action="order.resumed").count() == 3
    assert "somebody was faster" in text_of(second)


def test_the_customers_phone_is_corrected_with_the_sms(world, accountant, clerk):
    found = undelivered(Site(world, "jua.localhost"))
    address = f"/messages/{found.message.public_id}/resend/"
    form = said(phone="0786 400 512", is_new_phone="on")

    clerk.post(address, said(phone="0786 400 513", is_new_phone="on"))
    world.neema.refresh_from_db()
    unchanged = world.neema.phone
    accountant.post(address, form)

    world.neema.refresh_from_db()
    assert unchanged == "+255754123456"
    assert world.neema.phone == "+255786400512"
    assert Message.objects.order_by("-pk").first().phone == "+255786400512"
    entry = AuditEntry.objects.get(action="customer.phone_changed")
    assert (entry.facts["before"], entry.facts["after"]) == ("+255754123456", "+255786400512")


def test_a_phone_that_cannot_be_read_corrects_nothing(world, accountant):
    found = undelivered(Site(world, "jua.localhost"))

    answer = accountant.post(
        f"/messages/{found.message.public_id}/resend/", said(phone="12", is_new_phone="on")
    )

    assert answer.status_code == 422
    world.neema.refresh_from_db()
    assert world.neema.phone == "+255754123456"
    assert Message.objects.count() == 1
