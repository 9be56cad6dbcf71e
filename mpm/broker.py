"""Coming back to the broker soon after it was away.

Celery waits up to 30 s between two attempts to connect, longer than the sweeper may take to come.
"""

from typing import Any

from celery.app.amqp import AMQP
from kombu import Connection

LONGEST_PAUSE_SECONDS = 4


class PromptConnection(Connection):
    """Tries again every few seconds, for as long as its caller wants."""

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["interval_max"] = LONGEST_PAUSE_SECONDS
        return super().ensure_connection(*args, **kwargs)


class Amqp(AMQP):
    """Celery's way to the broker, with our connection."""

    Connection = PromptConnection
    BrokerConnection = PromptConnection
