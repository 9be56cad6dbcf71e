"""Which account a server runs as, and how that account reaches the binaries.

PostgreSQL refuses to run as root, and Redis should not. Started by root, a server runs as an
unprivileged account that may not be able to walk to this project (think of /root). Permissions of
foreign folders stay as they are: the data folder is handed over as an open descriptor, and
binaries out of reach are copied to a temporary folder for as long as the server runs.
"""

import contextlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import EmbeddedError

NOBODY_ID = 65534
DESCRIPTORS = Path("/proc/self/fd")
# For a temporary folder that is full, or mounted without the right to run programs.
OTHER_FOLDERS = ("/var/tmp", "/dev/shm")  # noqa: S108  mkdtemp makes names nobody can foresee


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group of the system."""

    uid: int
    gid: int

    @property
    def switches(self) -> bool:
        """Tell whether a server must leave the account of this process."""
        return self.uid != os.geteuid()

    def popen_options(self) -> dict[str, Any]:
        """Return what `subprocess` needs to start a program as this account."""
        options: dict[str, Any] = {"cwd": "/", "umask": 0o077}
        if self.switches:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

    def own(self, path: Path) -> None:
        """Give a file or folder of ours to this account, closed to everybody else."""
        path.chmod(0o700 if path.is_dir() else 0o600)
        if self.switches:
            os.chown(path, self.uid, self.gid)

    def name_of(self, descriptor: int, folder: Path) -> str:
        """Return a name of an open folder that works even where the way to it is closed."""
        if self.switches and DESCRIPTORS.exists():
            return str(DESCRIPTORS / str(descriptor))
        return str(folder)

    def can_run(self, program: Path) -> bool:
        """Tell whether this account can execute the program and load its libraries."""
        try:
            probe = subprocess.run(
                [program, "--version"],
                capture_output=True,
                check=False,
                **self.popen_options(),
            )
        except PermissionError:
            return False
        return probe.returncode == 0


def server_account(data: Path) -> Account:
    """Return the account a server runs as: our own, or for root the owner of its data."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return Account(NOBODY_ID, NOBODY_ID)
    return Account(nobody.pw_uid, nobody.pw_gid)


def reachable_copy(parts: Iterable[Path], *, base: Path, probe: str, account: Account) -> Path:
    """Copy parts of `base` to where the account can run them and return the new base.

    :raises EmbeddedError: no temporary folder of this machine allows it
    """
    for parent in dict.fromkeys((tempfile.gettempdir(), *OTHER_FOLDERS)):
        with contextlib.suppress(OSError):
            copy = Path(tempfile.mkdtemp(prefix="mpm-servers-", dir=parent))
            for part in parts:
                _copy(part, copy / part.relative_to(base))
            _open_to_readers(copy)
            if account.can_run(copy / probe):
                return copy
            shutil.rmtree(copy, ignore_errors=True)
    raise EmbeddedError(
        "The database must not run as root, and its unprivileged account cannot reach the "
        "programs: run this as an ordinary user."
    )


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def _open_to_readers(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        runnable = path.is_dir() or mode & stat.S_IXUSR
        path.chmod(0o755 if runnable else 0o644)
