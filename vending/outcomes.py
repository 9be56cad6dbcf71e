"""Who is told when an order ends: upper rooms register here, and run in the closing transaction.

A listener returns the messages that it queued, which the closing worker shall send at once.
"""

import logging
from collections.abc import Callable

from django.db import transaction

from messaging.models import Message
from vending.models import TokenOrder

logger = logging.getLogger(__name__)
Listener = Callable[[TokenOrder], list[Message]]
_listeners: list[Listener] = []


def register(listener: Listener) -> None:
    """Called from an app's ``ready``."""
    _listeners.append(listener)


def tell(order: TokenOrder) -> list[Message]:
    """Tell everybody that this order was issued, refused or fell into doubt.

    What a listener cannot do is logged and undone alone: a token that is paid for stays stored.
    """
    messages = []
    for listener in _listeners:
        try:
            with transaction.atomic():
                messages += listener(order)
        except Exception:
            logger.exception("order.not_told", extra={"order_id": order.pk})
    return messages
