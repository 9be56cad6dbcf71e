"""The runner: what it starts stays up, and stops with it."""

import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mpm import processes as processes_module
from mpm import run
from mpm.embedded import given, locks
from mpm.processes import NotReady, Processes, wait_until_ready

PROJECT = Path(__file__).resolve().parents[2]
SLEEP = [sys.executable, "-c", "print('here', flush=True); import time; time.sleep(60)"]
pytestmark = pytest.mark.enable_socket


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def group(tmp_path: Path, said: list[str]) -> Iterator[Processes]:
    group = Processes(logs=tmp_path / "logs", say=said.append, cwd=tmp_path)
    yield group
    group.stop()


@pytest.fixture(autouse=True)
def no_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given, "PROJECT", tmp_path)


def eventually(condition: Callable[[], object], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_child_that_dies_is_started_again_and_said_so(group, said):
    group.start("worker", SLEEP)
    first = group.children["worker"].process

    first.kill()
    first.wait()
    eventually(lambda: group.look() or group.children["worker"].process is not first)

    assert group.is_alive("worker")
    assert said == [
        f"worker ended (SIGKILL) and starts again in 0.5 s; log: {group.logs / 'worker.log'}"
    ]


def test_a_child_that_keeps_dying_waits_longer_each_time(group, said, monkeypatch):
    monkeypatch.setattr(processes_module, "FIRST_PAUSE_SECONDS", 0.01)
    group.start("worker", [sys.executable, "-c", "raise SystemExit(3)"])

    eventually(lambda: group.look() or len(said) == 3)

    pauses = [line.partition(" in ")[2].partition(" s;")[0] for line in said]
    assert pauses == ["0.01", "0.02", "0.04"]
    assert "exit code 3" in said[0]


def test_stop_ends_a_child_that_does_not_listen_and_what_it_started(group, monkeypatch, tmp_path):
    monkeypatch.setattr(processes_module, "GRACE_SECONDS", 0.3)
    grandchild = tmp_path / "grandchild"
    stubborn = (
        "import signal, subprocess, pathlib, time;"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen(['sleep', '60']);"
        f"pathlib.Path({str(grandchild)!r}).write_text(str(child.pid));"
        "time.sleep(60)"
    )
    group.start("web", [sys.executable, "-c", stubborn])
    eventually(lambda: grandchild.exists() and grandchild.read_text())

    group.stop()

    assert not group.children
    eventually(lambda: not runs(int(grandchild.read_text())))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a killed parent")
def test_children_end_when_the_runner_is_killed(tmp_path):
    script = (
        "import sys, pathlib, time; from mpm.processes import Processes;"
        "group = Processes(logs=pathlib.Path(sys.argv[1]), say=print, cwd='.');"
        f"group.start('web', {SLEEP!r});"
        "print(group.children['web'].process.pid, flush=True); time.sleep(60)"
    )
    runner = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    )
    assert runner.stdout is not None
    child = int(runner.stdout.readline())
    eventually(lambda: "here" in (tmp_path / "web.log").read_text())

    runner.kill()
    runner.communicate()

    eventually(lambda: not runs(child))


def runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_waiting_ends_when_the_address_answers_200(monkeypatch):
    answers = iter([503, 503, 200])
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(next(answers))
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        wait_until_ready(f"http://127.0.0.1:{server.server_port}/healthz", seconds=10)
        server.shutdown()

    assert next(answers, None) is None


def test_waiting_ends_with_what_should_answer():
    with pytest.raises(NotReady, match="has ended"):
        wait_until_ready("http://127.0.0.1:1/healthz", seconds=60, is_alive=lambda: False)


def test_waiting_ends_after_its_time():
    with pytest.raises(NotReady, match=r"within 0\.1 s"):
        wait_until_ready("http://127.0.0.1:1/healthz", seconds=0.1)


@pytest.mark.parametrize("text", ["none", "0", "65536", "-1", "80.5", "٨٠٠٠x"])
def test_a_port_that_is_none_is_refused(text, monkeypatch):
    monkeypatch.setenv("PORT", text)

    with pytest.raises(run.CannotRun, match="must be a number from 1 to 65535"):
        run.port_to_use()


