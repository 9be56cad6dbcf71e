"""Beat's own Celery app: it only sends messages by name, so it loads no room and stays small."""

import logging
import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging

from mpm.logging import JsonFormatter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mpm.settings")

app = Celery("mpm", amqp="mpm.broker:Amqp", fixups=[], set_as_current=False)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = {
    "sweep": {"task": "tenants.tasks.sweep", "schedule": 5.0},
    "tidy": {"task": "tenants.tasks.tidy", "schedule": crontab(hour="1", minute="17")},
    "check_books": {
        "task": "watch.tasks.check_books",
        "schedule": crontab(hour="1", minute="47"),
    },
}


@setup_logging.connect
def log_as_json(*, loglevel: int, **_: object) -> None:
    """As everywhere else; there is no company here to name."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=loglevel, handlers=[handler], force=True)
