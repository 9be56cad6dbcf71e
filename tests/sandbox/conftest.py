"""A sandbox without a disk, a browserless client, and a product that records what reaches it."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sandbox.app import create_app
from sandbox.options import Options
from sandbox.server import running

PEOPLE = {
    "company": "Jua Power",
    "currency": "TZS",
    "timezone": "Africa/Dar_es_Salaam",
    "customers": [
        {
            "name": "Neema Bahati",
            "phone": "+255754123456",
            "devices": [{"serial": "47000100011", "unit": "kWh", "balance": "12.8"}],
        },
        {
            "name": "Juma Ally",
            "phone": "0785123456",
            "devices": [{"serial": "996990001", "unit": "days", "manufacturer": "sunking"}],
        },
    ],
}


class Json:
    """The client with the few words that the tests use."""

    def __init__(self, app) -> None:
        self.app = app
        self.client = app.test_client()

    def post(self, path, body, **kwargs):
        return self.client.post(path, json=body, **kwargs)

    def get(self, path, **kwargs):
        return self.client.get(path, **kwargs)

    def ask(self, path, body):
        answer = self.post(path, body)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def truth(self):
        return self.get("/truth").get_json()

    def fault(self, vendor, kind, **more):
        return self.ask("/faults", {"vendor": vendor, "fault": kind, **more})


@pytest.fixture
def sandbox():
    app = create_app(Options(memory=True, report_seconds=0.01))
    yield Json(app)
    world = app.extensions["sandbox"]
    world.later.close()
    world.store.close()


@pytest.fixture
def people(sandbox):
    sandbox.ask("/phonebook", PEOPLE)
    return sandbox


@pytest.fixture
def live():
    """Give the address of a sandbox that really listens."""
    with running(Options(memory=True, report_seconds=0.01)) as address:
        yield address


class Product:
    """A web server in the place of ours: keeps each request, gives the answers it was told."""

    def __init__(self) -> None:
        self.heard = []
        self.answers = {}
        product = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                product.heard.append((self.path, dict(self.headers), body))
                status, text = product.answers.get(self.path, (200, ""))
                payload = (text(body) if callable(text) else text).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_):
                pass

        ThreadingHTTPServer.request_queue_size = 128
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"jua.localhost:{self.server.server_port}"
        self.url = f"http://{self.host}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def answer(self, path, text, status=200):
        self.answers[path] = (status, text)

    def answer_json(self, path, body, status=200):
        self.answers[path] = (status, json.dumps(body))

    def bodies(self, path):
        return [body for where, _, body in self.heard if where == path]

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def product():
    server = Product()
    yield server
    server.close()


@pytest.fixture
def until():
    """Wait for a condition, looking often; fail after five seconds."""

    def wait(condition):
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            if found := condition():
                return found
            time.sleep(0.005)
        raise AssertionError("it did not come true in five seconds")

    return wait
