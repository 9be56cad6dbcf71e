"""Dying on purpose, for tests: a power cut at a named point of the line.

``MPM_CRASH_AT`` names the points, separated by commas: ``issue.claimed`` always, ``issue.claimed:0.2`` one time
in five (``MPM_CRASH_SEED`` makes the draws repeatable), ``issue.claimed!`` with the whole process group: a worker
and all its children. ``@/path`` names a file that holds such a list, may come and go while the process runs, and
is taken away by the first who dies. Settings refuse to start with it outside of development.
"""

import os
import random
import re
import signal
from pathlib import Path

POINT = re.compile(r"(?P<name>[a-z._]+)(?P<whole>!?)(?::(?P<chance>[0-9.]+))?")

_asked = os.environ.get("MPM_CRASH_AT", "")
_draw = random.Random(os.environ.get("MPM_CRASH_SEED") or None)  # noqa: S311  no secret


def point(name: str) -> None:
    """Die here when a test asked for it; otherwise nothing happens."""
    if not _asked:
        return
    for wanted in POINT.finditer(_points()):
        if wanted["name"] == name and _draw.random() < float(wanted["chance"] or 1):
            _die(whole=bool(wanted["whole"]))


def _points() -> str:
    if not _asked.startswith("@"):
        return _asked
    try:
        return Path(_asked[1:]).read_text()
    except FileNotFoundError:
        return ""


def _die(*, whole: bool) -> None:
    if _asked.startswith("@"):
        try:
            Path(_asked[1:]).unlink()
        except FileNotFoundError:
            return  # somebody else died of it
    if whole:
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
