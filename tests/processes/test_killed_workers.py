"""A worker killed between any two steps: the rest is taken up from the rows."""

from dataclasses import dataclass

import pytest

from simulation.site import serial

KEYPAD, SMART = "calin_meter", "calin_smart_meter"


@dataclass
class Case:
    """A payment whose worker dies at a point, and what must have become of it in the end."""

    point: str
    maker: str
    ends: str = "issued"
    charges: int = 1
    sms: int = 1
    operator: str = "airtel"
    number: int = 0
    reference: str = ""

    @property
    def account(self) -> str:
        return serial(self.maker, self.number)

    @property
    def name(self) -> str:
        return f"{self.point} {self.maker}"


CASES = [
    Case("settle.before_commit!", KEYPAD),
    Case("settle.committed", KEYPAD),
    # Calin's keypad meters can be asked nothing: a person decides.
    Case("issue.claimed", KEYPAD, ends="in_doubt", charges=0, sms=0),
    Case("issue.called", KEYPAD, ends="in_doubt", sms=0),
    # Calin's smart meters remember: looked up, and bought when it was not.
    Case("issue.claimed", SMART),
    Case("issue.called", SMART),
    Case("issue.closed", KEYPAD),
    Case("sms.handed_over", KEYPAD, sms=2),
    Case("result.sent", SMART, operator="vodacom_tz"),
]


@pytest.fixture(scope="module")
def killed(installation):
    """All cases, each killed at its point, and then taken up."""
    site = installation
    if not site.running("web"):
        site.start_web()
    site.keep_only("web", "sandbox")
    site.start_worker()
    for number, case in enumerate(CASES):
        case.number, case.reference = number, f"KILL{number:03d}"
        kill_one(site, case)
    for case in CASES:
        site.take_up_until(lambda case=case: is_over(site, case), what=f"the end of {case.name}")
    owed = "SELECT 1 FROM payments_operatorresult WHERE state <> 'confirmed'"
    site.take_up_until(lambda: not site.query(owed), what="the confirmation")
    return site


def kill_one(site, case):
    site.crash_at(case.point)
    if case.operator == "airtel":
        assert site.airtel(case.reference, account=case.account).status == "200"
    else:
        assert site.vodacom(case.reference, account=case.account)["verdict"] == "accepted"
    if case.point.endswith("!"):
        site.await_end("worker")
        site.start_worker()
    else:
        site.await_death()


def is_over(site, case):
    if case.ends == "issued":
        return site.is_done(case.reference)
    return [order.state for order in site.orders(case.reference)] == [case.ends]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_payment_ends_once_whatever_step_its_worker_died_at(killed, case):
    (order,) = killed.orders(case.reference)
    charges = killed.charges(case.account)

    (payment,) = killed.payments(case.reference)
    assert payment.state == "settled"
    assert order.state == case.ends
    assert len(charges) == case.charges
    if case.ends == "issued":
        assert order.token == charges[0]["token"]
    assert len(killed.messages(case.reference)) == case.sms


def test_an_operator_hears_the_same_word_again_when_its_confirmation_was_lost(killed):
    reference = next(case.reference for case in CASES if case.operator == "vodacom_tz")

    said = [each for each in killed.truth()["results"] if each["reference"] == reference]

    assert [each["code"] for each in said] == ["0", "0"]
    assert not any(each["is_contradiction"] for each in said)


def test_the_books_balance_after_the_kills(killed):
    killed.check_books()


def test_a_sweeper_killed_in_the_middle_loses_nothing(only_web, reference):
    site, account = only_web, serial(SMART, 20)
    site.airtel(reference, account=account)
    site.forget_doorbells()
    site.start_worker()
    for point in ("sweep.taken", "sweep.middle"):
        site.crash_at(point)
        site.take_up_until(lambda: not site.crash_file.exists(), what="a death")

    site.take_up_until(lambda: site.is_done(reference), what="the token")

    assert len(site.charges(account)) == len(site.messages(reference)) == 1
    site.check_books()


def test_a_look_up_killed_before_it_is_stored_is_made_again(beatless, reference):
    site, account = beatless, serial(SMART, 21)
    site.crash_at("issue.called")
    site.airtel(reference, account=account)
    site.await_death()
    site.crash_at("lookup.answered")
    site.take_up_until(lambda: not site.crash_file.exists(), what="a death")

    site.take_up_until(lambda: site.is_done(reference), what="the token")

    (charge,) = site.charges(account)
    (order,) = site.orders(reference)
    assert order.token == charge["token"]
    assert len(site.messages(reference)) == 1


def test_the_power_may_fail_at_any_step_of_many_payments(beatless, reference):
    """A storm: 16 payments, the whole worker falling at chance steps; then calm, and progress is demanded."""
    site = beatless
    accounts = [serial(SMART if n % 2 else KEYPAD, 22 + n // 2) for n in range(16)]
    for account in accounts:
        site.airtel(f"{reference}{account}", account=account)
    for _ in range(4):
        site.crash_at(", ".join(f"{case.point.strip('!')}!:0.4" for case in CASES))
        site.take_up_until(lambda: not site.crash_file.exists(), what="a death")
        site.await_end("worker")
        site.start_worker()

    for account in accounts:
        site.take_up_until(lambda a=account: is_settled(site, f"{reference}{a}"), what=account)

    for account in accounts:
        (order,), charges = site.orders(f"{reference}{account}"), site.charges(account)
        assert len(charges) == 1 or (order.state, len(charges)) == ("in_doubt", 0)
        assert order.state == "issued" or account.startswith("4700")
    site.check_books()


def is_settled(site, reference):
    """Whether the token is on the phone, or the order waits for a person."""
    parked = [o for o in site.orders(reference) if o.state == "in_doubt" and not o.available_at]
    return bool(parked) or site.is_done(reference)
