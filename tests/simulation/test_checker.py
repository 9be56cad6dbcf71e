"""The checker finds nothing in a good run, and finds what was spoilt in a bad one."""

import dataclasses
import datetime as dt
from decimal import Decimal
from types import SimpleNamespace as Row

import pytest

from simulation.breaking import Wrong
from simulation.checker import check
from simulation.operators import ENQUIRY, NO, YES
from simulation.plan import Content
from tests.simulation import made

OTHER = "99999999999999999999"
LATER, OTHER_NUMBER = "S00001X001", "0c5b3f0e-0000-4000-8000-000000000002"


def rules(evidence, plan=None):
    return {violation.rule for violation in check(plan or made.plan(), evidence)}


def rows_of(evidence, name):
    return evidence.companies["jua"].rows[name]


def change(name, index=0, **changes):
    """Spoil a row of our own."""

    def spoil(evidence):
        vars(rows_of(evidence, name)[index]).update(changes)

    return spoil


def drop(name, index=0):
    return lambda evidence: rows_of(evidence, name).pop(index)


def add(name, row):
    return lambda evidence: rows_of(evidence, name).append(row)


def remembered(name, one=None):
    """Let a vendor remember one thing more, or nothing."""

    def spoil(evidence):
        kept = getattr(evidence.companies["jua"], name)
        kept.append(one) if one else kept.clear()

    return spoil


def said(*calls):
    return lambda evidence: evidence.calls.extend(calls)


def parts(**amounts):
    """Write other amounts on the parts of the payment."""

    def spoil(evidence):
        for part in rows_of(evidence, "payments")[0].parts:
            if part["part"] in amounts:
                part["amount"] = amounts[part["part"]]

    return spoil


def unpaid_debt(evidence):
    """A split that forgot the debt and bought more instead."""
    payment, order = rows_of(evidence, "payments")[0], rows_of(evidence, "orders")[0]
    payment.parts = [
        {"part": "access_fee", "id": 5, "amount": "150"},
        {"part": "energy", "amount": "4840"},
        {"part": "device_credit", "amount": "10"},
    ]
    order.quantity, order.cost = Decimal("12.1"), Decimal(4840)


CHARGE = {"vendor": "sim_keyed", "device": made.METER, "quantity": "9.6", "token": OTHER}
TAMPERED = Content(made.METER, "9000")

SPOILT = [
    ("acknowledged payment lost", drop("payments")),
    ("payment counted twice", add("payments", made.payment(id=12))),
    ("payment nobody sent", add("payments", made.payment(id=12, reference="S00001X777"))),
    ("payment differs from what was sent", change("payments", amount=Decimal(9000))),
    ("payment in a wrong state", change("payments", state="unmatched")),
    ("answer contradicts the books", said(made.call(NO))),
    ("answer contradicts the books", said(made.call(YES, content=TAMPERED))),
    ("identical calls answered differently", said(made.call(text="yes, but otherwise"))),
    ("conflict not kept once", said(made.call(NO, content=TAMPERED))),
    (
        "conflict with itself",
        add("conflicts", Row(payment_id=11, amount="5000", account=made.METER)),
    ),
    ("enquiry contradicts the books", said(made.call(NO, step=ENQUIRY))),
    ("posting does not balance", add("unbalanced", Row(posting_id=2, total=Decimal(1)))),
    ("credit below zero", change("credit", amount=Decimal(-1))),
    ("booked not posted once", drop("postings", 0)),
    ("settled not posted once", add("postings", made.posting(5, "settled", "payment", 11))),
    ("suspense moved wrongly", change("entries", 2, amount=Decimal(4999))),
    ("parts do not add up", parts(device_credit="11")),
    ("debt paid differs", change("fees", paid=Decimal(149))),
    ("debts paid differ from the rules", parts(instalment="999", access_fee="151")),
    ("debts paid differ from the rules", unpaid_debt),
    ("split differs from the rules", parts(energy="3839", device_credit="11")),
    ("split differs from the rules", change("orders", quantity=Decimal("9.5"))),
    ("credit differs from the books", change("credit", amount=Decimal(11))),
    ("days ordered differ", change("plans", days_ordered=3)),
    ("credit_spent not posted once", drop("postings", 2)),
    ("issued not posted once", drop("postings", 3)),
    ("not_issued not posted once", change("orders", state="refused")),
    ("issued posted another amount", change("entries", 8, amount=Decimal(1))),
    ("issued posted another amount", change("entries", 9, account="losses")),
    ("credit_spent posted another amount", change("entries", 6, account="energy_revenue")),
    ("order refused without a refusal", change("orders", state="refused", token="")),
    ("order not finished", change("orders", state="requested")),
    ("token nobody made", change("orders", token=OTHER)),
    ("token of another order", change("orders", quantity=Decimal("9.5"))),
    ("charged more than ordered", remembered("charges", CHARGE)),
    ("charge for a stranger's device", remembered("charges", {**CHARGE, "device": "1"})),
    ("doubt that could be settled", change("orders", state="in_doubt")),
    (
        "sold under a number that no order has",
        remembered("numbers", {"reference": "x", "token": OTHER}),
    ),
    ("token of another number", change("orders", token=OTHER)),
    ("redirect followed", remembered("strays", {"path": "/stray"})),
    ("message never handed over", remembered("messages")),
    (
        "message of another company",
        remembered("messages", {"phone": made.PHONE, "text": "Taa Power: hello"}),
    ),
    (
        "message of another company",
        remembered("messages", {"phone": "+255670000010", "text": made.TEXT}),
    ),
    (
        "message nobody wrote",
        remembered("messages", {"phone": made.PHONE, "text": "Jua Power: hello"}),
    ),
    (
        "more second messages than faults",
        remembered("messages", {"phone": made.PHONE, "text": made.TEXT}),
    ),
    ("message given up without a reason", change("messages", state="failed")),
    ("message not finished", change("messages", state="queued")),
    (
        "token told differs from token issued",
        change("messages", text=made.TEXT.replace("1234", "4321")),
    ),
    ("token told differs from token issued", drop("messages")),
    ("token told that is not issued", change("orders", state="in_doubt")),
    ("token written twice", add("messages", made.message(id=32))),
]


