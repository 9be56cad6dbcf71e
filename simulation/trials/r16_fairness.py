"""R16: a company with a large backlog does not make another wait."""

from simulation.site import Site
from simulation.trials.figure import Figure
from simulation.trials.load import Payers, booked, ensure, more_people, p95, seconds_to_sms
from simulation.waiting import until

TARGET = "one company has a backlog of 10,000; another's payments take at most twice as long as alone (p95)"
MOST_TIMES = 2.0
PER_SECOND, SECONDS = 3.0, 15.0
BUSY, QUIET = "jua", "taa"


def run(site: Site, *, full: bool) -> Figure:
    """Measure the quiet company alone, and again while the other's backlog is worked off."""
    backlog = 10_000 if full else 600
    busy = Payers(site, more_people(site, BUSY), BUSY)
    quiet = Payers(site, more_people(site, QUIET), QUIET)
    ensure(site, "web", "worker", "beat")
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
    times = beside / alone
    said = f"p95 {alone * 1000:.0f} ms alone, {beside * 1000:.0f} ms beside a backlog of {backlog}: {times:.1f} ×"
    aside = "" if left else "the backlog was gone before the measurement ended"
    return Figure("r16", said, times <= MOST_TIMES and left > 0, aside)


def _measure(site: Site, quiet: Payers, prefix: str) -> float:
    count = len(quiet.pay_steadily(prefix, per_second=PER_SECOND, seconds=SECONDS))
    until(
        lambda: len(seconds_to_sms(site, prefix, QUIET)) == count,
        seconds=600,
        what=f"the SMS of {prefix}",
    )
    return p95(list(seconds_to_sms(site, prefix, QUIET).values()))
