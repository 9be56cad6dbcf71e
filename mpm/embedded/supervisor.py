"""The small process beside each server: starts it, restarts it, stops it when nobody uses it."""

import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

from . import locks
from .errors import EmbeddedError
from .postgres import Postgres
from .redis import Redis
from .service import Service, write_private

SERVICES: dict[str, type[Service]] = {"postgres": Postgres, "redis": Redis}
LOOK_EVERY_SECONDS = 0.2
STEADY_SECONDS = 5.0
PAUSE_SECONDS = 1.0


class Supervisor:
    """Keeps one server alive as long as somebody uses it."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.told_to_stop = threading.Event()
        self._ready: int | None = None
        self._users: int | None = None
        self._served_at = 0.0

    def run(self) -> None:
        """Return when the server is stopped: nobody uses it, or somebody said so."""
        try:
            self._serve()
            while not self._is_over():
                if not self.service.is_alive():
                    self._restart()
        finally:
            self._withdraw()
            self.service.stop()

    def _serve(self) -> None:
        self.service.start()
        write_private(self.service.folder / "url", self.service.url)
        # Whoever looks at the lock holds it for a moment.
        self._ready = locks.wait_for(self.service.folder / "ready.lock", seconds=60)
        self._served_at = time.monotonic()

    def _withdraw(self) -> None:
        if self._ready is not None:
            os.close(self._ready)
            self._ready = None

    def _is_over(self) -> bool:
        """Wait a moment; when nobody is left, shut the door by keeping the users' lock."""
        if self.told_to_stop.wait(LOOK_EVERY_SECONDS):
            return True
        self._users = locks.try_lock(self.service.folder / "users.lock")
        return self._users is not None

    def _restart(self) -> None:
        """Start the server again: at once when it had been steady, after a pause otherwise."""
        self._withdraw()
        steady = time.monotonic() - self._served_at > STEADY_SECONDS
        if self.told_to_stop.wait(0 if steady else PAUSE_SECONDS):
            return
        try:
            self._serve()
        except EmbeddedError as error:
            print(error, file=sys.stderr, flush=True)


def main(arguments: list[str], *, lock: int) -> None:
    """Supervise one service; `lock` is the descriptor that holds its supervisor.lock."""
    name, home, install = arguments
    service = SERVICES[name](Path(home), Path(install))
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    supervisor = Supervisor(service)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.told_to_stop.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    failure = service.folder / "failure"
    failure.unlink(missing_ok=True)
    try:
        supervisor.run()
    except EmbeddedError as error:
        write_private(failure, str(error))
    except Exception as error:
        # Nobody watches this process: the one who asked for the server reads the reason here.
        write_private(failure, f"{service.label} did not start: {error}")
        traceback.print_exc()
        raise
