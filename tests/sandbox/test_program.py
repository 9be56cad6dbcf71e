"""The program as people start it: `python -m sandbox`."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BODY = {
    "user_id": "pos-user-01",
    "password": "calin-key-7f3a",
    "meter_id": "47000100011",
    "token_type": "CreditToken",
    "amount": 12.5,
}


def ask(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def is_up(port):
    try:
        return ask(port, "GET", "/healthz")[0] == 200
    except OSError:
        return False


@pytest.fixture
def program(until):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--memory"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        until(lambda: is_up(port))
        yield port, process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.mark.processes
def test_it_serves_fails_as_told_and_stops_when_asked(program):
    port, process = program
    assert ask(port, "POST", "/calin/api/tokennew", BODY)[0] == 200

    for kind in ("silent_after", "silent_before"):
        rule = {"vendor": "calin_meter", "fault": kind, "count": 1}
        assert ask(port, "POST", "/faults", rule)[0] == 200
        with pytest.raises(http.client.RemoteDisconnected):
            ask(port, "POST", "/calin/api/tokennew", BODY)
    ask(port, "POST", "/faults", {"vendor": "calin_meter", "fault": "cut", "count": 1})
    with pytest.raises(http.client.IncompleteRead):
        ask(port, "POST", "/calin/api/tokennew", BODY)

    assert len(json.loads(ask(port, "GET", "/truth")[1])["charges"]) == 3
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
