"""What an installation looks like when something went wrong: kept, since the next moment it is gone."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import redis

from mpm.embedded.given import PROJECT
from simulation.case import Violation
from simulation.site import Site

KEPT = PROJECT / ".local" / "simulation"
ACTIVITY = """
SELECT pid, state, wait_event_type, wait_event, pg_blocking_pids(pid) AS blocked_by,
    now() - xact_start AS open_for, left(query, 200) AS query
FROM pg_stat_activity WHERE backend_type = 'client backend' ORDER BY xact_start
"""


def look(site: Site) -> str:
    """Say who waits for whom at this moment: the database's sessions, the queue, the processes."""
    parts: dict[str, Callable[[], object]] = {
        "sessions of the database": lambda: "\n".join(map(str, site.query(ACTIVITY))),
        "queue": lambda: _queue(site.redis.url),
        "programs": lambda: {
            name: child.process.poll() for name, child in site.processes.children.items()
        },
        "processes": _processes,
    }
    return "\n\n".join(f"== {name}\n{_safely(part)}" for name, part in parts.items())


def keep(site: Site, seed: int, violations: Iterable[Violation], seen: str) -> Path:
    """Write down what was found and seen, with the logs of all programs; return the folder."""
    folder = KEPT / f"seed-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(site.processes.logs, folder)
    (folder / "violations.txt").write_text("\n\n".join(map(str, violations)))
    (folder / "seen.txt").write_text(seen)
    return folder


def _safely(part: Callable[[], object]) -> str:
    try:
        return str(part())
    except Exception as error:  # noqa: BLE001  a witness that is away is a finding too
        return f"{type(error).__name__}: {error}"


def _queue(url: str) -> str:
    client: Any = redis.Redis.from_url(
        url, socket_timeout=2, socket_connect_timeout=2, decode_responses=True
    )
    lengths = {"list": client.llen, "hash": client.hlen, "zset": client.zcard}
    kinds = {name: client.type(name) for name in client.scan_iter()}
    return json.dumps(
        {name: lengths[kind](name) if kind in lengths else kind for name, kind in kinds.items()},
        indent=1,
    )


def _processes() -> str:
    command = ["ps", "-eo", "pid,ppid,pgid,stat,wchan:24,etimes,args"]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10).stdout
    words = ("celery", "granian", "redis-server", "postgres", "simulation")
    return "\n".join(line[:180] for line in told.splitlines() if any(w in line for w in words))
