"""Breaks an installation after a plan, and starts again what died, as a supervisor does in life."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable

import requests

from simulation.breaking import Break, Wrong
from simulation.plan import Company, Plan
from simulation.site import Site

LOOK_SECONDS = 0.05
# How long somebody may take to come to a point before the next break has its turn.
CRASH_PATIENCE_SECONDS = 1.0
PROGRAMS = ("web", "worker", "beat")


class Supervisor:
    """Starts the programs, and starts them again when they died.

    One thread for the life of an installation: on Linux a program is told to stop when the thread ends that
    started it.
    """

    def __init__(self, site: Site) -> None:
        self.site, self.restarts = site, -len(PROGRAMS)
        self._start: dict[str, Callable[[], None]] = {
            "web": lambda: site.start_web(wait=False),
            "worker": site.start_worker,
            "beat": site.start_beat,
        }
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop starting programs; those that it started end as well."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> None:
        """Start what does not run."""
        for name in PROGRAMS:
            if not self.site.running(name):
                if name in self.site.processes.children:
                    # Its children may live on; they would hold the port.
                    self.site.kill(name)
                self._start[name]()
                self.restarts += 1


class Breaker:
    """Carries out the breaks of a plan. ``deaths`` counts the processes that died at a point or were killed."""

    def __init__(self, site: Site, plan: Plan) -> None:
        self.site, self.plan = site, plan
        self.deaths = 0
        self.happened: list[str] = []
        self._threads = [
            threading.Thread(target=self._crash_all, name="crashes", daemon=True),
            *(
                threading.Thread(target=self._do, args=(one,), name=one.kind, daemon=True)
                for one in plan.breaks
                if one.kind != "crash"
            ),
        ]
        self._started = time.monotonic()

    def set_up(self) -> None:
        """Throw the vendors' switches."""
        for company in self.plan.companies:
            throw(self.site.sandbox_of(company.slug), wrongs_of(company))

    def start(self) -> None:
        self._started = time.monotonic()
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Return when all breaks are over; from then on nothing dies.

        Each wrong answer that vendors have in store still comes, once: on a slow machine most calls come now.
        """
        for thread in self._threads:
            thread.join()
        self.site.crash_file.unlink(missing_ok=True)

    def _crash_all(self) -> None:
        for one in self.plan.breaks:
            if one.kind != "crash":
                continue
            self._wait_for(one)
            self.site.crash_at(one.what)
            deadline = time.monotonic() + CRASH_PATIENCE_SECONDS
            while self.site.crash_file.exists() and time.monotonic() < deadline:
                time.sleep(LOOK_SECONDS)
            if not self.site.crash_file.exists():
                self._note(one)
            self.site.crash_file.unlink(missing_ok=True)

    def _do(self, one: Break) -> None:
        self._wait_for(one)
        self._note(one)
        getattr(self, f"_{one.kind}")(one)

    def _wait_for(self, one: Break) -> None:
        time.sleep(max(0.0, self._started + one.at_ms / 1000 - time.monotonic()))

    def _note(self, one: Break) -> None:
        self.deaths += one.kind in {"crash", "kill", "postgres"}
        self.happened.append(f"{one.kind} {one.what}".strip())

    def _kill(self, one: Break) -> None:
        # The supervisor may just be starting it.
        with contextlib.suppress(KeyError):
            self.site.kill(one.what)

    def _postgres(self, one: Break) -> None:
        self.site.cut_postgres()
        time.sleep(one.for_ms / 1000)
        self.site.postgres.start()

    def _redis_killed(self, one: Break) -> None:
        self.site.kill_redis()
        time.sleep(one.for_ms / 1000)
        self.site.redis.start()

    def _redis_hung(self, one: Break) -> None:
        self.site.halt_redis()
        time.sleep(one.for_ms / 1000)
        self.site.resume_redis()

    def _redis_wiped(self, _: Break) -> None:
        self.site.forget_doorbells()

    def _sms_down(self, one: Break) -> None:
        wrong = {"vendor": "africastalking", "fault": "http429"}
        for company in self.plan.companies:
            there = self.site.sandbox_of(company.slug)
            requests.post(f"{there}/faults", json=wrong, timeout=20).raise_for_status()
        time.sleep(one.for_ms / 1000)
        for company in self.plan.companies:
            there = self.site.sandbox_of(company.slug)
            wrong = {"vendor": "africastalking", "fault": "ok"}
            requests.post(f"{there}/faults", json=wrong, timeout=20).raise_for_status()


def wrongs_of(company: Company) -> list[Wrong]:
    """Return all that goes wrong at a company's vendors, in order."""
    found = [
        Wrong(wrong.vendor, wrong.kind, device.serial, wrong.seconds)
        for device in company.devices
        for wrong in device.wrongs
    ]
    found += [
        Wrong(wrong.vendor, wrong.kind, payment.reference, wrong.seconds)
        for payment in company.payments
        for wrong in payment.result_wrongs
    ]
    return [*found, *company.sms_wrongs]


def throw(sandbox: str, wrongs: Iterable[Wrong]) -> None:
    """Have the next calls of their subjects go wrong at a vendor."""
    rules = [
        {
            "vendor": wrong.vendor,
            "fault": wrong.kind,
            "subject": wrong.subject,
            "seconds": wrong.seconds,
            "count": 1,
        }
        for wrong in wrongs
    ]
    if rules:
        requests.post(f"{sandbox}/faults", json={"faults": rules}, timeout=20).raise_for_status()
