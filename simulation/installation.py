"""An installation of its own, made of real processes that can be killed, halted and started again."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg2
import psycopg2.extras
import redis
import requests

from mpm.embedded.binaries import postgres_install, redis_install
from mpm.embedded.given import PROJECT
from mpm.embedded.postgres import DATABASE, Postgres
from mpm.embedded.redis import Redis
from mpm.embedded.service import PORTS, Service, is_free
from mpm.processes import Processes, wait_until_ready
from mpm.run import BEAT, WEB, WORKER, module
from simulation.makers.installing import install
from simulation.ringing import call_sweeper
from simulation.waiting import NotYet, until

HOST = "127.0.0.1"
READY_SECONDS = 60.0
FRESH = "fresh"
COMPANIES = ("jua", "taa")


class CannotStart(Exception):
    """A part of the installation did not start; the text ends with what it said."""


def free_port() -> int:
    return next(port for port in random.sample(PORTS, len(PORTS)) if is_free(port))


def signal_to(service: Service, number: signal.Signals) -> None:
    """Send a signal to a server of ours, if it lives."""
    if service.is_alive() and service.pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(service.pid, number)


class Installation:
    """PostgreSQL, Redis, one set of pretend vendors per company, web server, workers and beat below one folder.

    ``environment`` is added to what the product's own processes see. Each company has a sandbox of its own, so
    that what reaches the wrong one is seen.
    """

    def __init__(self, home: Path, *, environment: Mapping[str, str] | None = None) -> None:
        self.home, self.crash_file = home, home / "crash"
        self.more_environment = dict(environment or {})
        for name in ("postgres", "redis"):
            (home / name).mkdir(mode=0o700)
        self.postgres = Postgres(home, postgres_install())
        self.redis = Redis(home, redis_install())
        self.port = free_port()
        self.sandbox_ports = {slug: free_port() for slug in COMPANIES}
        self.processes = Processes(logs=home / "logs", say=lambda _: None, cwd=PROJECT)
        # Per company, the key in the webhook addresses of each plug-in.
        self.keys: dict[str, dict[str, str]] = {}

    # --- the whole ---------------------------------------------------------------------------------------

    def open(self) -> None:
        """Start the servers and the vendors and furnish the companies; the product's processes start later.

        :raises CannotStart: the companies could not be furnished
        """
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda start: start(), (self.postgres.start, self.redis.start)))
        self.environment = {
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url,
            "DEVELOPMENT": "1",
            "DEBUG": "0",
            "MPM_LOCAL_DIR": str(self.home),
            "PORT": str(self.port),
            "MPM_CRASH_AT": f"@{self.crash_file}",
            "PYTHONPATH": os.pathsep.join(
                [str(install(self.home / "plugins")), *filter(None, [os.environ.get("PYTHONPATH")])]
            ),
            **self.more_environment,
        }
        self._start_vendors()
        self.keys = self._furnish()
        for company in COMPANIES:
            self._introduce_operators(company)

    def close(self) -> None:
        """Stop all that was started."""
        self.processes.stop()
        for service in (self.redis, self.postgres):
            signal_to(service, signal.SIGCONT)
            service.stop()

    def _start_vendors(self) -> None:
        for slug, port in self.sandbox_ports.items():
            options = ["--port", str(port), "--memory", "--report-seconds", "0.05"]
            name = "sandbox" if slug == COMPANIES[0] else f"sandbox_{slug}"
            self.processes.start(name, [sys.executable, "-m", "simulation.vendors", *options])
        for slug in COMPANIES:
            wait_until_ready(f"{self.sandbox_of(slug)}/healthz", seconds=READY_SECONDS)

    def _furnish(self) -> dict[str, dict[str, str]]:
        command = [sys.executable, "-m", "simulation.prepare"]
        command += [f"{slug}={self.sandbox_of(slug)}" for slug in COMPANIES]
        prepared = subprocess.run(
            command,
            cwd=PROJECT,
            env={**os.environ, **self.environment, "MPM_CRASH_AT": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        if prepared.returncode:
            raise CannotStart(prepared.stderr[-3000:])
        keys: dict[str, dict[str, str]] = json.loads(prepared.stdout.splitlines()[-1])
        return keys

    def _introduce_operators(self, company: str) -> None:
        def url(plugin: str, action: str) -> str:
            return self.webhook(company, plugin, action)

        addresses = {
            "vodacom_tz": {"request": url("vodacom_tz", "request")},
            "vodacom_mz": {
                action: url("vodacom_mz", action) for action in ("validate", "process", "query")
            },
            "africastalking": {
                action: url("africastalking", action) for action in ("delivery", "incoming")
            },
        }
        there = self.sandbox_of(company)
        requests.post(f"{there}/operators", json=addresses, timeout=20).raise_for_status()

    def webhook(self, company: str, plugin: str, action: str) -> str:
        """Return where a company takes one kind of call of a plug-in."""
        key = self.keys[company][plugin]
        return f"http://{company}.localhost:{self.port}/webhooks/{plugin}/{key}/{action}"

    def sandbox_of(self, company: str) -> str:
        """Return the address of a company's vendors."""
        return f"http://{HOST}:{self.sandbox_ports[company]}"

    @property
    def sandbox(self) -> str:
        """The address of the first company's vendors."""
        return self.sandbox_of(COMPANIES[0])

    # --- beginning anew ----------------------------------------------------------------------------------

    def keep_fresh(self) -> None:
        """Keep a copy of the database as it is, before anybody uses it."""
        self._manage(f"CREATE DATABASE {FRESH} TEMPLATE {DATABASE}")

    def make_fresh(self) -> None:
        """Go back to the copy that was kept, with no doorbells; only vendors go on running."""
        self.keep_only()
        self.crash_file.unlink(missing_ok=True)
        self._manage(
            f"DROP DATABASE {DATABASE} WITH (FORCE)",
            f"CREATE DATABASE {DATABASE} TEMPLATE {FRESH}",
            # Until then a copied sequence logs nothing that a crash could take its numbers from.
            "CHECKPOINT",
        )
        self.forget_doorbells()

    def _manage(self, *statements: str) -> None:
        elsewhere = self.postgres.url.removesuffix(DATABASE) + "postgres"
        with contextlib.closing(psycopg2.connect(elsewhere)) as database:
            database.autocommit = True
            with database.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)

    # --- processes ---------------------------------------------------------------------------------------

    def start_web(self, *, wait: bool = True) -> None:
        command = [*module(WEB), "--host", HOST, "--port", str(self.port), "mpm.wsgi:application"]
        self.processes.start("web", command, env=self.environment)
        if wait:
            self.await_web()

    def await_web(self) -> None:
        wait_until_ready(f"http://{HOST}:{self.port}/healthz", seconds=READY_SECONDS)

    def start_worker(self, name: str = "worker") -> None:
        self.processes.start(name, module(WORKER), env=self.environment)

    def start_beat(self, name: str = "beat") -> None:
        schedule = str(self.home / f"{name}-schedule")
        command = [*module(BEAT), "--schedule", schedule]
        self.processes.start(name, command, env=self.environment)

    def kill(self, name: str) -> None:
        """Cut the power of one program: it and all its children, at once."""
        child = self.processes.children.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()

    def keep_only(self, *names: str) -> None:
        """Cut the power of every program but these and the vendors."""
        for name in set(self.processes.children) - set(names):
            if not name.startswith("sandbox"):
                self.kill(name)

    def running(self, name: str) -> bool:
        return name in self.processes.children and self.processes.is_alive(name)

    def kill_redis(self) -> None:
        signal_to(self.redis, signal.SIGKILL)
        until(lambda: not self.redis.is_alive())

    def halt_redis(self) -> None:
        """Let Redis hang: connections open, and nobody answers."""
        signal_to(self.redis, signal.SIGSTOP)

    def resume_redis(self) -> None:
        signal_to(self.redis, signal.SIGCONT)

    def cut_postgres(self) -> None:
        """Stop the database at once, as a crash does."""
        signal_to(self.postgres, signal.SIGQUIT)
        until(lambda: not self.postgres.is_alive())

    def forget_doorbells(self) -> None:
        redis.Redis.from_url(self.redis.url).flushall()

    def sweep(self) -> None:
        """Do what beat does every five seconds."""
        self.query("UPDATE public.tenants_duework SET due_at = now()")
        call_sweeper(self.redis.url)

    # --- dying at a point --------------------------------------------------------------------------------

    def crash_at(self, points: str) -> None:
        """Let the next process that comes to this point die; with ``!`` its parent and brothers as well."""
        new = self.crash_file.with_suffix(".new")
        new.write_text(points)
        new.rename(self.crash_file)

    def await_death(self) -> None:
        """Return when somebody came to the point and died.

        :raises NotYet: nobody did
        """
        until(lambda: not self.crash_file.exists(), what="a death")

    def await_end(self, name: str) -> None:
        """Return when the whole program has died at the point.

        :raises NotYet: it lives
        """
        self.await_death()
        child = self.processes.children.pop(name)
        until(lambda: child.process.poll() is not None, what=f"the end of {name}")
        if child.process.returncode != -signal.SIGKILL:
            raise NotYet(f"{name} ended with {child.process.returncode}")

    # --- the database ------------------------------------------------------------------------------------

    def query(self, sql: str, *values: Any, company: str = COMPANIES[0]) -> list[SimpleNamespace]:
        """Run statements in a company's schema; return the rows, by name of column.

        A single mapping fills named places.
        """
        places = values[0] if len(values) == 1 and isinstance(values[0], Mapping) else values
        with contextlib.closing(self.connect(company)) as database, database.cursor() as cursor:
            cursor.execute(sql, places or None)
            if cursor.description is None:
                return []
            return [SimpleNamespace(**row) for row in cursor.fetchall()]

    def connect(self, company: str) -> Any:
        """Return a connection of ours that commits each statement."""
        database = psycopg2.connect(
            self.postgres.url,
            options=f"-c search_path={company},public",
            cursor_factory=psycopg2.extras.RealDictCursor,
        )
        database.autocommit = True
        return database
