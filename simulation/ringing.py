"""Calling the sweeper from outside, as beat does every five seconds."""

from celery import Celery
from kombu import Connection, Queue

SWEEPS = "sweeps"
SWEEP = "tenants.tasks.sweep"
# An app of our own: the product's needs its settings, and this process may have those of a test suite.
_app = Celery("simulation", set_as_current=False)
_app.conf.task_queues = [Queue(SWEEPS, routing_key=SWEEPS)]
_app.conf.task_ignore_result = True


def call_sweeper(broker_url: str, *, seconds: float = 5.0) -> None:
    """Queue one sweep.

    :raises kombu.exceptions.OperationalError, redis.exceptions.RedisError: the broker is away
    """
    options = {"socket_timeout": seconds, "socket_connect_timeout": seconds, "max_retries": 0}
    with Connection(broker_url, transport_options=options) as broker:
        _app.send_task(SWEEP, queue=SWEEPS, connection=broker, retry=False)
