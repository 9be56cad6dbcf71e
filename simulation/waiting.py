"""Waiting for what another process does."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_SECONDS = 30.0
LOOK_EVERY_SECONDS = 0.02


class NotYet(AssertionError):
    """A condition was waited for in vain."""


def until(condition: Callable[[], T], *, seconds: float = PATIENCE_SECONDS, what: str = "it") -> T:
    """Wait for a condition, looking often; return what it returned.

    :raises NotYet: it did not come true in time
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(LOOK_EVERY_SECONDS)
    raise NotYet(f"{what} did not come true in {seconds:g} s")
