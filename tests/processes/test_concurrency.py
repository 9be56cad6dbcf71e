"""The same callback many times at the same moment, at the real server."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from simulation.site import serial, until

MANY = 50


def at_once(calls):
    """Make all calls at the same moment; return their results in order."""
    barrier = threading.Barrier(len(calls))

    def make(call):
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(make, calls))


def test_fifty_identical_callbacks_are_one_payment_one_token_and_one_answer(whole, reference):
    account = serial("calin_meter", 16)

    answers = at_once([lambda: whole.airtel(reference, account=account)] * MANY)

    assert {each.http for each in answers} == {200}
    assert len({each.text for each in answers}) == 1
    assert answers[0].status == "200"
    until(lambda: whole.is_done(reference), what="the token")
    assert len(whole.payments(reference)) == 1
    assert len(whole.charges(account)) == len(whole.messages(reference)) == 1
    whole.check_books()


def test_tampered_repeats_are_conflicts_and_move_nothing(whole, reference):
    account = serial("calin_meter", 17)
    first = whole.airtel(reference, account=account)

    amounts = ["5000", "8000", "50"] * 16
    answers = at_once(
        [lambda a=amount: whole.airtel(reference, account=account, amount=a) for amount in amounts]
    )

    said = Counter(zip(amounts, (each.status for each in answers), strict=True))
    assert said == {("5000", "200"): 16, ("8000", "400"): 16, ("50", "400"): 16}
    assert {each.text for each in answers if each.status == "200"} == {first.text}
    (payment,) = whole.payments(reference)
    conflicts = whole.query(
        "SELECT amount FROM payments_conflict WHERE payment_id = %s ORDER BY amount", payment.id
    )
    assert [each.amount for each in conflicts] == ["50", "8000"]
    until(lambda: whole.is_done(reference), what="the token")
    assert len(whole.charges(account)) == 1
    whole.check_books()
