"""Ringing the doorbell: short, after the commit, and never an error.

A task carries ids only and may be lost or run twice; the row it points to is the truth. So ringing has short
time-outs, no retry, and stops for a while when the broker does not answer: it never costs a request more than
``RING_SECONDS``.
"""

import functools
import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

from celery import Task, current_app
from django.db import transaction
from kombu import Connection
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from common import crash

logger = logging.getLogger(__name__)

RING_SECONDS = 0.08
QUIET_SECONDS = 5.0


class Doorbell(threading.local):
    """This thread's connection to the broker, and until when it is left alone."""

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.quiet_until = 0.0

    def ring(self, task: "Task[Any, Any]", kwargs: Mapping[str, Any]) -> bool:
        """Queue a task; return whether the broker took it."""
        if time.monotonic() < self.quiet_until:
            return False
        try:
            options: dict[str, Any] = {"connection": self._connect(), "retry": False}
            task.apply_async(kwargs=dict(kwargs), **options)
        except (OperationalError, RedisError, OSError) as error:
            self._hang_up()
            logger.warning(
                "doorbell.silent", extra={"task": task.name, "error": type(error).__name__}
            )
            return False
        return True

    def _connect(self) -> Connection:
        if self.connection is None:
            short = {"socket_timeout": RING_SECONDS / 2, "socket_connect_timeout": RING_SECONDS / 2}
            self.connection = Connection(
                current_app.conf.broker_url,
                transport_options={
                    "socket_timeout": short["socket_timeout"],
                    "socket_connect_timeout": short["socket_connect_timeout"],
                    "max_retries": 0,
                    "retry_on_timeout": False,
                },
            )
        return self.connection

    def _hang_up(self) -> None:
        self.quiet_until = time.monotonic() + QUIET_SECONDS
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.collect(socket_timeout=0.01)


_doorbell = Doorbell()


def ring(task: "Task[Any, Any]", **kwargs: Any) -> bool:
    """Queue a task at once; a silent broker is no error. Call it only outside a transaction."""
    crash.point("doorbell.unrung")
    return _doorbell.ring(task, kwargs)


def after_commit(task: "Task[Any, Any]", **kwargs: Any) -> None:
    """Ring once this transaction is committed; nothing rings when it is rolled back."""
    transaction.on_commit(functools.partial(ring, task, **kwargs), robust=True)
