"""The pages of refunds and reversals: asked, approved, paid out, settled; each once, by whom it may be."""

from decimal import Decimal as D
from uuid import uuid4

import pytest
import requests
from django.urls import reverse

from ledger.models import Account
from ledger.selectors import balance
from payments import books
from payments.models import Correction
from tests.payments.makers import answering, use_calin
from tests.payments.refunds import (
    REFUSED,
    airtel_refunds,
    ask_refund,
    pay_out,
    set_limit,
    settle_time_is_over,
    unmatched,
    with_open_api,
)


def address(view, public_id):
    return reverse(f"desk:{view}", urlconf="mpm.urls", args=[public_id])


def page(client, view, row):
    response = client.get(address(view, row.public_id))
    assert response.status_code == 200
    return response.content.decode()


def send(client, view, row, **said):
    return client.post(address(view, row.public_id), {"key": uuid4(), **said})


def asking(payment, amount, **changes):
    unmatched = payment.state == "unmatched"
    source = f"suspense-{payment.pk}" if unmatched else f"device-{payment.device_id}"
    return {
        "source": source,
        "amount": amount,
        "pay_by": "hand",
        "reason": "Typed wrongly",
    } | changes


@pytest.fixture
def refused(world, pay):
    """A payment whose token was refused: all of it is credit of the device."""
    use_calin(world.meter)
    with answering(code="03"):
        return pay("5000", REFERENCE2="MP261123.1402.A00002")


@pytest.fixture
def lost(world, airtel):
    return unmatched(world, airtel)


# --- asking -----------------------------------------------------------------------------------------


def test_a_refund_is_asked_for_on_a_page_that_says_what_can_go_back(owner, refused):
    shown = page(owner, "payment-refund", refused)
    said = send(owner, "payment-refund", refused, **asking(refused, "5000"))

    refund = Correction.objects.get()
    assert "Refund up to TZS\xa05,000" in shown
    assert said.url == address("correction", refund.public_id)
    assert (refund.state, refund.amount, refund.reason) == ("approved", 5000, "Typed wrongly")
    assert "To be paid out by hand." in page(owner, "correction", refund)


def test_the_same_form_sent_twice_asks_once(owner, refused):
    said = asking(refused, "100") | {"key": uuid4()}

    for _ in range(2):
        owner.post(address("payment-refund", refused.public_id), said)

    assert Correction.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"amount": "5000.01"}, "At most TZS\xa05,000"),
        ({"amount": "0"}, "At most TZS\xa05,000"),
        ({"amount": "-1"}, "is not an amount"),
        ({"amount": "1.001"}, "finer than the currency"),
        ({"amount": ""}, "required"),
        ({"reason": ""}, "required"),
        ({"source": "customer-1"}, "not one of the available"),
        ({"pay_by": "operator"}, "valid choice"),
    ],
    ids=str,
)
def test_nonsense_comes_back_with_its_reason_and_changes_nothing(owner, refused, wrong, words):
    response = send(owner, "payment-refund", refused, **asking(refused, "5000") | wrong)

    assert response.status_code == 422
    if "choice" not in words and "available" not in words:
        assert words in response.content.decode()
    assert not Correction.objects.exists()


def test_an_unmatched_payment_goes_back_whole_without_a_second_question(owner, lost):
    shown = page(owner, "payment-refund", lost)
    send(owner, "payment-refund", lost, **asking(lost, "5000"))

    lost.refresh_from_db()
    assert "Refund TZS\xa05,000?" in shown
    assert lost.state == "refunded"
    assert "Refund to pay out" in owner.get("/payments/").content.decode()


def test_what_is_spent_cannot_go_back_and_the_page_says_why(owner, pay):
    payment = pay("5000")

    shown = page(owner, "payment-refund", payment)

    assert "Nothing of it can be refunded" in shown
    assert "is spent" in shown


def test_credit_goes_back_from_the_pages_of_device_and_customer(owner, world, refused):
    for view, row in (("device", world.meter), ("customer", world.neema)):
        assert address(f"{view}-refund", row.public_id) in page(owner, view, row)
        send(owner, f"{view}-refund", row, **asking(refused, "1000"))

    refunds = Correction.objects.filter(payment=None, device=world.meter)
    assert [refund.amount for refund in refunds] == [1000, 1000]
    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == 3000
    assert "Typed wrongly" in page(owner, "customer", world.neema)
    assert "Typed wrongly" in page(owner, "device", world.meter)


