"""An installation of its own, made of real processes that can be killed, halted and started again."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import psycopg2
import psycopg2.extras
import redis
import requests
from kombu import Connection

from mpm.celery import app
from mpm.embedded.binaries import postgres_install, redis_install
from mpm.embedded.given import PROJECT
from mpm.embedded.postgres import Postgres
from mpm.embedded.redis import Redis
from mpm.embedded.service import PORTS, is_free
from mpm.processes import Processes, wait_until_ready
from mpm.run import BEAT, WEB, WORKER, module
from tests.line import airtel_xml
from tests.processes.prepare import serial

HOST = "127.0.0.1"
PATIENCE_SECONDS = 30
# What nobody has touched for some seconds is lost; what was touched just now is somebody's work.
TIME_PASSES = """
UPDATE payments_payment SET available_at = now()
    WHERE state = 'received' AND booked_at < now() - interval '2 s';
UPDATE vending_tokenorder SET available_at = now()
    WHERE state = 'due' AND created_at < now() - interval '2 s' AND available_at IS NOT NULL;
UPDATE vending_tokenorder SET leased_until = now() - interval '1 s'
    WHERE state = 'requested' AND requested_at < now() - interval '2 s';
UPDATE vending_tokenorder SET requested_at = requested_at - interval '10 min', available_at = now()
    WHERE state = 'in_doubt' AND available_at > now() AND requested_at > now() - interval '10 min';
UPDATE messaging_message SET leased_until = now() - interval '1 s'
    WHERE state = 'queued' AND leased_until BETWEEN now() AND now() + interval '73 s';
UPDATE payments_operatorresult SET leased_until = now() - interval '1 s'
    WHERE state <> 'confirmed' AND leased_until > now() AND decided_at < now() - interval '3 s';
"""


class NotYet(AssertionError):
    """A condition was waited for in vain."""


def until(condition, *, seconds=PATIENCE_SECONDS, what="it"):
    """Wait for a condition, looking often; return what it returned."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise NotYet(f"{what} did not come true in {seconds} s")


def free_port() -> int:
    return next(port for port in random.sample(PORTS, len(PORTS)) if is_free(port))


