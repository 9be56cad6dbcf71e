"""Doorbells of this room."""

from typing import Any

from celery import shared_task

from common.queue import after_commit
from common.schema import current_schema
from tenants.scope import in_company


@shared_task
def issue_token(*, schema: str, order_id: int, **_: Any) -> None:
    from messaging import services as messaging
    from vending import services

    with in_company(schema):
        try:
            messages = services.issue(order_id)
        except services.OrderNotDue:
            return
        messaging.send_claimed(messages)


@shared_task
def release_order(*, schema: str, order_id: int, **_: Any) -> None:
    """Park an order whose worker was lost."""
    from messaging import services as messaging
    from vending import services

    with in_company(schema):
        messaging.send_claimed(services.release_lost(order_id))


@shared_task
def look_up_token(*, schema: str, order_id: int, **_: Any) -> None:
    from messaging import services as messaging
    from vending import services

    with in_company(schema):
        try:
            messages = services.look_up(order_id)
        except Exception:
            services.note_failed_look_up(order_id)
            raise
        messaging.send_claimed(messages)


def ring_issue(order_id: int) -> None:
    """Have a worker issue an order once this transaction is committed."""
    after_commit(issue_token, schema=current_schema(), order_id=order_id)