def test_a_good_run_has_no_violations():
    assert check(made.plan(), made.evidence()) == []


@pytest.mark.parametrize(("rule", "spoil"), SPOILT, ids=[rule for rule, _ in SPOILT])
def test_what_was_spoilt_is_found(rule, spoil):
    evidence = made.evidence()
    spoil(evidence)

    assert rule in rules(evidence)


def test_a_third_message_is_too_many_even_after_faults():
    evidence = made.evidence()
    evidence.deaths = 9
    evidence.companies["jua"].messages *= 3

    assert rules(evidence) == {"message sent too often"}


def test_a_second_message_after_a_death_is_harmless():
    evidence = made.evidence()
    evidence.deaths = 1
    evidence.companies["jua"].messages *= 2

    assert rules(evidence) == set()


def test_what_is_open_at_the_end_is_a_violation():
    evidence = made.evidence()
    evidence.unfinished = ["jua: order 1 due"]

    assert rules(evidence) == {"not finished in time"}


def test_what_the_product_says_of_its_books_is_passed_on():
    evidence = made.evidence()
    evidence.companies["jua"].book_violations = ["The trial balance is 1, not zero."]

    assert rules(evidence) == {"books do not hold"}


def refused(*, seconds_before):
    """The first order is refused; a second payment of 1,000 is settled so long afterwards.

    It buys the 4,850 that are there then: 12.1 kWh for 4,840, and 10 stay as credit.
    """
    plan, evidence = made.plan(), made.evidence()
    refuse = Wrong("sim_keyed", "refuse")
    device = dataclasses.replace(plan.companies[0].devices[0], wrongs=(refuse,))
    late = dataclasses.replace(
        plan.companies[0].payments[0], reference=LATER, content=Content(made.METER, "1000")
    )
    company = dataclasses.replace(plan.companies[0], devices=(device,))
    company = dataclasses.replace(company, payments=(*company.payments, late))
    found = evidence.companies["jua"]
    rows = found.rows
    vars(rows["orders"][0]).update(state="refused", token="")
    rows["postings"][3].event = "not_issued"
    rows["entries"][9].account = "device_credit"
    at = made.NOW + dt.timedelta(seconds=seconds_before)
    parts = [{"part": "energy", "amount": "4840"}, {"part": "device_credit", "amount": "-3840"}]
    more = {"reference": LATER, "amount": Decimal(1000), "settled_at": at, "parts": parts}
    rows["payments"].append(made.payment(id=12, **more))
    order = {"source_id": 12, "quantity": Decimal("12.1"), "cost": Decimal(4840), "token": OTHER}
    rows["orders"].append(made.order(id=22, public_id=OTHER_NUMBER, **order))
    rows["postings"] += [
        made.posting(5, "booked", "payment", 12),
        made.posting(6, "settled", "payment", 12),
        made.posting(7, "credit_spent", "order", 22),
        made.posting(8, "issued", "order", 22),
    ]
    rows["entries"] += [
        made.entry(5, "suspense", -1000),
        made.entry(6, "suspense", 1000),
        made.entry(6, "device_credit", -1000),
        made.entry(7, "device_credit", 4840),
        made.entry(7, "ordered", -4840),
        made.entry(8, "ordered", 4840),
        made.entry(8, "energy_revenue", -4840),
    ]
    charge = {"vendor": "sim_keyed", "device": made.METER, "quantity": "12.1", "token": OTHER}
    found.charges[:] = [charge]
    found.numbers[:] = [{"vendor": "sim_keyed", "reference": OTHER_NUMBER, "token": OTHER}]
    words = f"Jua Power: refused. Ref {made.REFERENCE}"
    vars(rows["messages"][0]).update(purpose="notice", text=words)
    shown = " ".join(OTHER[i : i + 4] for i in range(0, 20, 4))
    text = f"Jua Power: Token {shown}. Ref {LATER}"
    rows["messages"].append(made.message(id=32, public_id="n", source_id=12, text=text))
    found.messages[:] = [{"phone": made.PHONE, "text": each} for each in (words, text)]
    evidence.calls.append(
        dataclasses.replace(made.call(), reference=LATER, content=Content(made.METER, "1000"))
    )
    return dataclasses.replace(plan, companies=(company,)), evidence


