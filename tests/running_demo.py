"""The demo as its users start it, for tests that need all of it."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

from mpm import embedded

PROJECT = Path(__file__).resolve().parents[1]
LAST_LINE = "Ctrl-C stops everything.\n"
PATIENCE_SECONDS = 240


class Demo:
    """One run of the demo in a folder of its own."""

    def __init__(self, local: Path) -> None:
        self.local = local
        self.port, self.sandbox_port = free_ports()
        kept = {n: v for n, v in os.environ.items() if n not in {"DATABASE_URL", "REDIS_URL"}}
        ports = {"PORT": str(self.port), "SANDBOX_PORT": str(self.sandbox_port)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mpm.demo"],
            env={**kept, **ports, "MPM_LOCAL_DIR": str(local)},
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def until_served(self) -> str:
        """Return what was printed until all is there."""
        assert self.process.stdout is not None
        watchdog = threading.Timer(PATIENCE_SECONDS, self.process.kill)
        watchdog.start()
        printed = ""
        for line in self.process.stdout:
            printed += line
            if line == LAST_LINE:
                break
        watchdog.cancel()
        assert printed.endswith(LAST_LINE), printed + self.logs()
        return printed

    def logs(self) -> str:
        files = self.local.glob("logs/*.log")
        return "".join(f"\n--- {each.name}\n{each.read_text()[-2000:]}" for each in files)

    def leftovers(self) -> list[str]:
        """Return what still runs in this demo's folder."""
        servers = [each.name for each in embedded.status(self.local) if each.pid]
        return servers + [found for found in Path("/proc").glob("[0-9]*") if self._is_ours(found)]

    def _is_ours(self, process: Path) -> bool:
        with contextlib.suppress(OSError):
            return f"MPM_LOCAL_DIR={self.local}\0".encode() in (process / "environ").read_bytes()
        return False


def free_ports() -> tuple[int, int]:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        return one.getsockname()[1], two.getsockname()[1]
