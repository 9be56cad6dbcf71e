"""One embedded server: its folder, port and password; how it is started, watched and stopped."""

import contextlib
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import BinaryIO, ClassVar

from . import locks
from .account import Account, reachable_copy, server_account
from .errors import EmbeddedError

HOST = "127.0.0.1"
# Below the range that the kernel hands out for outgoing connections.
PORTS = range(20_000, 32_000)
LOG_LIMIT_BYTES = 10 * 1024 * 1024
LAST_BREATH_SECONDS = 30


class Service(ABC):
    """A server that belongs to one folder; only its supervisor calls the verbs."""

    name: ClassVar[str]
    label: ClassVar[str]
    program: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    start_seconds: ClassVar[float] = 300

    def __init__(self, home: Path, install: Path) -> None:
        self.folder = home / self.name
        self.install = install
        self.process: subprocess.Popen[bytes] | None = None

    # Files

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def server_lock(self) -> Path:
        return self.folder / "server.lock"

    # What a server differs in

    @property
    @abstractmethod
    def url(self) -> str:
        """Return the address that clients use, with its password."""

    @abstractmethod
    def parts(self) -> tuple[Path, tuple[Path, ...]]:
        """Return a base folder and the parts below it that the program needs to run."""

    @abstractmethod
    def prepare(self, *, install: Path, account: Account) -> None:
        """Make the data folder ready for the first start; does nothing later."""

    @abstractmethod
    def command(self, *, install: Path, data: str) -> list[str]:
        """Return the command line; it must not hold the password."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Tell whether the server accepts work; makes what its clients expect to find."""

    def configuration(self) -> bytes:
        """Return what the server reads from its standard input."""
        return b""

    # Port and password

    @property
    def port(self) -> int:
        return int((self.folder / "port").read_text())

    @property
    def password(self) -> str:
        path = self.folder / "password"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(24))
        return path.read_text()

    def choose_port(self) -> None:
        """Keep the recorded port while it is free, so that clients survive a restart."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            if is_free(self.port):
                return
        candidates = random.sample(PORTS, len(PORTS))
        write_private(
            self.folder / "port",
            str(next(port for port in candidates if is_free(port))),
        )

    # Verbs

    def start(self) -> None:
        """Start the server, or take over one whose supervisor died; returns when it answers.

        :raises EmbeddedError: it does not start
        """
        if self.is_alive() and self._take_over():
            return
        lock = locks.wait_for(self.server_lock, seconds=LAST_BREATH_SECONDS)
        if lock is None:
            raise EmbeddedError(f"{self.label} (pid {self.pid}) neither answers nor ends.")
        try:
            self._spawn(lock)
        finally:
            os.close(lock)
        self._wait_until_ready()

    def is_alive(self) -> bool:
        """Tell whether the server or one of its children lives."""
        if self.process is not None:
            self.process.poll()
        return locks.is_held(self.server_lock)

    def stop(self) -> None:
        """Stop the server, gently first, and remove the copy of its programs."""
        for number, seconds in ((self.stop_signal, 60.0), (signal.SIGKILL, 10.0)):
            if not self.is_alive():
                break
            self._signal(number)
            self._wait_until_gone(seconds)
        self._forget_copy()

    @property
    def pid(self) -> int | None:
        """Return the process id of the server; it holds only while the server is alive."""
        try:
            return int(self.server_lock.read_text())
        except (FileNotFoundError, ValueError):
            return None

    # Steps

    def _take_over(self) -> bool:
        deadline = time.monotonic() + LAST_BREATH_SECONDS
        while self.is_alive():
            if self.is_ready():
                return True
            if time.monotonic() > deadline:
                self.stop()
                return False
            time.sleep(0.05)
        return False

    def _spawn(self, lock: int) -> None:
        self._forget_copy()
        account = server_account(self.data)
        install = self._runnable_install(account)
        self.prepare(install=install, account=account)
        self.choose_port()
        folder = os.open(self.data, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.process = self._popen(install, account, lock, folder)
        finally:
            os.close(folder)

    def _popen(
        self, install: Path, account: Account, lock: int, folder: int
    ) -> subprocess.Popen[bytes]:
        def record_pid() -> None:
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)

        data = account.name_of(folder, self.data)
        with open_log(self.log) as log:
            process = subprocess.Popen(
                self.command(install=install, data=data),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=(lock, folder),
                preexec_fn=record_pid,  # noqa: PLW1509  the supervisor has one thread
                env=server_environment(),
                **account.popen_options(),
            )
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError), process.stdin as stdin:
            stdin.write(self.configuration())
        return process

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.start_seconds
        while not self.is_ready():
            if not self.is_alive():
                raise EmbeddedError(f"{self.label} did not start: {self.last_words()}")
            if time.monotonic() > deadline:
                raise EmbeddedError(f"{self.label} does not answer; its log is {self.log}")
            time.sleep(0.02)

    def _wait_until_gone(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.is_alive() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def last_words(self) -> str:
        """Return the last line of the server's log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return lines[-1] if lines else "it said nothing"

    def _runnable_install(self, account: Account) -> Path:
        if not account.switches or account.can_run(self.install / self.program):
            return self.install
        base, parts = self.parts()
        relative = self.install.relative_to(base)
        copy = reachable_copy(parts, base=base, probe=str(relative / self.program), account=account)
        write_private(self.folder / "copied-to", str(copy))
        return copy / relative

    def _forget_copy(self) -> None:
        record = self.folder / "copied-to"
        if record.exists():
            shutil.rmtree(record.read_text(), ignore_errors=True)
            record.unlink()


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step by one that only this account can read."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    new.replace(path)


def open_log(path: Path) -> BinaryIO:
    """Open a log for appending; a long one is put aside first."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LOG_LIMIT_BYTES:
            path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab")


def server_environment() -> dict[str, str]:
    """Return a small environment: nothing of the caller's may leak into a server."""
    kept = {"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}.intersection(os.environ)
    return {"LC_ALL": "C", "TZ": "UTC", **{name: os.environ[name] for name in kept}}
