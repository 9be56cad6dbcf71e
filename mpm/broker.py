"""Coming back to the broker soon after it was away, and living through its death.

Celery waits up to 30 s between two attempts to connect, longer than the sweeper may take to come. And kombu, when
Redis dies while a worker holds an unacknowledged message, asks a connection that it has given up already for its
address: an AttributeError, which Celery takes for a bug and ends the worker.
"""

from typing import Any

from celery.app.amqp import AMQP
from kombu import Connection
from kombu.transport import redis as kombu_redis
from redis.exceptions import ConnectionError as RedisConnectionError

LONGEST_PAUSE_SECONDS = 4


class Channel(kombu_redis.Channel):
    """Says that the broker is gone with an error that Celery expects, so that it connects anew."""

    def _connparams(self, *args: Any, **kwargs: Any) -> Any:
        if self.connection.client is None:
            raise RedisConnectionError("the connection to the broker was given up")
        return super()._connparams(*args, **kwargs)  # type: ignore[misc]  # not in its stubs


class Transport(kombu_redis.Transport):
    Channel = Channel


class PromptConnection(Connection):
    """Tries again every few seconds, for as long as its caller wants."""

    def get_transport_cls(self) -> type[Transport]:
        return Transport

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["interval_max"] = LONGEST_PAUSE_SECONDS
        return super().ensure_connection(*args, **kwargs)


class Amqp(AMQP):
    """Celery's way to the broker, with our connection."""

    Connection = PromptConnection
    BrokerConnection = PromptConnection