def buy_with_fresh_money_only(evidence):
    """The second payment was settled as if nothing had come back."""
    payment, order = rows_of(evidence, "payments")[1], rows_of(evidence, "orders")[1]
    payment.parts = [
        {"part": "energy", "amount": "1000"},
        {"part": "device_credit", "amount": "0"},
    ]
    order.quantity, order.cost = Decimal("2.5"), Decimal(1000)
    for index, amount in ((13, 1000), (14, -1000), (15, 1000), (16, -1000)):
        rows_of(evidence, "entries")[index].amount = Decimal(amount)
    evidence.companies["jua"].charges[0]["quantity"] = "2.5"
    rows_of(evidence, "credit")[0].amount = Decimal(3850)


@pytest.mark.parametrize("seconds_before", [1, 60])
def test_what_a_refused_order_gave_back_is_spent_by_the_next_payment(seconds_before):
    plan, evidence = refused(seconds_before=seconds_before)

    assert rules(evidence, plan) == set()


def test_what_was_given_back_long_before_must_have_been_seen():
    plan, evidence = refused(seconds_before=60)
    buy_with_fresh_money_only(evidence)

    assert rules(evidence, plan) == {
        "split differs from the rules",
        "credit differs from the books",
    }


def test_what_was_given_back_just_before_may_have_come_too_late_and_is_credit_then():
    plan, evidence = refused(seconds_before=1)
    buy_with_fresh_money_only(evidence)

    assert rules(evidence, plan) == set()


def test_a_refusal_that_gives_back_nothing_is_found():
    plan, evidence = refused(seconds_before=60)
    rows_of(evidence, "entries")[9].account = "energy_revenue"
    buy_with_fresh_money_only(evidence)
    rows_of(evidence, "credit")[0].amount = Decimal(10)

    assert rules(evidence, plan) == {
        "not_issued posted another amount",
        "split differs from the rules",
    }


def in_doubt(*wrongs):
    """An order at a maker of whom nothing can be learnt, and what its call met."""
    plan, evidence = made.plan(), made.evidence()
    device = dataclasses.replace(plan.companies[0].devices[0], maker="calin_meter", wrongs=wrongs)
    company = dataclasses.replace(plan.companies[0], devices=(device,))
    plan = dataclasses.replace(plan, companies=(company,))
    found = evidence.companies["jua"]
    found.numbers.clear()
    vars(found.rows["orders"][0]).update(state="in_doubt", token="")
    found.rows["postings"].pop()
    words = f"Jua Power: it takes longer. Ref {made.REFERENCE}"
    vars(found.rows["messages"][0]).update(purpose="notice", text=words)
    found.messages[0] = {"phone": made.PHONE, "text": words}
    return plan, evidence


def test_doubt_is_right_where_a_call_was_not_answered_and_nobody_can_be_asked():
    plan, evidence = in_doubt(Wrong("calin_meter", "silent_after"))

    assert rules(evidence, plan) == set()


@pytest.mark.parametrize("wrongs", [(), (Wrong("calin_meter", "odd_format"),)])
def test_doubt_without_a_reason_is_found(wrongs):
    plan, evidence = in_doubt(*wrongs)

    assert rules(evidence, plan) == {"doubt without a reason"}


def test_two_charges_for_one_order_in_doubt_are_found():
    plan, evidence = in_doubt(Wrong("calin_meter", "silent_after"))
    evidence.companies["jua"].charges.append(CHARGE)

    assert rules(evidence, plan) == {"charged more than ordered"}


def test_an_operator_that_hears_two_words_is_found():
    plan, evidence = made.plan(), made.evidence()
    payment = dataclasses.replace(plan.companies[0].payments[0], operator="vodacom_tz")
    company = dataclasses.replace(plan.companies[0], payments=(payment,))
    found = evidence.companies["jua"]
    found.rows["payments"][0].operator = "vodacom_tz"
    found.results += [{"reference": made.REFERENCE, "code": code} for code in ("0", "999")]

    assert rules(evidence, dataclasses.replace(plan, companies=(company,))) == {"result differs"}


def test_a_token_may_be_spelt_as_its_maker_does():
    evidence = made.evidence()
    evidence.companies["jua"].charges[0]["token"] = f"*{made.SHOWN}#"

    assert rules(evidence) == set()