def test_the_operator_is_offered_where_it_can_send_the_whole_back(owner, world, lost):
    without = page(owner, "payment-refund", lost)
    with_open_api(world.airtel)
    shown = page(owner, "payment-refund", lost)
    send(owner, "payment-refund", lost, **asking(lost, "5000", pay_by="operator"))

    assert "Airtel Money sends it back" not in without
    assert "Airtel Money sends it back automatically" in shown
    refund = Correction.objects.get()
    assert refund.available_at
    assert "On its way back." in page(owner, "correction", refund)


# --- a second person --------------------------------------------------------------------------------


@pytest.fixture
def waiting(jua, amina, refused):
    """What Amina asked for, above the limit."""
    set_limit(jua, 1000)
    return ask_refund(amina, refused, 5000)


def test_it_stands_in_the_inbox_until_a_second_person_approves(owner, accountant, waiting):
    for client in (owner, accountant):
        assert "Refund of TZS\xa05,000 to Neema Bahati" in client.get("/inbox/").content.decode()
    own, others = page(owner, "correction", waiting), page(accountant, "correction", waiting)

    said = send(accountant, "correction-decide", waiting, answer="approve")

    waiting.refresh_from_db()
    assert "Approve TZS" not in own
    assert "somebody else decides" in own
    assert "Approve TZS\xa05,000" in others
    assert said.status_code == 302
    assert waiting.state == "approved"
    assert "is to be paid back" in owner.get("/inbox/").content.decode()


def test_the_asker_cannot_approve_by_sending_the_form(owner, waiting):
    response = send(owner, "correction-decide", waiting, answer="approve")

    waiting.refresh_from_db()
    assert response.status_code == 422
    assert "a second person must" in response.content.decode()
    assert waiting.state == "asked"


def test_whoever_declines_says_why(accountant, waiting):
    silent = send(accountant, "correction-decide", waiting, answer="decline")
    send(accountant, "correction-decide", waiting, answer="decline", note="Not her meter")

    waiting.refresh_from_db()
    assert silent.status_code == 422
    assert (waiting.state, waiting.note) == ("declined", "Not her meter")
    assert "Not her meter" in page(accountant, "correction", waiting)


def test_the_asker_withdraws(owner, world, waiting):
    send(owner, "correction-withdraw", waiting, reason="Found the meter")

    waiting.refresh_from_db()
    assert waiting.state == "withdrawn"
    assert balance(Account.DEVICE_CREDIT, world.meter.pk) == 5000


def test_what_somebody_decided_meanwhile_is_shown_with_a_sentence(accountant, owner, waiting):
    send(accountant, "correction-decide", waiting, answer="approve")
    late = send(accountant, "correction-decide", waiting, answer="decline", note="Too late")

    assert late.status_code == 422
    assert "Somebody else decided this already." in late.content.decode()
    assert Correction.objects.get().state == "approved"


# --- paying out -------------------------------------------------------------------------------------


def test_what_was_paid_by_hand_is_noted_once(owner, amina, refused):
    refund = ask_refund(amina, refused, 5000)

    without = send(owner, "correction-pay", refund, paid_from="bank")
    first = send(owner, "correction-pay", refund, paid_from="cash")
    second = send(owner, "correction-pay", refund, paid_from="cash")

    assert (without.status_code, first.status_code, second.status_code) == (422, 302, 422)
    assert balance(Account.CASH_DESK, amina.pk) == -5000
    assert "The payer has the money back." in page(owner, "payment", refused)
    assert books.violations() == []


@pytest.fixture
def by_airtel(world, amina, lost):
    with_open_api(world.airtel)
    return ask_refund(amina, lost, 5000, pay_by="operator")


def test_a_refused_payout_says_why_and_may_be_tried_again(owner, by_airtel):
    with airtel_refunds(json=REFUSED):
        pay_out(by_airtel)
    shown = page(owner, "correction", by_airtel)
    send(owner, "correction-retry", by_airtel)

    by_airtel.refresh_from_db()
    assert "Airtel refused the refund: Refused" in shown
    assert "Have Airtel Money send it back" in shown
    assert by_airtel.available_at


@pytest.fixture
def doubtful(by_airtel):
    with airtel_refunds(body=requests.ReadTimeout("silence")):
        pay_out(by_airtel)
    return by_airtel


