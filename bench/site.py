"""The installation that is measured: servers of its own in a folder that is thrown away."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpm import embedded, run
from mpm.embedded.given import PROJECT, given
from mpm.processes import Processes, wait_until_ready

READY_SECONDS = 90.0
PASSWORD_VARIABLE = "BENCH_OWNER_PASSWORD"  # noqa: S105  the name of a variable


class CannotMeasure(Exception):
    """The bench does not start; the text is one sentence for the person at the keyboard."""


@dataclass(slots=True)
class Site:
    """A running installation: web server and sandbox at first, worker and beat when wanted."""

    port: int
    sandbox_url: str
    database_url: str
    front: Processes
    workers: Processes

    def manage(self, *arguments: str) -> dict[str, Any]:
        """Run a command of the product with --json and return what it says."""
        return self._json([sys.executable, "manage.py", *arguments, "--json"])

    def furnish(self, company: str, *, devices: int) -> dict[str, Any]:
        """Fill a company with devices and connections; return what a client must know."""
        return self._json(
            [sys.executable, "-m", "bench.world", company, str(devices), self.sandbox_url]
        )

    def start_workers(self) -> None:
        """Start worker and beat."""
        self.workers.start("worker", run.module(run.WORKER))
        schedule = f"{self.workers.logs}/beat-schedule"
        self.workers.start("beat", [*run.module(run.BEAT), "--schedule", schedule])

    def pids(self) -> dict[str, int]:
        """Return the first process of each part, by name."""
        children = {**self.front.children, **self.workers.children}
        found = {name: child.process.pid for name, child in children.items()}
        for service in embedded.status():
            assert service.pid is not None
            found[service.name] = service.pid
        return found

    def _json(self, command: list[str]) -> dict[str, Any]:
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CannotMeasure(f"{' '.join(command[1:3])} failed: {done.stderr or done.stdout}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@contextlib.contextmanager
def site() -> Iterator[Site]:
    """Have an empty installation with a web server and a sandbox; afterwards nothing is left of it.

    :raises CannotMeasure: a database of yours is named, which the bench must not use
    """
    if given("DATABASE_URL") or given("REDIS_URL"):
        raise CannotMeasure(
            "The bench makes a database of its own: unset DATABASE_URL and REDIS_URL first."
        )
    # No blank and no permission trouble on the way: the database runs as another account under root.
    with tempfile.TemporaryDirectory(prefix="mpm-bench-") as folder:
        web, sandbox = free_ports(2)
        os.environ |= {"MPM_LOCAL_DIR": folder, "PORT": str(web), "LOG_LEVEL": "WARNING"}
        os.environ.pop("MPM_EMBEDDED_FSYNC", None)
        with embedded.ensure(role="bench") as services, contextlib.ExitStack() as ending:
            groups = [
                Processes(
                    logs=Path(folder) / "logs",
                    say=print,
                    cwd=PROJECT,
                    pass_fds=services.descriptors,
                )
                for _ in range(2)
            ]
            for group in groups:
                ending.callback(group.stop)
            yield _opened(web, sandbox, services.database_url, *groups)


def _opened(port: int, sandbox: int, database: str, front: Processes, workers: Processes) -> Site:
    subprocess.run(
        [sys.executable, "manage.py", "migrate_schemas", "--verbosity", "0"],
        cwd=PROJECT,
        check=True,
    )
    address = ["--host", run.HOST, "--port", str(port)]
    front.start("web", [*run.module(run.WEB), *address, "mpm.wsgi:application"])
    front.start("sandbox", [*run.module("sandbox --memory"), "--port", str(sandbox)])
    sandbox_url = f"http://{run.HOST}:{sandbox}"
    for url in (f"http://{run.HOST}:{port}/healthz", f"{sandbox_url}/healthz"):
        wait_until_ready(url, seconds=READY_SECONDS)
    return Site(port, sandbox_url, database, front, workers)


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback address on which nobody listens now."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.create_server((run.HOST, 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]
