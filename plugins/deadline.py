"""Ends a call at its total deadline, and knows whether anything can have left before that."""

import contextlib
import socket
import threading
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Cut:
    """Shuts the sockets of one call when its time is up, also during a hand-shake or a slow drip.

    Until ``is_connected`` (hand-shake and certificate included) no byte of the request has left.
    """

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self.is_dialed = False
        self.is_connected = False
        self._handles: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._fire)
        self._timer.daemon = True

    def hold(self, sock: socket.socket) -> None:
        """Remember an open socket, by a handle of our own that wrapping it in TLS leaves alone."""
        self._handles.append(sock.dup())
        if self.is_over:
            sock.close()
            raise TimeoutError("the deadline passed while dialing")

    def let_go(self) -> None:
        """Say that the connection stands and the request may be sent.

        :raises TimeoutError: the deadline passed on the way, so nothing may be sent any more
        """
        if self.is_over:
            raise TimeoutError("the deadline passed during the hand-shake")
        self.is_connected = True

    def _fire(self) -> None:
        self.is_over = True
        for handle in self._handles:
            with contextlib.suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> "Cut":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        for handle in self._handles:
            handle.close()


class FreshAdapter(HTTPAdapter):
    """Opens a new connection for every call: a stale one must not be mistaken for silence."""

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        cut = self.cut

        class Watched(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                sock = super()._new_conn()
                cut.hold(sock)
                return sock

            def connect(self) -> None:
                cut.is_dialed = True
                super().connect()
                cut.let_go()

        class WatchedSecure(Watched, HTTPSConnection):
            """The same over TLS."""

        class Pool(HTTPConnectionPool):
            ConnectionCls = Watched

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = WatchedSecure

        self.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": SecurePool}
