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
import zlib
from collections.abc import Mapping
from typing import Any

from celery import Task, current_app
from django.conf import settings
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
MOST_WAITING = 1000


class Doorbell(threading.local):
    """This thread's connection to the broker, and until when it is left alone."""

    def __init__(
        self,
        *,
        seconds: float = RING_SECONDS,
        quiet_seconds: float = QUIET_SECONDS,
        is_second: bool = False,
    ) -> None:
        self.seconds, self.quiet_seconds, self.is_second = seconds, quiet_seconds, is_second
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
            routing_key=_queue_of(
                task.name, str(kwargs.get("schema", "")), is_second=self.is_second
            ),
            serializer=current_app.conf.task_serializer,
            headers=message.headers,
            delivery_mode=2,
            retry=False,
            **message.properties,
        )

    def waiting_in(self, queue: str) -> int:
        """Return how many doorbells nobody has heard yet; 0 when the broker does not say."""
        started = time.monotonic()
        if started < self.quiet_until:
            return 0
        try:
            redis: Any = self._connect().default_channel
            return int(redis.client.llen(queue))
        except (OperationalError, RedisError, OSError):
            self._hang_up()
            if time.monotonic() - started > self.seconds / 4:
                self.quiet_until = time.monotonic() + self.quiet_seconds
            return 0

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


@functools.lru_cache(maxsize=4096)
def _queue_of(task_name: str, schema: str, *, is_second: bool = False) -> str:
    """Return where a task rings: the work of each company in one of many queues, that of no company in its own.

    Workers take from all queues in turn, so a company waits for another's backlog only where both share a queue.
    What was not done in time is rung for again in the company's second queue, which those two do not share.
    """
    route: dict[str, Any] = current_app.amqp.router.route({}, task_name)
    name = str(route["queue"].name)
    if not schema or name != current_app.conf.task_default_queue:
        return name
    return _company_queue(schema, is_second=is_second)


def _company_queue(schema: str, *, is_second: bool) -> str:
    queues = settings.COMPANY_QUEUES
    digest = zlib.crc32(schema.encode())
    first, more = digest % len(queues), digest // len(queues) % (len(queues) - 1) + 1
    return str(queues[(first + more * is_second) % len(queues)])


_doorbell = Doorbell()
_patient = Doorbell(seconds=PATIENT_SECONDS, quiet_seconds=SHORT_QUIET_SECONDS, is_second=True)


def ring(task: "Task[Any, Any]", **kwargs: Any) -> bool:
    """Queue a task from a sweep; a silent broker is no error. Call it only outside a transaction."""
    return _patient.ring(task, kwargs)


def room(schema: str) -> int:
    """Return how many doorbells a sweep may still ring for a company, so that they do not pile up unheard."""
    queue = _company_queue(schema, is_second=True)
    return max(0, MOST_WAITING - _patient.waiting_in(queue))


def waiting_in(queue: str) -> int:
    """Return how many doorbells nobody has heard yet in a queue of no company; 0 when the broker does not say."""
    return _patient.waiting_in(queue)


def after_commit(task: "Task[Any, Any]", **kwargs: Any) -> None:
    """Ring once this transaction is committed; nothing rings when it is rolled back."""

    def ring_at_once() -> (
        None
    ):  # no partial: Django names in its log what failed, and a partial has no name
        _ring_at_once(task, kwargs)

    transaction.on_commit(ring_at_once, robust=True)


def _ring_at_once(task: "Task[Any, Any]", kwargs: Mapping[str, Any]) -> None:
    crash.point("doorbell.unrung")
    _doorbell.ring(task, kwargs)
