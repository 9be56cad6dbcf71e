"""Child processes that belong together: started, watched, restarted and stopped as one."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mpm.embedded.service import open_log

LOOK_EVERY_SECONDS = 0.2
STEADY_SECONDS = 60.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
GRACE_SECONDS = 20.0
LAST_LINES = 15
PR_SET_PDEATHSIG = 1

Say = Callable[[str], None]


class NotReady(Exception):
    """What was started does not answer; the text is for the person at the keyboard."""


@dataclass(slots=True)
class Child:
    """One entry of the group, and the process that stands for it now."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes]
    started_at: float
    pause: float = 0.0
    restart_at: float | None = None


@dataclass(slots=True)
class Processes:
    """A group of child processes, each with a log of its own.

    `pass_fds` are open files that the children keep alive with them. When this process is killed,
    Linux tells the children to stop.
    """

    logs: Path
    say: Say
    cwd: Path
    pass_fds: tuple[int, ...] = ()
    children: dict[str, Child] = field(default_factory=dict)

    def start(
        self, name: str, command: Sequence[str], *, env: Mapping[str, str] | None = None
    ) -> None:
        """Start one process under a name; `env` is added to the environment of this one."""
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = self.logs / f"{name}.log"
        env = {**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})}
        process = self._spawn(command, env, log)
        self.children[name] = Child(name, command, env, log, process, time.monotonic())

    def is_alive(self, name: str) -> bool:
        """Tell whether the process of this name runs."""
        return self.children[name].process.poll() is None

    def last_lines(self, name: str) -> str:
        """Return the end of the log of this process."""
        text = self.children[name].log.read_text(errors="replace")
        return "\n".join(text.splitlines()[-LAST_LINES:])

    def keep_running(self, stop: threading.Event) -> None:
        """Restart what dies, saying so, until told to stop."""
        while not stop.wait(LOOK_EVERY_SECONDS):
            self.look()

    def look(self) -> None:
        """Restart the children whose pause is over; a child that keeps dying waits longer."""
        now = time.monotonic()
        for child in self.children.values():
            if child.process.poll() is None:
                continue
            if child.restart_at is None:
                self._plan_restart(child, now)
            elif now >= child.restart_at:
                child.process = self._spawn(child.command, child.env, child.log)
                child.started_at, child.restart_at = now, None

    def stop(self) -> None:
        """Ask all to stop, and end those that do not within the grace."""
        for child in self.children.values():
            if child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for child in self.children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
            # Also what it left behind: the children run in a session of their own.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
        self.children.clear()

    def _plan_restart(self, child: Child, now: float) -> None:
        steady = now - child.started_at > STEADY_SECONDS
        pause = FIRST_PAUSE_SECONDS if steady else child.pause * 2
        child.pause = min(max(pause, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
        child.restart_at = now + child.pause
        ended = how_it_ended(child.process.returncode)
        self.say(
            f"{child.name} ended ({ended}) and starts again in {child.pause:g} s; log: {child.log}"
        )

    def _spawn(
        self, command: Sequence[str], env: Mapping[str, str], log: Path
    ) -> subprocess.Popen[bytes]:
        with open_log(log) as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.cwd,
                env=env,
                pass_fds=self.pass_fds,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509  one system call
            )


def wait_until_ready(
    url: str, *, seconds: float, is_alive: Callable[[], bool] = lambda: True
) -> None:
    """Return when the address answers 200.

    :raises NotReady: it did not in time, or what should answer has ended
    """
    deadline = time.monotonic() + seconds
    answer = "no answer"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while is_alive():
        try:
            with direct.open(url, timeout=5) as response:
                if response.status == 200:
                    return
        except OSError as error:
            answer = str(error)
        if time.monotonic() > deadline:
            raise NotReady(f"{url} did not become ready within {seconds:g} s: {answer}")
        time.sleep(0.05)
    raise NotReady(f"What should answer at {url} has ended.")


def how_it_ended(code: int) -> str:
    """Return words for an exit code of a child."""
    if code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"


if sys.platform == "linux":
    _libc = ctypes.CDLL(None, use_errno=True)

    def _end_with_parent() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

else:

    def _end_with_parent() -> None:
        """Elsewhere a killed parent leaves its children running; `make stop` finds the servers."""
