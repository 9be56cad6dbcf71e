"""The embedded Redis: on the loopback address only, with a password and an append-only file."""

import contextlib
import signal
import socket
from pathlib import Path
from typing import ClassVar

from .account import Account
from .service import HOST, Service


class Redis(Service):
    """Redis as a queue: it keeps what it was given and refuses rather than forgets."""

    name: ClassVar[str] = "redis"
    label: ClassVar[str] = "Redis"
    program: ClassVar[str] = "bin/redis-server"
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    def parts(self) -> tuple[Path, tuple[Path, ...]]:
        return self.install, (self.install / self.program,)

    def prepare(self, *, install: Path, account: Account) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        account.own(self.data)

    def command(self, *, install: Path, data: str) -> list[str]:
        # The last "-" reads more from the standard input: the process list shows no password.
        return [str(install / self.program), "--dir", data, "-"]

    def configuration(self) -> bytes:
        lines = (
            f"bind {HOST}",
            f"port {self.port}",
            f"requirepass {self.password}",
            "daemonize no",
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
        )
        return "\n".join((*lines, "")).encode()

    def is_ready(self) -> bool:
        with (
            contextlib.suppress(OSError),
            socket.create_connection((HOST, self.port), 5) as line,
        ):
            line.sendall(f"AUTH {self.password}\r\nPING\r\nQUIT\r\n".encode())
            with line.makefile("rb") as answers:
                return answers.read() == b"+OK\r\n+PONG\r\n+OK\r\n"
        return False
