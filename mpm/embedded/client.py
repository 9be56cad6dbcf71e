"""Use the embedded servers: hold them, let them go, ask how they are."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from . import locks
from .binaries import postgres_install, redis_install
from .errors import EmbeddedError
from .given import given, local_folder
from .service import open_log
from .supervisor import SERVICES

START_SECONDS = 300
STOP_SECONDS = 90
MOST_STARTS = 3
WHEELS: dict[str, Callable[[], Path]] = {
    "postgres": postgres_install,
    "redis": redis_install,
}
VARIABLES = {"postgres": "DATABASE_URL", "redis": "REDIS_URL"}
BOOT = Path(__file__).with_name("boot.py")


@dataclass(slots=True)
class Services:
    """The addresses to use, and our hold on the servers that are embedded.

    The hold ends with `release`, with the context, or when the process dies.
    """

    database_url: str
    redis_url: str
    holds: list["Hold"] = field(default_factory=list)
    exported: list[str] = field(default_factory=list)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """Return what to pass to a child (`pass_fds`) that must keep the servers alive as well."""
        return tuple(hold.descriptor for hold in self.holds)

    def release(self) -> None:
        """Give the servers up and, if nobody else uses them, wait until they are stopped."""
        for name in self.exported:
            os.environ.pop(name, None)
        for hold in self.holds:
            hold.leave()
        for hold in self.holds:
            hold.wait_until_stopped()
        self.holds.clear()
        self.exported.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


@dataclass(frozen=True, slots=True)
class Status:
    """How one embedded server is."""

    name: str
    folder: Path
    is_ready: bool
    pid: int | None
    url: str
    users: tuple[str, ...]


def ensure(*, role: str = "python") -> Services:
    """Return addresses of a database and a queue, starting what nobody has configured.

    Exports DATABASE_URL and REDIS_URL of what it started, and DEVELOPMENT=1 with the database,
    for this process and its children. `role` is how `status` names this process.

    :raises EmbeddedError: a server cannot be started
    """
    services = Services(database_url="", redis_url="")
    try:
        services.holds = [
            Hold(local_folder(), name, role) for name in VARIABLES if not given(VARIABLES[name])
        ]
        for hold in services.holds:
            _export(services, VARIABLES[hold.name], hold.wait_until_ready())
            if hold.name == "postgres" and given("DEVELOPMENT") is None:
                _export(services, "DEVELOPMENT", "1")
    except BaseException:
        services.release()
        raise
    services.database_url = given("DATABASE_URL") or ""
    services.redis_url = given("REDIS_URL") or ""
    return services


def status(home: Path | None = None) -> list[Status]:
    """Return how the servers of this folder are; starts nothing."""
    return [_status(home or local_folder(), name) for name in WHEELS]


def stop(home: Path | None = None) -> None:
    """Stop the servers of this folder, whoever uses them, and wait until they are gone.

    :raises EmbeddedError: one does not stop
    """
    home = home or local_folder()
    for name in WHEELS:
        if (home / name).exists():
            _stop(home, name)


class Hold:
    """One process's use of one server."""

    def __init__(self, home: Path, name: str, role: str) -> None:
        self.home, self.name, self.folder = home, name, home / name
        self._starts = 0
        self._is_last = False
        with _sentence_for(home):
            for folder in (home, self.folder, self.folder / "users"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._install = WHEELS[name]()
            self.descriptor = locks.open_lock(self.folder / "users.lock")
            self._card = self.folder / "users" / str(os.getpid())
            self._card.write_text(role)
        locks.share(self.descriptor)
        self._wake()

    def wait_until_ready(self) -> str:
        """Return the address once the server answers.

        :raises EmbeddedError: it does not start
        """
        deadline = time.monotonic() + START_SECONDS
        while not locks.is_held(self.folder / "ready.lock"):
            self._wake()
            if time.monotonic() > deadline:
                raise EmbeddedError(f"{self.name} does not start; see {self.folder / 'log'}")
            time.sleep(locks.POLL_SECONDS)
        return (self.folder / "url").read_text()

    def leave(self) -> None:
        """Give up the hold."""
        self._card.unlink(missing_ok=True)
        self._is_last = locks.take(self.descriptor)
        if self._is_last and locks.is_held(self.folder / "server.lock"):
            self._wake()  # its supervisor was killed: a new one takes over and stops it
        locks.drop(self.descriptor)

    def wait_until_stopped(self) -> None:
        """Return when the server has ended, or at once when somebody else uses it."""
        deadline = time.monotonic() + STOP_SECONDS
        while self._is_last and time.monotonic() < deadline:
            if not locks.is_held(self.folder / "supervisor.lock") or self._is_used_again():
                return
            time.sleep(locks.POLL_SECONDS)

    def _is_used_again(self) -> bool:
        users = self.folder / "users.lock"
        if locks.is_held(users):  # by the supervisor, which is stopping
            return False
        alone = locks.try_lock(users)
        if alone is not None:
            os.close(alone)
        return alone is None

    def _wake(self) -> None:
        """Start the supervisor when there is none; the lock sees to it that one process does."""
        lock = locks.try_lock(self.folder / "supervisor.lock")
        if lock is None:
            return
        try:
            self._refuse_endless_starts()
            self._launch(lock)
        finally:
            os.close(lock)

    def _refuse_endless_starts(self) -> None:
        failure = self.folder / "failure"
        if self._starts and failure.exists():
            raise EmbeddedError(failure.read_text())
        if self._starts >= MOST_STARTS:
            raise EmbeddedError(f"The supervisor of {self.name} was ended while it started.")
        failure.unlink(missing_ok=True)
        self._starts += 1

    def _launch(self, lock: int) -> None:
        arguments = [str(lock), self.name, str(self.home), str(self._install)]
        with open_log(self.folder / "supervisor.log") as log:
            subprocess.run(
                [sys.executable, "-I", "-S", str(BOOT), *arguments],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),
                start_new_session=True,
                cwd="/",
            )


