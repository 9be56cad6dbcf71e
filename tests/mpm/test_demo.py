"""`make demo`: shows a payment become a token, serves, and leaves nothing running."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from mpm import demo
from tests.running_demo import PROJECT, Demo


def eventually_empty(found) -> None:
    deadline = time.monotonic() + 60
    while left := found():
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


@pytest.fixture
def start(tmp_path: Path) -> Iterator:
    started: list[Demo] = []

    def begin() -> Demo:
        started.append(Demo(tmp_path / "local"))
        return started[-1]

    yield begin
    for each in started:
        with each.process as process:
            process.kill()


@pytest.mark.processes
@pytest.mark.enable_socket
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a killed parent")
def test_the_demo_shows_a_payment_serves_it_and_leaves_nothing_running(start):
    first = start()
    printed = first.until_served()

    assert re.search(r"Callback  airtel process: yes, reference AT\w+", printed)
    assert re.search(r"Television 24, down payment +TZS +3,000", printed)
    assert re.search(r"Energy, 5 kWh at 400 +TZS +2,000", printed)
    token = re.search(r"Token     calin_meter issued: ((\d{4} ?){5})", printed)[1].strip()
    assert re.search(rf"SMS +to \+255754123456, delivered\n +“.*Token {token} = 5 kWh", printed)
    assert f"{demo.PASSWORD} (of the demo" in printed
    page = urllib.request.Request(
        f"http://127.0.0.1:{first.port}/", headers={"Host": f"jua.localhost:{first.port}"}
    )
    with urllib.request.urlopen(page, timeout=30) as answer:
        assert b"Jua Power" in answer.read()

    first.process.send_signal(signal.SIGINT)
    rest, _ = first.process.communicate(timeout=60)

    assert (first.process.returncode, rest) == (0, "Stopping …\n")
    assert not first.leftovers()

    second = start()
    printed_again = second.until_served()

    # The same company: the television's part was paid by the first payment.
    assert re.search(r"Energy, 12\.5 kWh at 400 +TZS +5,000", printed_again)
    assert payment_of(printed_again) != payment_of(printed)

    second.process.kill()
    second.process.communicate()

    eventually_empty(second.leftovers)


def payment_of(printed: str) -> str:
    return re.search(r"This payment +http://\S+/payments/([0-9a-f-]{36})/", printed)[1]


def test_a_taken_sandbox_port_stops_the_start_with_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "mpm.demo"],
            env={**os.environ, "SANDBOX_PORT": str(port), "MPM_LOCAL_DIR": str(tmp_path / "local")},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )

    sentence = f"Port {port} is in use: stop what listens there, or set SANDBOX_PORT to another.\n"
    assert (done.returncode, done.stderr, done.stdout) == (2, sentence, "")
    assert not (tmp_path / "local").exists()


@pytest.mark.parametrize(
    ("number", "written"),
    [("5000", "5,000"), ("0", "0"), ("12.5000", "12.5"), ("1234567.05", "1,234,567.05")],
)
def test_figures_have_commas_and_no_idle_zeros(number, written):
    assert demo._figure(number) == written
