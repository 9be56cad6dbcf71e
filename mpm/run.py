"""python -m mpm.run: web server, worker and beat of one installation, in one terminal."""

import argparse
import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mpm import embedded
from mpm.embedded import locks
from mpm.embedded.given import PROJECT, given
from mpm.processes import NotReady, Processes, Say, wait_until_ready

HOST = "127.0.0.1"
DEFAULT_PORT = 8000
READY_SECONDS = 90.0
STOP_SECONDS = 60.0
BAD_SETTING = "django.core.exceptions.ImproperlyConfigured: "
WEB = "granian --interface wsgi --workers 2 --blocking-threads 4 --no-ws --respawn-failed-workers"
WORKER = "celery -A mpm worker --pool prefork -c 2 --without-gossip --without-mingle -l INFO"
BEAT = "celery -A mpm.beat beat --pidfile= -l WARNING"


class CannotRun(Exception):
    """The installation does not start; the text is one sentence for the person at the keyboard."""


@dataclass(slots=True)
class Installation:
    """The processes of one installation and what is needed before they start."""

    port: int
    local: Path
    processes: Processes
    stop: threading.Event
    say: Say

    @property
    def url(self) -> str:
        """Return the address of the public host."""
        return f"http://{given('PUBLIC_HOST') or 'localhost'}:{self.port}/"

    def manage(self, *arguments: str) -> str:
        """Run a management command and return what it printed.

        :raises CannotRun: it failed; the text says why
        """
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CannotRun(self._reason(arguments[0], done.stderr or done.stdout))
        return done.stdout

    def _reason(self, command: str, output: str) -> str:
        """Return one sentence, and keep the rest for who has to look closer."""
        lines = [line for line in output.splitlines() if line.strip()]
        last = lines[-1] if lines else "it said nothing"
        if last.startswith(BAD_SETTING):
            return last.removeprefix(BAD_SETTING)
        log = self.processes.logs / "manage.log"
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        log.write_text(output)
        return f"manage.py {command} failed: {last} (more in {log})"

    def prepare(self) -> None:
        """Migrate the database and collect the static files.

        :raises CannotRun: a step failed
        """
        self.say("Preparing the database …")
        self.manage("migrate_schemas", "--verbosity", "0")
        stamp, fingerprint = self.local / "static-files", static_fingerprint()
        root = Path(given("STATIC_ROOT") or self.local / "static")
        if not root.exists() or not stamp.exists() or stamp.read_text() != fingerprint:
            self.manage("collectstatic", "--noinput", "--verbosity", "0")
            stamp.write_text(fingerprint)

    def start(self) -> None:
        """Start web server, worker and beat.

        :raises CannotRun: the web server does not become ready
        """
        self.processes.start("web", [*module(WEB), *self._address(), "mpm.wsgi:application"])
        self.processes.start("worker", module(WORKER))
        schedule = str(self.local / "beat-schedule")
        self.processes.start("beat", [*module(BEAT), "--schedule", schedule])
        try:
            wait_until_ready(
                f"http://{HOST}:{self.port}/healthz",
                seconds=READY_SECONDS,
                is_alive=lambda: self.processes.is_alive("web") and not self.stop.is_set(),
            )
        except NotReady as error:
            if self.stop.is_set():
                return
            raise CannotRun(f"{error}\n{self.processes.last_lines('web')}") from error

    def keep_serving(self) -> None:
        """Serve until Ctrl-C, SIGTERM or `make stop`."""
        self.processes.keep_running(self.stop)

    def _address(self) -> list[str]:
        return ["--host", HOST, "--port", str(self.port)]


@contextlib.contextmanager
def installation(*, role: str, say: Say) -> Iterator[Installation]:
    """Have the servers, the port and the right to run; afterwards stop all that was started.

    :raises CannotRun: the port is no port or taken, or this installation runs already
    :raises embedded.EmbeddedError: a server cannot be started
    """
    port, local = port_to_use(), embedded.local_folder()
    stop = stop_on_signals()
    with only_once(local), embedded.ensure(role=role) as services:
        os.environ["PORT"] = str(port)
        processes = Processes(
            logs=local / "logs", say=say, cwd=PROJECT, pass_fds=services.descriptors
        )
        try:
            yield Installation(port, local, processes, stop, say)
        finally:
            if processes.children:
                say("Stopping …")
            processes.stop()


def port_to_use(variable: str = "PORT", default: int = DEFAULT_PORT) -> int:
    """Return the port that this variable names, or the default.

    :raises CannotRun: it is no port, or somebody listens there
    """
    text = given(variable) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CannotRun(f"{variable} is {text!r}: it must be a number from 1 to 65535.")
    refuse_taken(int(text), variable)
    return int(text)


def refuse_taken(port: int, variable: str) -> None:
    """:raises CannotRun: this account cannot listen on the port"""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise CannotRun(
                f"This account may not use port {port}: set {variable} to one above 1023."
            ) from None
        except OSError:
            raise CannotRun(
                f"Port {port} is in use: stop what listens there, or set {variable} to another."
            ) from None


def static_fingerprint() -> str:
    """Return a digest that changes when static files or the packages that bring some change."""
    digest = hashlib.sha256((PROJECT / "requirements.lock").read_bytes())
    for path in sorted((PROJECT / "static").rglob("*")):
        found = path.stat()
        digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def module(command: str) -> list[str]:
    """Return the command line that runs a module of this environment."""
    return [sys.executable, "-m", *command.split()]


def stop_on_signals() -> threading.Event:
    """Return an event that Ctrl-C and the polite signals set."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    return stop


@contextlib.contextmanager
def only_once(local: Path) -> Iterator[None]:
    """Keep a second run of the same installation out, and tell `stop` who we are.

    :raises CannotRun: it runs already
    """
    local.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = local / "run.lock"
    lock = locks.try_lock(path)
    if lock is None:
        raise CannotRun(f"It is running already (pid {path.read_text()}); `make stop` ends it.")
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    try:
        yield
    finally:
        locks.drop(lock)


def stop_running(local: Path) -> None:
    """Stop the run of this installation, if there is one, and wait for its end.

    :raises CannotRun: it does not stop
    """
    path = local / "run.lock"
    if not locks.is_held(path):
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(path.read_text()), signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while locks.is_held(path):
        if time.monotonic() > deadline:
            raise CannotRun(f"Process {path.read_text()} does not stop.")
        time.sleep(0.05)


def serve() -> None:
    """Run the installation until somebody stops it.

    :raises CannotRun: it does not start
    """
    with installation(role="run", say=say) as site:
        site.prepare()
        if not site.stop.is_set():
            site.start()
        if not site.stop.is_set():
            say(f"ready at {site.url} (Ctrl-C stops it; logs in {site.processes.logs})")
        site.keep_serving()


def say(line: str) -> None:
    """Print one line at once."""
    print(line, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m mpm.run", description=__doc__)
    parser.add_argument("--stop", action="store_true", help="stop a run that serves elsewhere")
    options = parser.parse_args(arguments)
    try:
        if options.stop:
            stop_running(embedded.local_folder())
        else:
            serve()
    except (CannotRun, embedded.EmbeddedError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
