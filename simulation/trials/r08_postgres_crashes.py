"""R8: PostgreSQL crashes again and again: operators are told to come later, nothing is lost or counted twice."""

import threading
import time
from dataclasses import dataclass, field

import requests

from simulation.airtel import Answer
from simulation.site import Site, until
from simulation.trials.figure import Figure
from simulation.trials.load import Payers, booked, ensure

TARGET = (
    "PostgreSQL crashes 20 times: 0 lost, 0 double; webhooks say 503 with Retry-After within 2 s, never a false"
    " 200; all is well at most 10 s after the database is back, without anybody's help"
)
MOST_ANSWER_SECONDS, MOST_RECOVERY_SECONDS = 2.0, 10.0
CLIENTS, DOWN_SECONDS = 4, 1.5


def run(site: Site, *, full: bool, crashes: int = 0) -> Figure:
    """Crash the database under load; operators repeat until they hear yes, as in life."""
    ensure(site, "web", "worker", "beat")
    crashes = crashes or (20 if full else 3)
    load = _Load(Payers(site))
    load.start()
    recoveries = [_crash(site, load) for _ in range(crashes)]
    load.stop()
    until(lambda: _worked_off(site) >= load.yes, seconds=180, what="the last token")
    (doubts,) = site.query("SELECT count(*) AS n FROM vending_tokenorder WHERE state <> 'issued'")
    counts = booked(site, "BASE")
    lost, double = load.yes - set(counts), [n for n in counts.values() if n > 1]
    site.check_books()
    said = (
        f"{crashes} crashes, {len(load.yes)} payments, {load.refusals} answers of 503 ({load.wrong} others or"
        f" without Retry-After), the slowest {load.slowest:.2f} s; {len(lost)} lost, {len(double)} double,"
        f" {doubts.n} cut off in a call and left to a person; the next yes at most {max(recoveries):.1f} s after"
        " the database was back"
    )
    is_held = (
        not (lost or double or load.wrong)
        and load.refusals > 0
        and load.slowest <= MOST_ANSWER_SECONDS
        and max(recoveries) <= MOST_RECOVERY_SECONDS
    )
    return Figure("r08", said, is_held)


def _worked_off(site: Site) -> set[str]:
    """Return the payments that are settled and have their token, or were cut off in the call for it."""
    sql = (
        "SELECT p.reference FROM payments_payment p JOIN vending_tokenorder o ON o.source_id = p.id"
        " WHERE o.source = 'payment' AND o.state IN ('issued', 'requested', 'in_doubt')"
        " AND p.reference LIKE 'BASE%'"
    )
    return {row.reference for row in site.query(sql)}


def _crash(site: Site, load: "_Load") -> float:
    time.sleep(2)
    site.cut_postgres()
    time.sleep(DOWN_SECONDS)
    site.postgres.start()
    back, before = time.monotonic(), len(load.yes)
    until(lambda: len(load.yes) > before, seconds=60, what="the next yes")
    return time.monotonic() - back


@dataclass
class _Load:
    """Operators who report one payment after another, each until it is taken."""

    payers: Payers
    yes: set[str] = field(default_factory=set)
    refusals: int = 0
    wrong: int = 0
    slowest: float = 0.0

    def start(self) -> None:
        self.stopped = threading.Event()
        self.threads = [
            threading.Thread(target=self._report, args=(n,), daemon=True) for n in range(CLIENTS)
        ]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def _report(self, client: int) -> None:
        number = client
        while not self.stopped.is_set():
            reference = f"BASE{number:05d}"
            while not self._is_taken(reference, number):
                time.sleep(0.3)
            number += CLIENTS
            time.sleep(0.2)

    def _is_taken(self, reference: str, number: int) -> bool:
        try:
            answer = self.payers.pay(reference, number)
        except requests.RequestException:
            self.wrong += 1
            return False
        if answer.http == 200 and answer.status == "200":
            self.yes.add(reference)
            return True
        self._note(answer)
        return False

    def _note(self, answer: Answer) -> None:
        self.refusals += 1
        self.wrong += answer.http != 503 or "Retry-After" not in answer.headers
        self.slowest = max(self.slowest, answer.seconds)
