"""A worker killed around the call that sends money back: nobody may guess, and nothing goes twice."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import requests

from sandbox.phonebook import DEFAULTS
from sandbox.vendors.airtel import final_id_of
from simulation.office import Office
from simulation.site import serial

# Less than the smallest step of energy costs: all of it becomes credit, and may go back whole.
TOO_LITTLE = "30"
KEYPAD = "calin_meter"


@pytest.fixture(scope="module")
def office(installation):
    there = Office(installation.environment)
    yield there
    there.close()


@pytest.fixture
def refundable(beatless, reference):
    """A payment that bought nothing, and that Airtel knows by its receipt."""
    site, account = beatless, serial(KEYPAD, 60)
    known = {
        "operator": "airtel",
        "reference": reference,
        "phone": "+255754123456",
        "device": account,
        "amount": TOO_LITTLE,
        "verdict": "accepted",
    }
    requests.post(
        f"{site.sandbox}/simulation/payments", json={"payments": [known]}, timeout=20
    ).raise_for_status()
    (there,) = [one for one in site.truth()["payments"] if one["reference"] == reference]
    paid_at = dt.datetime.fromisoformat(there["at"]).astimezone(ZoneInfo(DEFAULTS["timezone"]))
    said = site.airtel(
        reference, account=account, amount=TOO_LITTLE, REFERENCE2=final_id_of(reference, paid_at)
    )
    assert said.status == "200"
    site.take_up_until(lambda: site.payments(reference)[0].state == "settled", what="settling")
    return site


def correction_of(site, reference):
    (found,) = site.query(
        "SELECT c.* FROM payments_correction c JOIN payments_payment p ON p.id = c.payment_id"
        " WHERE p.reference = %s",
        reference,
    )
    return found


def refunds(site, reference):
    return [one for one in site.truth()["refunds"] if one["reference"] == reference]


@pytest.mark.parametrize(("point", "went"), [("refund.claimed", 0), ("refund.called", 1)])
def test_a_refund_whose_worker_died_around_the_call_waits_for_a_person(
    refundable, office, reference, point, went
):
    site = refundable
    site.crash_at(point)
    office.refund("jua", reference)
    site.await_death()

    site.take_up_until(lambda: correction_of(site, reference).state == "in_doubt", what="the doubt")
    for _ in range(2):
        site.take_up()  # it is asked for never again

    found = correction_of(site, reference)
    assert (found.state, found.attempts, found.available_at) == ("in_doubt", 1, None)
    assert len(refunds(site, reference)) == went
    payable = "SELECT -sum(amount) AS owed FROM ledger_entry WHERE account = 'refunds_payable'"
    assert site.query(f"{payable} AND subject_id = %s", found.id)[0].owed == int(TOO_LITTLE)
    site.check_books()


def test_a_refund_goes_out_once_and_the_payer_hears_of_it(refundable, office, reference):
    site = refundable
    office.refund("jua", reference)

    site.take_up_until(lambda: correction_of(site, reference).state == "paid", what="the payout")

    (gone,) = refunds(site, reference)
    assert correction_of(site, reference).payout_reference == gone["refund_id"]
    site.check_books()
