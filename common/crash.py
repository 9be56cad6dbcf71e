"""Dying on purpose, for tests: a power cut at a named point of the line.

``MPM_CRASH_AT`` names the points, separated by commas: ``issue.claimed`` always, ``issue.claimed:0.2`` one time
in five (``MPM_CRASH_SEED`` makes the draws repeatable), or ``@/path`` of a file that holds such a list and may
come and go while the process runs. With ``MPM_CRASH_WHOLE`` the whole process group dies: a worker with its
children. Settings refuse to start with it outside of development.
"""

import os
import random
import signal
from pathlib import Path

_asked = os.environ.get("MPM_CRASH_AT", "")
_draw = random.Random(os.environ.get("MPM_CRASH_SEED") or None)  # noqa: S311  no secret


def point(name: str) -> None:
    """Die here when a test asked for it; otherwise nothing happens."""
    if _asked and _is_named(name):
        _die()


def _is_named(name: str) -> bool:
    for each in _points().split(","):
        wanted, _, chance = each.strip().partition(":")
        if wanted == name:
            return _draw.random() < float(chance or 1)
    return False


def _points() -> str:
    if not _asked.startswith("@"):
        return _asked
    try:
        return Path(_asked[1:]).read_text()
    except FileNotFoundError:
        return ""


def _die() -> None:
    if os.environ.get("MPM_CRASH_WHOLE"):
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
