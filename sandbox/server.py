"""Serving the sandbox: on its own with granian, or inside a test with werkzeug."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox.app import create_app
from sandbox.options import VARIABLE, Options

ADDRESS = "127.0.0.1"
THREADS = 64
APP = "sandbox.app:create_app"


class QuietHandler(WSGIRequestHandler):
    """Keeps connections open between calls and writes no access log."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def serve(options: Options, port: int, *, app: str = APP) -> None:
    """Serve on the loopback address until the process is told to stop; ``app`` names who makes the sandbox."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    os.environ[VARIABLE] = options.to_text()
    Server(
        app,
        address=ADDRESS,
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        blocking_threads=THREADS,
        websockets=False,
        log_level=LogLevels.error,
        workers_kill_timeout=2,
    ).serve()


@contextmanager
def running(options: Options, port: int = 0) -> Iterator[str]:
    """Serve in a thread of this process; gives the base address, for tests."""
    app = create_app(options)
    server = make_server(ADDRESS, port, app, threaded=True, request_handler=QuietHandler)
    server.daemon_threads = True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://{ADDRESS}:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        world = app.extensions["sandbox"]
        world.later.close()
        world.store.close()
