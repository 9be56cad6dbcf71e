"""R16: a company with a large backlog does not make another wait."""

import requests

from simulation.site import Site
from simulation.trials.figure import Figure
from simulation.trials.load import Payers, booked, ensure, more_people, p95, seconds_to_sms
from simulation.waiting import until

TARGET = "one company has a backlog of 10,000; another's payments take at most twice as long as alone (p95)"
MOST_TIMES = 2.0
PER_SECOND, SECONDS = 2.0, 20.0
BUSY, QUIET = "jua", "taa"
# Makers need a while, in life; makers that answer at once leave nothing to wait for but the processor.
MAKER_SECONDS = 0.4


def run(site: Site, *, full: bool) -> Figure:
    """Measure the quiet company alone, and again while the other's backlog is worked off."""
    backlog = 10_000 if full else 2_000
    ensure(site, "web", "worker", "beat")
    busy = Payers(site, more_people(site, BUSY), BUSY)
    quiet = Payers(site, more_people(site, QUIET), QUIET)
    for each in (busy, quiet):
        each.pay_many("WARM", 60)
    until(lambda: len(seconds_to_sms(site, "WARM", QUIET)) == 60, what="the warm-up")
    alone = _measure(site, quiet, "ALONE")
    site.kill("worker")
    busy.pay_many("BUSY", backlog)
    site.start_worker()
    until(lambda: seconds_to_sms(site, "BUSY", BUSY), what="the first of the backlog")
    beside = _measure(site, quiet, "BESIDE")
    left = len(booked(site, "BUSY")) - len(seconds_to_sms(site, "BUSY"))
    times = [one / other for one, other in zip(beside, alone, strict=True)]
    said = (
        f"p95 {alone[0] * 1000:.0f} ms alone, {beside[0] * 1000:.0f} ms beside a backlog of {backlog}:"
        f" {times[0]:.1f} × with makers that take {MAKER_SECONDS} s; {alone[1] * 1000:.0f} and"
        f" {beside[1] * 1000:.0f} ms, {times[1]:.1f} ×, with makers that answer at once"
    )
    aside = "" if left else "the backlog was gone before the measurement ended"
    return Figure("r16", said, times[0] <= MOST_TIMES and left > 0, aside)


def _measure(site: Site, quiet: Payers, prefix: str) -> tuple[float, float]:
    """Return the p95 with makers that take their time, and with makers that answer at once."""
    slow = {"vendor": "calin_meter", "fault": "slow", "seconds": MAKER_SECONDS}
    for company in (BUSY, QUIET):
        requests.post(
            f"{site.sandbox_of(company)}/faults", json=slow, timeout=20
        ).raise_for_status()
    in_life = _pay(site, quiet, f"{prefix}-A")
    for company in (BUSY, QUIET):
        requests.delete(f"{site.sandbox_of(company)}/faults", timeout=20).raise_for_status()
    return in_life, _pay(site, quiet, f"{prefix}-B")


def _pay(site: Site, quiet: Payers, prefix: str) -> float:
    count = len(quiet.pay_steadily(prefix, per_second=PER_SECOND, seconds=SECONDS))
    until(
        lambda: len(seconds_to_sms(site, prefix, QUIET)) == count,
        seconds=600,
        what=f"the SMS of {prefix}",
    )
    return p95(list(seconds_to_sms(site, prefix, QUIET).values()))