def test_a_port_in_use_stops_the_start_with_one_sentence_and_code_2(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "mpm.run"],
            env={**os.environ, "PORT": str(port), "MPM_LOCAL_DIR": str(tmp_path / "local")},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )

    sentence = f"Port {port} is in use: stop what listens there, or set PORT to another.\n"
    assert (done.returncode, done.stderr, done.stdout) == (2, sentence, "")
    assert not (tmp_path / "local").exists()


def test_the_default_port_is_8000(monkeypatch):
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.setattr(run, "refuse_taken", lambda *_: None)

    assert run.port_to_use() == 8000


def test_a_second_run_of_the_same_installation_is_refused(tmp_path):
    first = run.only_once(tmp_path)
    first.__enter__()

    with pytest.raises(run.CannotRun, match=f"pid {os.getpid()}"), run.only_once(tmp_path):
        pass

    first.__exit__(None, None, None)

    with run.only_once(tmp_path):
        pass


def test_stop_asks_the_running_installation_and_waits_for_its_end(tmp_path):
    script = (
        "import pathlib, sys; from mpm import run; stop = run.stop_on_signals()\n"
        "with run.only_once(pathlib.Path(sys.argv[1])):\n"
        "    print('running', flush=True); stop.wait(60)"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, cwd=PROJECT
    )
    assert running.stdout is not None
    running.stdout.readline()

    run.stop_running(tmp_path)

    assert not locks.is_held(tmp_path / "run.lock")
    running.communicate()
    assert running.returncode == 0


def test_stop_without_a_run_does_nothing(tmp_path):
    run.stop_running(tmp_path)


@pytest.fixture
def site(tmp_path: Path, group: Processes, said: list[str]) -> run.Installation:
    return run.Installation(8000, tmp_path, group, threading.Event(), said.append)


def test_a_bad_setting_is_told_in_its_one_sentence(site, monkeypatch):
    monkeypatch.setenv("DEVELOPMENT", "0")
    monkeypatch.setenv("SECRET_KEY", "")
    monkeypatch.setenv("DATABASE_URL", "postgres://none/none")
    monkeypatch.setenv("REDIS_URL", "redis://none/0")

    with pytest.raises(run.CannotRun, match=r"^SECRET_KEY is not set\. See \.env\.example"):
        site.manage("check")


def test_a_failed_command_says_why_and_keeps_the_rest(site, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://none/none")
    monkeypatch.setenv("REDIS_URL", "redis://none/0")
    monkeypatch.setenv("DEVELOPMENT", "1")
    monkeypatch.setenv("MPM_LOCAL_DIR", str(site.local))

    with pytest.raises(run.CannotRun, match=r"manage\.py sing failed: .*manage\.log"):
        site.manage("sing")

    assert "Unknown command" in (site.processes.logs / "manage.log").read_text()


def test_the_signals_set_the_event():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    stop = run.stop_on_signals()

    os.kill(os.getpid(), signal.SIGTERM)

    assert stop.wait(5)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.processes
def test_the_whole_installation_comes_up_answers_and_leaves_nothing_behind(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = {"PORT": str(port), "MPM_LOCAL_DIR": str(tmp_path / "local"), "MPM_EMBEDDED_FSYNC": "off"}
    foreign = {"DATABASE_URL", "REDIS_URL", "DEVELOPMENT"}
    running = subprocess.Popen(
        [sys.executable, "-m", "mpm.run"],
        env={name: value for name, value in os.environ.items() if name not in foreign} | own,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None

    lines = [running.stdout.readline() for _ in range(2)]
    wait_until_ready(f"http://127.0.0.1:{port}/healthz", seconds=5)
    children = [int(pid) for pid in pgrep(parent=running.pid)]
    running.send_signal(signal.SIGINT)
    rest = running.communicate(timeout=60)[0]

    assert lines[1].startswith(f"ready at http://localhost:{port}/ ")
    assert rest == "Stopping …\n"
    assert running.returncode == 0
    assert len(children) >= 3
    assert not any(runs(pid) for pid in children)
    assert not any(locks.is_held(path) for path in (tmp_path / "local").rglob("*.lock"))


def pgrep(*, parent: int) -> list[str]:
    return Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
