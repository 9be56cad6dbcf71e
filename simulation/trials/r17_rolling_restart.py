"""R17: a new version is rolled out under load: nobody notices."""

import itertools
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from mpm.processes import wait_until_ready
from mpm.run import WEB, module
from simulation.airtel import Answer
from simulation.installation import HOST, READY_SECONDS, free_port
from simulation.site import Site, until
from simulation.trials.figure import Figure
from simulation.trials.load import Payers, ensure, more_people, seconds_to_sms

TARGET = (
    "two web servers and two workers are restarted one after another under load: no webhook fails, no work waits"
    " for a lease"
)
PER_SECOND = 6.0
LEASED = """
SELECT (SELECT count(*) FROM vending_tokenorder WHERE state IN ('requested', 'in_doubt'))
    + (SELECT count(*) FROM messaging_message WHERE state = 'queued') AS n
"""


def run(site: Site, *, full: bool, rounds: int = 0) -> Figure:
    """Restart each program with SIGTERM and wait until its successor is ready, while customers pay."""
    rounds = rounds or (5 if full else 1)
    ensure(site, "web", "worker", "beat")
    farm = _Farm(site)
    payers = Payers(site, more_people(site))
    pool, stopped, numbers = ThreadPoolExecutor(16), threading.Event(), itertools.count()
    answers = []

    def pay() -> None:
        while not stopped.wait(1 / PER_SECOND):
            answers.append(pool.submit(farm.pay, payers, next(numbers)))

    paying = threading.Thread(target=pay, daemon=True)
    paying.start()
    for _ in range(rounds):
        farm.restart_all()
    stopped.set()
    paying.join()
    said = [each.result() for each in answers]
    failed = [each for each in said if each is None or each.status != "200"]
    until(lambda: len(seconds_to_sms(site, "ROLL")) == len(said) - len(failed), what="the tokens")
    (left,) = site.query(LEASED)
    slowest = max(seconds_to_sms(site, "ROLL").values())
    site.check_books()
    figure = (
        f"{rounds * 4} restarts under {len(said)} webhooks: {len(failed)} failed, {left.n} rows left to a lease,"
        f" the slowest token {slowest:.1f} s"
    )
    return Figure("r17", figure, not failed and not left.n)


class _Farm:
    """Two web servers behind a proxy that asks the other where one does not take the connection; two workers."""

    def __init__(self, site: Site) -> None:
        self.site, self.ports = site, [site.port, free_port()]
        self.ready: dict[str, int] = {"worker": 1}
        self._start_web(1)
        site.start_worker("worker2")
        self._await("worker2")

    def pay(self, payers: Payers, number: int) -> Answer | None:
        for port in (self.ports[number % 2], self.ports[1 - number % 2]):
            try:
                return payers.pay(f"ROLL{number:05d}", number, port=port)
            except requests.ConnectionError as error:
                if "refused" not in str(error):
                    return None
        return None

    def restart_all(self) -> None:
        for which, name in enumerate(("web", "web2")):
            self._stop(name)
            self._start_web(which)
        for name in ("worker", "worker2"):
            self._stop(name)
            self.site.start_worker(name)
            self._await(name)

    def _start_web(self, which: int) -> None:
        port = self.ports[which]
        command = [*module(WEB), "--host", HOST, "--port", str(port), "mpm.wsgi:application"]
        environment = {**self.site.environment, "PORT": str(port)}
        self.site.processes.start(("web", "web2")[which], command, env=environment)
        wait_until_ready(f"http://{HOST}:{port}/healthz", seconds=READY_SECONDS)

    def _await(self, name: str) -> None:
        log = self.site.processes.children[name].log
        self.ready[name] = self.ready.get(name, 0) + 1
        until(
            lambda: log.read_text().count(" ready.") >= self.ready[name], what=f"{name} to be ready"
        )

    def _stop(self, name: str) -> None:
        child = self.site.processes.children.pop(name)
        os.kill(child.process.pid, signal.SIGTERM)
        child.process.wait(timeout=60)
        time.sleep(0.2)
