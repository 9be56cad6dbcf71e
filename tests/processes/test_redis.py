"""Redis dead, hanging or emptied: operators are answered as ever, and nothing is lost."""

import statistics

import pytest

from simulation.site import serial, until

ANSWER_SECONDS = 1
DOORBELL_MS = 100
PAYMENTS = 16


def pay(site, reference, number):
    return site.airtel(f"{reference}{number}", account=serial("calin_smart_meter", 50 + number))


def median_ms(answers):
    return statistics.median(round(each.seconds * 1000) for each in answers)


@pytest.fixture
def ring_off(whole):
    """Take Redis away in one of two ways, and bring it back."""
    away = {"dead": whole.kill_redis, "hanging": whole.halt_redis}
    back = {"dead": whole.redis.start, "hanging": whole.resume_redis}

    def ring_off(how):
        away[how]()
        return back[how]

    yield ring_off
    whole.resume_redis()
    whole.redis.start()


@pytest.mark.parametrize("how", ["dead", "hanging"])
def test_operators_are_answered_in_time_and_the_work_is_done_afterwards(
    whole, ring_off, reference, how
):
    whole.warm_up()
    usual = [pay(whole, f"{reference}u", number) for number in range(PAYMENTS)]
    come_back = ring_off(how)

    answers = [pay(whole, reference, number) for number in range(PAYMENTS)]

    assert {each.status for each in answers} == {"200"}
    assert max(each.seconds for each in answers) <= ANSWER_SECONDS
    assert median_ms(answers) <= median_ms(usual) + DOORBELL_MS
    assert statistics.median(whole.doorbells_ms()) <= DOORBELL_MS

    come_back()

    for number in range(PAYMENTS):
        until(lambda n=number: whole.is_done(f"{reference}{n}"), what="the token")
    assert whole.running("worker")
    whole.check_books()


def test_an_emptied_redis_loses_nothing_also_with_two_beats(only_web, reference):
    site, accounts = only_web, [serial("calin_meter", 40 + n) for n in range(5)]
    for account in accounts:
        assert site.airtel(f"{reference}{account}", account=account).status == "200"
    site.forget_doorbells()

    site.start_worker()
    site.start_worker("worker2")
    site.start_beat()
    site.start_beat("beat2")

    for account in accounts:
        until(lambda a=account: site.is_done(f"{reference}{a}"), what="the token")
        assert len(site.charges(account)) == len(site.messages(f"{reference}{account}")) == 1
    site.kill("worker2")
    site.kill("beat2")
    site.check_books()


def test_doorbells_are_heard_after_redis_was_emptied_under_running_processes(whole, reference):
    whole.airtel(f"{reference}a", account=serial("calin_meter", 45))
    until(lambda: whole.is_done(f"{reference}a"), what="the first token")
    whole.forget_doorbells()

    whole.airtel(f"{reference}b", account=serial("calin_meter", 45))

    until(lambda: whole.is_done(f"{reference}b"), seconds=3, what="the second token")