@contextlib.contextmanager
def _sentence_for(home: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise EmbeddedError(
            f"This account may not write in {home} ({error.strerror}): use the account that made "
            "it, or set MPM_LOCAL_DIR to a folder of your own."
        ) from error


def _export(services: Services, name: str, value: str) -> None:
    os.environ[name] = value
    services.exported.append(name)


def _status(home: Path, name: str) -> Status:
    folder = home / name
    is_ready = locks.is_held(folder / "ready.lock")
    is_alive = locks.is_held(folder / "server.lock")
    return Status(
        name=name,
        folder=folder,
        is_ready=is_ready,
        pid=_pid_in(folder / "server.lock") if is_alive else None,
        url=(folder / "url").read_text() if is_ready else "",
        users=tuple(_users(folder / "users")),
    )


def _pid_in(server_lock: Path) -> int | None:
    """Return the server's process id; None for the moment in which it starts and has not written it yet."""
    with contextlib.suppress(ValueError):
        return int(server_lock.read_text())
    return None


def _users(cards: Path) -> Iterator[str]:
    for card in sorted(cards.glob("*")):
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            with contextlib.suppress(PermissionError):
                os.kill(int(card.name), 0)
            yield f"{card.read_text()} (pid {card.name})"


def _stop(home: Path, name: str) -> None:
    folder = home / name
    deadline = time.monotonic() + STOP_SECONDS
    while (lock := locks.try_lock(folder / "supervisor.lock")) is None:
        if time.monotonic() > deadline:
            raise EmbeddedError(f"The supervisor of {name} does not stop; see {folder}")
        _ask_to_stop(folder / "supervisor.lock")
        time.sleep(0.05)
    try:
        # Its supervisor was killed: the server itself is still there.
        SERVICES[name](home, WHEELS[name]()).stop()
    finally:
        os.close(lock)


def _ask_to_stop(supervisor_lock: Path) -> None:
    with contextlib.suppress(ValueError, ProcessLookupError):
        os.kill(int(supervisor_lock.read_text()), signal.SIGTERM)
