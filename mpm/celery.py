"""The Celery app. Its messages are doorbells; what is due stands in PostgreSQL."""

import gc
import os
from typing import Any

from celery import Celery, Task
from celery.signals import (
    celeryd_after_setup,
    task_prerun,
    worker_before_create_process,
    worker_init,
)
from django.db import close_old_connections, connection

from common.database import mend_connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mpm.settings")

app = Celery("mpm", amqp="mpm.broker:Amqp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Celery would connect to the database anew for every task, which costs more than the task.
app.conf.CELERY_DB_REUSE_MAX = 1000


@task_prerun.connect
def leave_broken_connections(*, task: "Task[Any, Any]", **_: object) -> None:
    """As at the start of a web request: what is too old or broke is replaced."""
    if not task.request.is_eager:  # called in the middle of somebody's transaction
        mend_connection()
        close_old_connections()


@worker_before_create_process.connect
def share_memory(**_: object) -> None:
    """Load what every process of the pool needs before they part, and keep the collector away from it."""
    from payments import line  # noqa: F401
    from plugins import registry

    registry.load()
    gc.collect()
    gc.freeze()


@worker_init.connect
def refuse_what_mixes_companies(**_: object) -> None:
    from mpm.pooling import refuse_transaction_pooling

    refuse_transaction_pooling()


@celeryd_after_setup.connect
def leave_companies_to_the_maker(*, instance: Any, **_: object) -> None:
    """Where the application owns nothing it cannot make a company's tables: mpm.maker does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_database_privilege(current_database(), 'CREATE')")
        (may_make,) = cursor.fetchone()
    connection.close()
    if not may_make:
        instance.app.amqp.queues.deselect("companies")
