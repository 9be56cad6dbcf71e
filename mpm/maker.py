"""The maker: a worker that knows the owner of the tables, and makes the companies of people who sign up.

Needed only where DATABASE_OWNER_URL is set. It hears one queue and can do one task, whatever a message asks for::

    celery -A mpm.maker worker --queues companies --concurrency 1
"""

from typing import Any

from celery.signals import celeryd_after_setup

from mpm.celery import app

ITS_TASKS = frozenset({"onboarding.tasks.make_company"})

__all__ = ["app"]


@celeryd_after_setup.connect
def know_one_task(*, instance: Any, **_: object) -> None:
    """Forget every task but its own, so that nothing else ever runs with the owner's rights."""
    app.loader.import_default_modules()
    for name in set(app.tasks) - ITS_TASKS:
        app.tasks.pop(name, None)
