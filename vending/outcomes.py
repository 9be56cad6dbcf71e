"""Who is told when an order ends: upper rooms register here, and run in the closing transaction.

A listener returns the messages that it queued, which the closing worker shall send at once.
"""

from collections.abc import Callable

from messaging.models import Message
from vending.models import TokenOrder

Listener = Callable[[TokenOrder], list[Message]]
_listeners: list[Listener] = []


def register(listener: Listener) -> None:
    """Called from an app's ``ready``."""
    _listeners.append(listener)


def tell(order: TokenOrder) -> list[Message]:
    """Tell everybody that this order was issued, refused or fell into doubt."""
    return [message for listener in _listeners for message in listener(order)]
