"""One installation, and seed after seed on it."""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import requests

from simulation import forensics
from simulation.breaker import Breaker, Supervisor
from simulation.case import Violation
from simulation.checker import check
from simulation.client import Operators
from simulation.clock import Clock
from simulation.evidence import Evidence, Row, collect
from simulation.office import Office
from simulation.plan import COMPANIES, PAYMENTS, Plan, as_dict, plan
from simulation.site import Site

# What is still open this long after the last fault never ends: seconds here are minutes in life (``clock``).
LIVENESS_SECONDS = 60.0
LOOK_SECONDS = 0.2
OPEN_WORK = """
SELECT concat_ws(' ', 'payment', reference, state, attempts, 'due', available_at) AS what
    FROM payments_payment WHERE state = 'received'
UNION ALL SELECT concat_ws(' ', 'order', public_id, state, attempts, reason, 'due', available_at,
    'leased', leased_until) FROM vending_tokenorder
    WHERE (state IN ('due', 'requested') AND paused_reason = '')
    OR (state = 'in_doubt' AND available_at IS NOT NULL)
UNION ALL SELECT concat_ws(' ', 'message', public_id, state, attempts, reason, 'due', available_at,
    'leased', leased_until) FROM messaging_message
    WHERE state = 'queued' AND paused_reason = ''
UNION ALL SELECT concat_ws(' ', 'result', payment_id, state, attempts, reason, 'due', available_at,
    'leased', leased_until) FROM payments_operatorresult WHERE state <> 'confirmed'
"""


@dataclass(slots=True)
class Outcome:
    """What came of one seed. ``seconds`` is the whole, ``calm_seconds`` from the last fault to the end of work."""

    seed: int
    payments: int = 0
    calls: int = 0
    deaths: int = 0
    restarts: int = 0
    doubts: int = 0
    happened: list[str] = field(default_factory=list)
    seconds: float = 0.0
    calm_seconds: float = 0.0
    violations: list[Violation] = field(default_factory=list)
    seen: str = ""  # what the installation looked like when its time was over
    kept: str = ""  # where the logs are, after a violation

    @property
    def held(self) -> bool:
        return not self.violations

    def line(self) -> str:
        """Say it in one line."""
        verdict = "held" if self.held else f"{len(self.violations)} VIOLATIONS"
        return (
            f"seed {self.seed:5d}  {self.seconds:5.1f} s  {self.payments} payments, {self.calls:3d} calls,"
            f" {self.deaths:2d} deaths, {self.doubts} in doubt, calm after {self.calm_seconds:4.1f} s"
            f"  {verdict}"
        )


class Simulation:
    """An installation that is broken and checked, once per seed; a seed may run once on it."""

    def __init__(self, home: Path, *, environment: Mapping[str, str] | None = None) -> None:
        self.site = Site(home, environment={"LOG_LEVEL": "WARNING", **(environment or {})})
        self.office: Office | None = None
        self.supervisor = Supervisor(self.site)

    def open(self) -> None:
        """Start everything."""
        self.site.open()
        self.site.keep_fresh()
        self._start()

    def begin_anew(self, environment: Mapping[str, str]) -> None:
        """Forget all seeds, and go on with programs in another environment: quicker than a new installation."""
        self._stop()
        self.site.make_fresh()
        self.site.environment |= environment
        self.supervisor = Supervisor(self.site)
        self._start()

    def close(self) -> None:
        self._stop()
        self.site.close()

    def _start(self) -> None:
        self.office = Office(self.site.environment)
        self.supervisor.start()
        self.site.await_web()

    def _stop(self) -> None:
        self.supervisor.stop()
        if self.office is not None:
            self.office.close()

    def run(self, seed: int, *, payments: int = PAYMENTS) -> Outcome:
        """Run one seed: break things, let calm return, demand progress, and check."""
        started, planned = time.monotonic(), plan(seed, payments=payments)
        self._furnish(planned)
        with contextlib.ExitStack() as ending:
            outcome, evidence = self._break(planned, ending)
        evidence.companies = {slug: collect(self.site, planned, slug) for slug in COMPANIES}
        for slug, found in evidence.companies.items():
            found.book_violations = self._the_office.book_violations(slug)
            outcome.doubts += sum(row.state == "in_doubt" for row in found.rows["orders"])
        outcome.violations = check(planned, evidence)
        if not outcome.held:
            seen = outcome.seen or forensics.look(self.site)
            outcome.kept = str(forensics.keep(self.site, seed, outcome.violations, seen))
        outcome.seconds = time.monotonic() - started
        return outcome

    @property
    def _the_office(self) -> Office:
        assert self.office is not None
        return self.office

    def _furnish(self, planned: Plan) -> None:
        for company in planned.companies:
            there = f"{self.site.sandbox_of(company.slug)}/simulation/forget"
            requests.post(there, json={}, timeout=20).raise_for_status()
            self._the_office.furnish(as_dict(company))

    def _break(self, planned: Plan, ending: contextlib.ExitStack) -> tuple[Outcome, Evidence]:
        breaker, restarts = Breaker(self.site, planned), self.supervisor.restarts
        operators, clock = Operators(self.site, planned), Clock(self.site, COMPANIES)
        clock.start()
        ending.callback(clock.stop)
        ending.callback(operators.close)
        operators.introduce()
        breaker.set_up()
        breaker.start()
        operators.start()
        breaker.end()
        calm = time.monotonic()
        operators.finish(seconds=LIVENESS_SECONDS)
        unfinished = self._until_nothing_is_open(calm + LIVENESS_SECONDS)
        calm_seconds = time.monotonic() - calm
        seen = forensics.look(self.site) if unfinished else ""
        operators.say_more()
        unfinished += self._until_nothing_is_open(time.monotonic() + LIVENESS_SECONDS)
        outcome = Outcome(
            planned.seed,
            payments=planned.payments,
            calls=len(operators.log.calls),
            deaths=breaker.deaths,
            restarts=self.supervisor.restarts - restarts,
            happened=breaker.happened,
            calm_seconds=calm_seconds,
            seen=seen,
        )
        deaths = max(outcome.deaths, outcome.restarts)
        return outcome, Evidence(operators.log.calls, {}, deaths=deaths, unfinished=unfinished)

    def _until_nothing_is_open(self, deadline: float) -> list[str]:
        """Wait for the end of all work; return what is open at the deadline."""
        while True:
            found = [f"{slug}: {row.what}" for slug in COMPANIES for row in self._open_work(slug)]
            if not found or time.monotonic() > deadline:
                return found
            time.sleep(LOOK_SECONDS)

    def _open_work(self, slug: str) -> list[Row]:
        return self.site.query(OPEN_WORK, company=slug)


@contextlib.contextmanager
def simulation(environment: Mapping[str, str] | None = None) -> Iterator[Simulation]:
    """Have an installation in a folder that is thrown away."""
    home = Path(tempfile.mkdtemp(prefix="mpm-simulation-"))
    running = Simulation(home, environment=environment)
    try:
        # A killed process loses nothing by it; a power cut would.
        with patch.dict(os.environ, {"MPM_EMBEDDED_FSYNC": "off"}):
            running.open()
            yield running
    finally:
        running.close()
        shutil.rmtree(home, ignore_errors=True)
