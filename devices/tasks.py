"""Doorbells of this room."""

from typing import Any

from celery import shared_task

from tenants.scope import in_company


@shared_task
def check_serial(*, schema: str, device_id: int, **_: Any) -> None:
    from devices import serial_check

    with in_company(schema):
        try:
            serial_check.check(device_id)
        except Exception:
            serial_check.give_up(device_id)
            raise
