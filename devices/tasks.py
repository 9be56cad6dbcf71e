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


@shared_task
def move_devices(*, schema: str, move_id: int, **_: Any) -> None:
    """Give devices another tariff, as far as they are not moved yet."""
    from devices import moving

    with in_company(schema) as company:
        moving.work(company, move_id)
