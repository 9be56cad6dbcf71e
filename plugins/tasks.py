"""Work for plug-ins that no web request may do."""

from typing import Any

from celery import shared_task

from tenants.scope import in_company


@shared_task
def check_connection(*, schema: str, connection_id: int, **_: Any) -> None:
    from plugins import services

    with in_company(schema):
        services.check_connection(connection_id=connection_id)
