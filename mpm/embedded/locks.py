"""Advisory locks on files; the kernel releases them when the last holder of the file is gone."""

import fcntl
import os
import time
from pathlib import Path

POLL_SECONDS = 0.02


def open_lock(path: Path) -> int:
    """Return a descriptor of the lock file, which is made when it is missing."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def try_lock(path: Path) -> int | None:
    """Return the descriptor that holds the lock exclusively, or None when somebody else has it."""
    descriptor = open_lock(path)
    if take(descriptor):
        return descriptor
    os.close(descriptor)
    return None


def take(descriptor: int) -> bool:
    """Lock exclusively without waiting; a shared lock of this descriptor is given up for it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for(path: Path, *, seconds: float) -> int | None:
    """Return the descriptor that holds the lock, or None when it stayed taken for so long."""
    deadline = time.monotonic() + seconds
    while (descriptor := try_lock(path)) is None:
        if time.monotonic() > deadline:
            return None
        time.sleep(POLL_SECONDS)
    return descriptor


def share(descriptor: int) -> None:
    """Wait for a shared lock."""
    fcntl.flock(descriptor, fcntl.LOCK_SH)


def drop(descriptor: int) -> None:
    """Unlock, also for the children that inherited the descriptor, and close it."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def is_held(path: Path) -> bool:
    """Tell whether somebody holds the lock exclusively."""
    if not path.exists():
        return False
    descriptor = open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
