"""The maker: a worker that knows the owner of the tables, and makes the companies of people who sign up.

Needed only where DATABASE_OWNER_URL is set. It hears one queue and can do one task, whatever a message asks for::

    celery -A mpm.maker worker --queues companies --concurrency 1
"""

import logging
from typing import Any

from celery.signals import celeryd_after_setup

from mpm.celery import app

logger = logging.getLogger(__name__)
ITS_TASKS = frozenset({"onboarding.tasks.make_company"})

__all__ = ["app"]


@celeryd_after_setup.connect
def do_one_task(*, instance: Any, **_: object) -> None:
    """Refuse every task but its own, so that nothing else ever runs with the owner's rights.

    The others stay known: what it rings for is done by the other workers.
    """
    app.loader.import_default_modules()
    for name, task in app.tasks.items():
        if name not in ITS_TASKS:
            task.start_strategy = _refusing(name)  # type: ignore[method-assign]


def _refusing(name: str) -> Any:
    """Return what Celery asks a task for: how to begin it. Here: not at all, and the message is gone."""

    def start_strategy(_app: Any, consumer: Any, **_: object) -> Any:
        def refuse(message: Any, *_: object, **__: object) -> None:
            logger.error("maker.refused", extra={"task": name})
            message.ack_log_error(logger, consumer.connection_errors)

        return refuse

    return start_strategy
