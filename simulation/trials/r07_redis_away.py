"""R7: without Redis money is taken as ever, and the backlog is worked off at the usual pace."""

import time

from simulation.site import Site, until
from simulation.trials.figure import Figure
from simulation.trials.load import Payers, ensure, more_people, require_yes, seconds_to_sms

TARGET = (
    "Redis is away for 10 min under load, and wiped: webhooks are answered with 200, nothing is lost, and the"
    " backlog drains at 0.9 × the normal rate or more"
)
LEAST_RATIO = 0.9
# Until then a worker may still be at it, so the sweeper rings for nothing.
UNTIL_DUE_SECONDS = 9.0


def run(site: Site, *, full: bool, seconds: float = 0, per_second: float = 8) -> Figure:
    """Measure the normal rate, take Redis away under load, wipe it, and measure the rate again."""
    ensure(site, "web", "worker", "beat")
    seconds = seconds or (600 if full else 20)
    payers = Payers(site, more_people(site))
    count = round(seconds * per_second)
    payers.pay_many("WARM", 40)
    until(lambda: len(seconds_to_sms(site, "WARM")) == 40, what="the warm-up")
    site.kill("worker")
    payers.pay_many("USUAL", count)
    site.start_worker()
    usual = _rate(site, "USUAL", count)
    site.kill_redis()
    answers = payers.pay_steadily("AWAY", per_second=per_second, seconds=seconds)
    for answer in answers:
        require_yes(answer)
    slowest = max(answer.seconds for answer in answers)
    time.sleep(UNTIL_DUE_SECONDS)
    back = time.monotonic()
    site.redis.start()
    site.forget_doorbells()
    until(lambda: seconds_to_sms(site, "AWAY"), seconds=60, what="the first after Redis came back")
    first = time.monotonic() - back
    drained = _rate(site, "AWAY", count)
    site.check_books()
    said = (
        f"away {seconds:.0f} s, {count} payments, all 200, the slowest answer {slowest:.2f} s; 0 lost; the first"
        f" token {first:.1f} s after Redis was back; {drained:.0f}/s then, {usual:.0f}/s as usual:"
        f" {drained / usual:.2f} ×"
    )
    return Figure("r07", said, drained >= LEAST_RATIO * usual)


def _rate(site: Site, prefix: str, count: int) -> float:
    """Return payments per second from the first SMS to the last, once all are sent."""
    until(
        lambda: len(seconds_to_sms(site, prefix)) == count, seconds=900, what=f"{prefix} to drain"
    )
    (row,) = site.query(
        "SELECT extract(epoch FROM max(m.sent_at) - min(m.sent_at))::float AS seconds"
        " FROM messaging_message m JOIN payments_payment p ON m.source_id = p.id"
        " WHERE m.source = 'payment' AND m.purpose = 'token' AND p.reference LIKE %s",
        f"{prefix}%",
    )
    return float((count - 1) / row.seconds)
