"""Ringing the doorbell: short, after the commit, and never an error.

A task carries ids only and may be lost or run twice; the row it points to is the truth. So ringing has short
time-outs, no retry, and stops for a while when the broker does not answer: it never costs a request more than
``RING_SECONDS``.
"""

import functools
import logging
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any

from celery import Task, current_app
from django.db import transaction
from kombu import Connection, Producer
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from common import crash

logger = logging.getLogger(__name__)

RING_SECONDS = 0.08
QUIET_SECONDS = 5.0
# The sweeper is no request: a busy broker is worth waiting for, since what it rings for has waited already.
PATIENT_SECONDS = 2.0
SHORT_QUIET_SECONDS = 1.0


class Doorbell(threading.local):
    """This thread's connection to the broker, and until when it is left alone."""

    def __init__(
        self, *, seconds: float = RING_SECONDS, quiet_seconds: float = QUIET_SECONDS
    ) -> None:
        self.seconds, self.quiet_seconds = seconds, quiet_seconds
        self.connection: Connection | None = None
        self.producer: Producer | None = None
        self.quiet_until = 0.0

    def ring(self, task: "Task[Any, Any]", kwargs: Mapping[str, Any]) -> bool:
        """Queue a task; return whether the broker took it."""
        started = time.monotonic()
        if started < self.quiet_until:
            return False
        is_old = self.connection is not None
        if self._ring(task, kwargs):
            return True
        # A connection from before a restart of the broker fails at once: it deserves a new one.
        is_stale = is_old and time.monotonic() - started < self.seconds / 4
        if is_stale and self._ring(task, kwargs):
            return True
        self.quiet_until = time.monotonic() + self.quiet_seconds
        took_ms = round((time.monotonic() - started) * 1000)
        logger.warning("doorbell.silent", extra={"task": task.name, "took_ms": took_ms})
        return False

    def _ring(self, task: "Task[Any, Any]", kwargs: Mapping[str, Any]) -> bool:
        try:
            self._publish(task, kwargs)
        except (OperationalError, RedisError, OSError):
            self._hang_up()
            return False
        return True

    def _publish(self, task: "Task[Any, Any]", kwargs: Mapping[str, Any]) -> None:
        """Put on the broker what ``apply_async`` would, which takes four times as long to make it."""
        message = current_app.amqp.as_task_v2(
            str(uuid.uuid4()),
            task.name,
            kwargs=dict(kwargs),
            argsrepr="",
            kwargsrepr="",
            time_limit=task.time_limit,
            ignore_result=True,
        )
        if self.producer is None:
            self.producer = Producer(self._connect(), auto_declare=False)
        self.producer.publish(
            message.body,
            routing_key=_queue_of(task.name),
            serializer=current_app.conf.task_serializer,
            headers=message.headers,
            delivery_mode=2,
            retry=False,
            **message.properties,
        )

    def _connect(self) -> Connection:
        if self.connection is None:
            self.connection = Connection(
                current_app.conf.broker_url,
                transport_options={
                    "socket_timeout": self.seconds / 2,
                    "socket_connect_timeout": self.seconds / 2,
                    "max_retries": 0,
                    "retry_on_timeout": False,
                },
            )
        return self.connection

    def _hang_up(self) -> None:
        connection, self.connection, self.producer = self.connection, None, None
        if connection is not None:
            connection.collect(socket_timeout=0.01)


@functools.cache
def _queue_of(task_name: str) -> str:
    route: dict[str, Any] = current_app.amqp.router.route({}, task_name)
    return str(route["queue"].name)


_doorbell = Doorbell()
_patient = Doorbell(seconds=PATIENT_SECONDS, quiet_seconds=SHORT_QUIET_SECONDS)


def ring(task: "Task[Any, Any]", **kwargs: Any) -> bool:
    """Queue a task from a sweep; a silent broker is no error. Call it only outside a transaction."""
    return _patient.ring(task, kwargs)


def after_commit(task: "Task[Any, Any]", **kwargs: Any) -> None:
    """Ring once this transaction is committed; nothing rings when it is rolled back."""
    transaction.on_commit(functools.partial(_ring_at_once, task, kwargs), robust=True)


def _ring_at_once(task: "Task[Any, Any]", kwargs: Mapping[str, Any]) -> None:
    crash.point("doorbell.unrung")
    _doorbell.ring(task, kwargs)
