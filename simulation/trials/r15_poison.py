"""R15: a payment that always fails parks after eight tries and is in nobody's way."""

from simulation.site import Site, until
from simulation.trials.figure import Figure
from simulation.trials.load import Payers, ensure, more_people, p95, seconds_to_sms

TARGET = (
    "a payment that always fails parks after 8 tries; the others take at most 1.2 × as long (p95)"
)
MOST_TIMES, TRIES = 1.2, 8
PER_SECOND = 4.0
# No row of these can be settled, for a reason that no code of ours foresees.
POISON = """
CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'poison' USING ERRCODE = 'XX000'; END $$;
CREATE TRIGGER poison BEFORE UPDATE ON payments_payment FOR EACH ROW
    WHEN (NEW.state = 'settled' AND NEW.reference LIKE 'POISON%') EXECUTE FUNCTION poison();
"""
CURED = "DROP TRIGGER poison ON payments_payment; DROP FUNCTION poison();"
OF_POISON = "WHERE state = 'received' AND reference LIKE 'POISON%'"
FAR_OFF = (
    f"UPDATE payments_payment SET attempts = 0, available_at = now() + interval '1 h' {OF_POISON}"
)
AGAIN = f"UPDATE payments_payment SET available_at = now() {OF_POISON} AND available_at > now()"
PARKED = "SELECT attempts, available_at FROM payments_payment WHERE reference LIKE 'POISON%'"


def run(site: Site, *, full: bool, poisons: int = 0, rounds: int = 0, seconds: float = 8) -> Figure:
    """Compare, in turn, how long others take while poison is tried and while it is not; then let it park."""
    ensure(site, "web", "worker", "beat")
    poisons, rounds = poisons or (8 if full else 2), rounds or (15 if full else 4)
    payers = Payers(site, more_people(site))
    site.query(POISON)
    try:
        payers.pay_many("POISON", poisons)
        payers.pay_many("WARM", 40)
        until(lambda: len(seconds_to_sms(site, "WARM")) == 40, what="the warm-up")
        for number in range(rounds):
            for prefix, change in ((f"ALONE{number}", FAR_OFF), (f"BESIDE{number}", AGAIN)):
                site.query(change)
                _pay(site, payers, prefix, seconds)
        until(lambda: _is_parked(site, poisons), seconds=180, what="the parking")
    finally:
        site.query(CURED)
    site.check_books()
    alone, beside = (p95([*seconds_to_sms(site, each).values()]) for each in ("ALONE", "BESIDE"))
    said = (
        f"{poisons} payments parked after {TRIES} tries each; p95 of the others {alone * 1000:.0f} ms without"
        f" their tries, {beside * 1000:.0f} ms beside them: {beside / alone:.2f} ×"
    )
    return Figure("r15", said, beside <= MOST_TIMES * alone)


def _pay(site: Site, payers: Payers, prefix: str, seconds: float) -> None:
    count = len(payers.pay_steadily(prefix, per_second=PER_SECOND, seconds=seconds))
    until(
        lambda: len(seconds_to_sms(site, prefix)) == count, seconds=120, what=f"the SMS of {prefix}"
    )


def _is_parked(site: Site, poisons: int) -> bool:
    """Whether all wait for a person; until then the hours pass that lie between two tries."""
    site.query(AGAIN)
    site.sweep()
    rows = site.query(PARKED)
    return len(rows) == poisons and all(
        (row.attempts, row.available_at) == (TRIES, None) for row in rows
    )
