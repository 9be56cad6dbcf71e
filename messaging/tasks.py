"""Doorbells of this room."""

from typing import Any

from celery import shared_task

from common.queue import after_commit
from common.schema import current_schema
from tenants.scope import in_company


@shared_task
def send_message(*, schema: str, message_id: int, **_: Any) -> None:
    from messaging import services

    with in_company(schema):
        services.send(message_id)


def ring_send(message_id: int) -> None:
    """Have a worker hand a message over once this transaction is committed."""
    after_commit(send_message, schema=current_schema(), message_id=message_id)
