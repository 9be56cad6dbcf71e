"""A web server killed while it answers an operator: the operator calls again."""

import pytest
import requests

from simulation.site import serial, until

POINTS = ["callback.kept", "book.before_commit", "book.committed"]


@pytest.mark.parametrize("point", POINTS)
def test_the_repeat_of_a_cut_call_is_counted_once(whole, reference, point):
    account = serial("calin_meter", 12 + POINTS.index(point))
    whole.crash_at(f"{point}!")
    with pytest.raises(requests.ConnectionError):
        whole.airtel(reference, account=account)
    whole.await_end("web")
    whole.start_web()

    answers = [whole.airtel(reference, account=account) for _ in range(2)]

    assert [each.status for each in answers] == ["200", "200"]
    assert answers[0].text == answers[1].text
    until(lambda: whole.is_done(reference), what="the token")
    assert len(whole.payments(reference)) == len(whole.charges(account)) == 1
    whole.check_books()


def test_a_payment_nobody_rang_for_is_taken_up_within_15_seconds(whole, reference):
    whole.crash_at("doorbell.unrung!")
    with pytest.raises(requests.ConnectionError):
        whole.airtel(reference, account=serial("calin_meter", 15))
    whole.await_end("web")
    whole.start_web()

    until(lambda: whole.is_done(reference), what="the token")

    (payment,) = whole.payments(reference)
    took = (payment.settled_at - payment.booked_at).total_seconds()
    assert took <= 15
