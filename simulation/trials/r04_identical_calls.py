"""R4: the same call a hundred times at once is one payment and one answer; a changed one moves nothing."""

from functools import partial

from simulation.airtel import Answer
from simulation.site import Site, serial, until
from simulation.trials.figure import Figure
from simulation.trials.load import at_once, booked, ensure

TARGET = (
    "100 identical calls at once: one is applied, all answers have the same bytes; with another amount 0 of 100"
    " are applied, all are refused and flagged; the same reference in another company is independent"
)
OTHER = "taa"


def run(site: Site, *, full: bool, rounds: int = 0, calls: int = 100) -> Figure:
    """Make rounds of identical calls, each followed by as many that were tampered with."""
    ensure(site, "web", "worker", "beat")
    rounds = rounds or (50 if full else 4)
    wrong = sum(not _round(site, number, calls) for number in range(rounds))
    applied = booked(site, "SAME")
    until(lambda: all(site.is_done(reference) for reference in applied), what="the tokens")
    site.check_books()
    said = (
        f"{rounds} rounds of {calls} + {calls} calls: {len(applied)} payments,"
        f" {max(applied.values())} of each, {wrong} rounds wrong"
    )
    return Figure("r04", said, not wrong and set(applied.values()) == {1})


def _round(site: Site, number: int, calls: int) -> bool:
    reference, account = f"SAME{number:04d}", serial("calin_meter", number % 80)
    there = serial("calin_meter", number % 80, OTHER)
    same = partial(site.airtel, reference, account=account)
    changed = partial(site.airtel, reference, account=account, amount="50000")
    other = partial(site.airtel, reference, account=there, company=OTHER)
    *answers, elsewhere = at_once([*[same] * calls, other])
    tampered = at_once([changed] * calls)
    (payment,) = site.payments(reference)
    (twin,) = site.payments(reference, OTHER)
    flagged = site.query(
        "SELECT count(*) AS n FROM payments_callback WHERE payment_id = %s AND verdict = 'conflict'",
        payment.id,
    )
    return (
        _is_one_yes(answers)
        and elsewhere.status == "200"
        and {each.status for each in tampered} == {"400"}
        and flagged[0].n == calls
        and payment.amount == twin.amount == 5000
    )


def _is_one_yes(answers: list[Answer]) -> bool:
    return {each.status for each in answers} == {"200"} and len(
        {each.text for each in answers}
    ) == 1