def test_a_doubt_is_settled_with_the_evidence_on_the_page(owner, clerk, world, doubtful):
    shown, seen = page(owner, "correction", doubtful), page(clerk, "correction", doubtful)
    inbox = owner.get("/inbox/").content.decode()
    trace = page(owner, "payment", doubtful.payment)
    said = {"went": "yes", "reference": "CI77", "reason": "Stands in the portal"}
    send(owner, "correction-settle", doubtful, **said)

    doubtful.refresh_from_db()
    assert "standard/v1/payments/refund" in shown
    assert "open-api-secret" not in shown
    assert "standard/v1/payments/refund" not in seen
    assert "Did Airtel Money send TZS\xa05,000 back" in inbox
    assert "We do not know whether Airtel Money sent it back." in trace
    assert (doubtful.state, doubtful.payout_reference) == ("paid", "CI77")
    assert balance(Account.OPERATOR_CLEARING, world.airtel.pk) == 0


def test_that_it_did_not_go_can_be_said_when_it_cannot_any_more(owner, doubtful):
    early = send(owner, "correction-settle", doubtful, went="no", reason="Not there")
    settle_time_is_over()
    late = send(owner, "correction-settle", doubtful, went="no", reason="Not there")

    doubtful.refresh_from_db()
    assert (early.status_code, late.status_code) == (422, 302)
    assert doubtful.waits_for_person


# --- taken back by the operator ---------------------------------------------------------------------


def test_the_page_of_a_reversal_says_what_it_does(owner, world, pay):
    payment = pay("4999")
    shown = page(owner, "payment-reverse", payment)
    send(owner, "payment-reverse", payment, as_loss="owed", reason="Chargeback")

    payment.refresh_from_db()
    assert "TZS\xa04,960" in shown
    assert "TZS\xa039" in shown
    assert payment.state == "reversed"
    assert balance(Account.CUSTOMER_RECEIVABLE, world.neema.pk) == D(4960)
    assert "Reversed." in page(owner, "payment", payment)
    assert "cannot be reversed" in page(owner, "payment-reverse", payment)


def test_a_refunded_payment_that_is_taken_back_too_can_be_noted(owner, world, airtel):
    payment = unmatched(world, airtel)
    send(owner, "payment-refund", payment, **asking(payment, "5000"))
    send(owner, "correction-pay", Correction.objects.get(), paid_from="cash", reference="")
    shown = page(owner, "payment", payment)

    send(owner, "payment-reverse", payment, as_loss="loss", reason="Chargeback")

    payment.refresh_from_db()
    assert "took it back" in shown
    assert "Refund…" not in shown
    assert payment.state == "reversed"


def test_a_reversal_above_the_limit_waits(owner, accountant, jua, pay):
    payment = pay("5000")
    set_limit(jua, 0)
    send(owner, "payment-reverse", payment, as_loss="loss", reason="Chargeback")
    reversal = Correction.objects.get()
    waited = page(owner, "payment", payment)

    send(accountant, "correction-decide", reversal, answer="approve")

    payment.refresh_from_db()
    assert "Waits for a second person." in waited
    assert payment.state == "reversed"


# --- who may ----------------------------------------------------------------------------------------


def test_a_clerk_sees_how_it_stands_and_decides_nothing(clerk, world, waiting):
    doors = [
        ("payment-refund", waiting.payment), ("payment-reverse", waiting.payment),
        ("device-refund", world.meter), ("customer-refund", world.neema),
        ("correction-decide", waiting), ("correction-withdraw", waiting),
        ("correction-pay", waiting), ("correction-retry", waiting), ("correction-settle", waiting),
    ]  # fmt: skip
    for view, row in doors:
        assert send(clerk, view, row, answer="approve").status_code == 403, view

    shown = page(clerk, "correction", waiting)
    assert "Waits for a second person." in shown
    assert '<button class="btn btn-primary"' not in shown
    assert "Refund…" not in page(clerk, "payment", waiting.payment)
    waiting.refresh_from_db()
    assert waiting.state == "asked"


def test_pages_take_the_same_queries_however_many_refunds_there_are(owner, amina, refused):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries(path):
        with CaptureQueriesContext(connection) as found:
            assert owner.get(path).status_code == 200
        return len(found)

    paths = ["/inbox/", "/payments/", address("payment", refused.public_id)]
    ask_refund(amina, refused, 10)
    few = [queries(path) for path in paths]
    for _ in range(5):
        ask_refund(amina, refused, 10)

    assert [queries(path) for path in paths] == few


def test_a_message_and_a_posting_lead_to_the_refund(owner, amina, refused):
    refund = ask_refund(amina, refused, 5000)

    response = owner.get(f"/about/correction/{refund.pk}/")

    assert response.url == address("correction", refund.public_id)
