"""The embedded PostgreSQL: on the loopback address only, with a password of its own."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import ClassVar

from .account import Account
from .errors import EmbeddedError
from .service import HOST, Service, server_environment, write_private

DATABASE = "mpm"
ROLE = "mpm"
CREATE_DATABASE = rb"""
SELECT 'CREATE DATABASE mpm' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'mpm') \gexec
"""
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    # Dropping a company's schema locks every table in it.
    "max_locks_per_transaction": "256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements and details of errors hold phone numbers and secrets.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# For tests only: what a power cut takes may go. A commit still outlives a killed process, which
# it would not without synchronous_commit.
RELAXED = {"fsync": "off", "full_page_writes": "off"}


class Postgres(Service):
    """PostgreSQL with one role and one database, both called `mpm`."""

    name: ClassVar[str] = "postgres"
    label: ClassVar[str] = "PostgreSQL"
    program: ClassVar[str] = "bin/postgres"
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT

    @property
    def url(self) -> str:
        return f"postgres://{ROLE}:{self.password}@{HOST}:{self.port}/{DATABASE}"

    def parts(self) -> tuple[Path, tuple[Path, ...]]:
        package = self.install.parent
        libraries = package.with_name(f"{package.name}.libs")
        needed = ("bin/postgres", "bin/initdb", "lib/postgresql", "share")
        parts = [self.install / part for part in needed]
        return package.parent, tuple(part for part in (*parts, libraries) if part.exists())

    def prepare(self, *, install: Path, account: Account) -> None:
        if not self.data.exists():
            self._initialise(install, account)
        ours, theirs = (
            major_version(self.install),
            (self.data / "PG_VERSION").read_text().strip(),
        )
        if ours != theirs:
            raise EmbeddedError(
                f"The data in {self.data} belong to PostgreSQL {theirs}, "
                f"the installed wheel brings {ours}: install the older wheel and take a dump."
            )
        # The lock says that no process of ours lives, so the number in it is somebody else's.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def command(self, *, install: Path, data: str) -> list[str]:
        settings = SETTINGS | {"port": str(self.port)}
        if os.environ.get("MPM_EMBEDDED_FSYNC") == "off":
            settings |= RELAXED
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        return [str(install / self.program), "-D", data, *arguments]

    def is_ready(self) -> bool:
        login = {"PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "5"}
        psql = [
            str(self.install / "bin" / "psql"),
            "-h",
            HOST,
            "-p",
            str(self.port),
            "-U",
            ROLE,
        ]
        answer = subprocess.run(
            [*psql, "-d", "postgres", "-XAtq", "-v", "ON_ERROR_STOP=1"],
            input=CREATE_DATABASE,
            capture_output=True,
            check=False,
            env=server_environment() | login,
        )
        return answer.returncode == 0

    def _initialise(self, install: Path, account: Account) -> None:
        """Make the data beside their place and move them there when they are complete."""
        new, password = self.folder / "data.new", self.folder / "initdb-password"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        write_private(password, self.password)
        account.own(new)
        account.own(password)
        try:
            self._initdb(install, account, new, password)
        finally:
            password.unlink()
        new.rename(self.data)

    def _initdb(self, install: Path, account: Account, new: Path, password: Path) -> None:
        folder, secret = os.open(new, os.O_RDONLY), os.open(password, os.O_RDONLY)
        try:
            made = subprocess.run(
                [
                    install / "bin" / "initdb",
                    f"--pgdata={account.name_of(folder, new)}",
                    f"--pwfile={account.name_of(secret, password)}",
                    f"--username={ROLE}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                ],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                pass_fds=(folder, secret),
                env=server_environment(),
                **account.popen_options(),
            )
        finally:
            os.close(folder)
            os.close(secret)
        if made.returncode != 0:
            raise EmbeddedError(f"PostgreSQL could not make its data: {made.stderr.strip()}")


def major_version(install: Path) -> str:
    """Return the major version of an installation, such as "18"."""
    answer = subprocess.run(
        [install / "bin" / "postgres", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.split()[-1].split(".")[0]
