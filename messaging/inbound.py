"""Who listens to incoming SMS: upper rooms register here."""

from collections.abc import Callable

from messaging.models import IncomingMessage

Listener = Callable[[IncomingMessage], None]
_listeners: list[Listener] = []


def register(listener: Listener) -> None:
    """Called from an app's ``ready``."""
    _listeners.append(listener)


def tell(message: IncomingMessage) -> None:
    for listener in _listeners:
        listener(message)
