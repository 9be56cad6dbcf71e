"""Who is told when an order ends: upper rooms register here, and run in the closing transaction.

A listener returns the ids of messages that the closing worker shall send at once.
"""

from collections.abc import Callable

from vending.models import TokenOrder

Listener = Callable[[TokenOrder], list[int]]
_listeners: list[Listener] = []


def register(listener: Listener) -> None:
    """Called from an app's ``ready``."""
    _listeners.append(listener)


def tell(order: TokenOrder) -> list[int]:
    """Tell everybody that this order was issued, refused or fell into doubt."""
    return [message_id for listener in _listeners for message_id in listener(order)]