class Site:
    """PostgreSQL, Redis, sandbox, web server, worker and beat below one folder."""

    def __init__(self, home: Path) -> None:
        self.home, self.crash_file = home, home / "crash"
        for name in ("postgres", "redis"):
            (home / name).mkdir(mode=0o700)
        self.postgres = Postgres(home, postgres_install())
        self.redis = Redis(home, redis_install())
        self.port, self.sandbox_port = free_port(), free_port()
        self.sandbox = f"http://{HOST}:{self.sandbox_port}"
        self.processes = Processes(logs=home / "logs", say=lambda _: None, cwd=PROJECT)
        self.keys: dict[str, str] = {}

    # --- the whole ---------------------------------------------------------------------------------------

    def open(self) -> None:
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
        }
        options = ["--port", str(self.sandbox_port), "--memory", "--report-seconds", "0.05"]
        self.processes.start("sandbox", [sys.executable, "-m", "sandbox", *options])
        wait_until_ready(f"{self.sandbox}/healthz", seconds=PATIENCE_SECONDS)
        prepared = subprocess.run(
            [sys.executable, "-m", "tests.processes.prepare", self.sandbox],
            cwd=PROJECT,
            env={**os.environ, **self.environment, "MPM_CRASH_AT": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert prepared.returncode == 0, prepared.stderr[-3000:]
        self.keys = json.loads(prepared.stdout.splitlines()[-1])
        self._introduce_operators()

    def close(self) -> None:
        self.processes.stop()
        for service in (self.redis, self.postgres):
            with contextlib.suppress(ProcessLookupError):
                os.kill(service.pid or 0, signal.SIGCONT)
            service.stop()

    def _introduce_operators(self) -> None:
        host = f"http://jua.localhost:{self.port}/webhooks"
        addresses = {
            "vodacom_tz": {"request": f"{host}/vodacom_tz/{self.keys['vodacom_tz']}/request"},
            "africastalking": {
                action: f"{host}/africastalking/{self.keys['africastalking']}/{action}"
                for action in ("delivery", "incoming")
            },
        }
        requests.post(f"{self.sandbox}/operators", json=addresses).raise_for_status()

    # --- processes ---------------------------------------------------------------------------------------

    def start_web(self) -> None:
        command = [*module(WEB), "--host", HOST, "--port", str(self.port), "mpm.wsgi:application"]
        self.processes.start("web", command, env=self.environment)
        wait_until_ready(f"http://{HOST}:{self.port}/healthz", seconds=PATIENCE_SECONDS)

    def warm_up(self) -> None:
        """Have each thread of the web server answer once: the first answer loads the code."""
        with ThreadPoolExecutor(32) as pool:
            list(pool.map(lambda _: self.airtel("none", password="wrong"), range(64)))

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
        for name in set(self.processes.children) - set(names):
            self.kill(name)

    def running(self, name: str) -> bool:
        return name in self.processes.children and self.processes.is_alive(name)

    def kill_redis(self) -> None:
        os.kill(self.redis.pid, signal.SIGKILL)
        until(lambda: not self.redis.is_alive())

    def halt_redis(self) -> None:
        """Let Redis hang: connections open, and nobody answers."""
        os.kill(self.redis.pid, signal.SIGSTOP)

    def resume_redis(self) -> None:
        if self.redis.is_alive():
            os.kill(self.redis.pid, signal.SIGCONT)

    def cut_postgres(self) -> None:
        """Stop the database at once, as a crash does."""
        os.kill(self.postgres.pid, signal.SIGQUIT)
        until(lambda: not self.postgres.is_alive())

    def forget_doorbells(self) -> None:
        redis.Redis.from_url(self.redis.url).flushall()

    def sweep(self) -> None:
        """Do what beat does every five seconds."""
        self.query("UPDATE public.tenants_duework SET due_at = now()")
        with Connection(self.redis.url) as broker:
            app.send_task("tenants.tasks.sweep", connection=broker)

    # --- dying at a point --------------------------------------------------------------------------------

    def crash_at(self, point: str) -> None:
        """Let the next process that comes to this point die; with ``!`` its parent and brothers as well."""
        new = self.crash_file.with_suffix(".new")
        new.write_text(point)
        new.rename(self.crash_file)

    def await_death(self) -> None:
        """Return when somebody came to the point and died."""
        until(lambda: not self.crash_file.exists(), what="a death")

    def await_end(self, name: str) -> None:
        """Return when the whole program has died at the point."""
        self.await_death()
        child = self.processes.children.pop(name)
        until(lambda: child.process.poll() is not None, what=f"the end of {name}")
        assert child.process.returncode == -signal.SIGKILL

    # --- what people and machines do ---------------------------------------------------------------------

    def airtel(self, reference, *, session=None, timeout=20, **content):
        """Report a payment as Airtel does."""
        url = f"http://{HOST}:{self.port}/webhooks/airtel/{self.keys['airtel']}/process"
        answer = (session or requests).post(
            url,
            data=airtel_xml(reference=reference, **content),
            headers={"Host": f"jua.localhost:{self.port}", "Content-Type": "application/xml"},
            timeout=timeout,
        )
        text = answer.text
        status = text.partition("<STATUS>")[2].partition("</STATUS>")[0]
        seconds = answer.elapsed.total_seconds()
        return SimpleNamespace(
            http=answer.status_code,
            headers=answer.headers,
            text=text,
            status=status,
            seconds=seconds,
        )

    def vodacom(self, reference, *, account):
        payment = {
            "operator": "vodacom_tz",
            "phone": "+255754123456",
            "device": account,
            "amount": "5000",
            "reference": reference,
        }
        return requests.post(f"{self.sandbox}/pay", json=payment, timeout=20).json()

    def truth(self) -> dict:
        return requests.get(f"{self.sandbox}/truth", timeout=20).json()

    def charges(self, account: str) -> list[dict]:
        answer = requests.get(f"{self.sandbox}/truth", params={"device": account}, timeout=20)
        return answer.json()["charges"]

    def messages(self, reference: str) -> list[dict]:
        """The SMS with a token that reached a phone about a payment."""
        return [
            each
            for each in self.truth()["messages"]
            if reference in each["text"] and "Token " in each["text"]
        ]

    def doorbells_ms(self) -> list[int]:
        """How long the web server's doorbells took that nobody answered."""
        lines = self.processes.children["web"].log.read_text().splitlines()
        facts = [json.loads(line) for line in lines if "doorbell.silent" in line]
        return [each["took_ms"] for each in facts]

    # --- the database ------------------------------------------------------------------------------------

    def query(self, sql: str, *values) -> list[SimpleNamespace]:
        with contextlib.closing(self._connect()) as database, database.cursor() as cursor:
            cursor.execute(sql, values or None)
            if cursor.description is None:
                return []
            return [SimpleNamespace(**row) for row in cursor.fetchall()]

    def _connect(self):
        database = psycopg2.connect(
            self.postgres.url,
            options="-c search_path=jua,public",
            cursor_factory=psycopg2.extras.RealDictCursor,
        )
        database.autocommit = True
        return database

    def payments(self, reference: str) -> list[SimpleNamespace]:
        return self.query("SELECT * FROM payments_payment WHERE reference = %s", reference)

    def order(self, reference: str) -> SimpleNamespace:
        (order,) = self.orders(reference)
        return order

    def orders(self, reference: str) -> list[SimpleNamespace]:
        return self.query(
            "SELECT o.* FROM vending_tokenorder o JOIN payments_payment p ON o.source_id = p.id"
            " WHERE o.source = 'payment' AND p.reference = %s",
            reference,
        )

    def is_done(self, reference: str) -> bool:
        """Whether the token of this payment is on a phone, as far as we know."""
        return bool(
            self.query(
                "SELECT 1 FROM payments_payment p"
                " JOIN vending_tokenorder o ON o.source = 'payment' AND o.source_id = p.id"
                " JOIN messaging_message m ON m.source = 'payment' AND m.source_id = p.id"
                " WHERE p.reference = %s AND p.state = 'settled' AND o.state = 'issued'"
                " AND m.purpose = 'token' AND m.state IN ('sent', 'delivered')",
                reference,
            )
        )

    def take_up(self) -> None:
        """Let the time pass after which lost work is taken up, and the sweeper come."""
        self.query(TIME_PASSES)
        self.sweep()

    def take_up_until(self, condition, *, what="it") -> None:
        """Let time pass and the sweeper come, again and again, until a condition holds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            self.take_up()
            with contextlib.suppress(NotYet):
                until(condition, seconds=1)
                return
        raise AssertionError(f"{what} did not come true in {PATIENCE_SECONDS} s")

    def check_books(self) -> None:
        """The invariants of the books, whatever has happened."""
        sums = {
            row.account: row.total
            for row in self.query(
                "SELECT account, sum(amount) AS total FROM ledger_entry GROUP BY account"
            )
        }
        (open_sums,) = self.query(
            "SELECT (SELECT coalesce(sum(amount), 0) FROM payments_payment"
            "  WHERE state IN ('received', 'unmatched')) AS suspense,"
            " (SELECT coalesce(sum(cost), 0) FROM vending_tokenorder"
            "  WHERE state IN ('due', 'requested', 'in_doubt')) AS ordered"
        )
        below = self.query(
            "SELECT subject_id FROM ledger_entry WHERE account = 'device_credit'"
            " GROUP BY subject_id HAVING sum(amount) > 0"
        )
        assert sum(sums.values()) == 0
        assert -sums.get("suspense", 0) == open_sums.suspense
        assert -sums.get("ordered", 0) == open_sums.ordered
        assert below == []


__all__ = ["Site", "serial", "until"]
