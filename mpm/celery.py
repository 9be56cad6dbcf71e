"""The Celery app. Its messages are doorbells; what is due stands in PostgreSQL."""

import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mpm.settings")

app = Celery("mpm", amqp="mpm.broker:Amqp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "sweep": {"task": "tenants.tasks.sweep", "schedule": 5.0},
    "tidy": {"task": "tenants.tasks.tidy", "schedule": crontab(hour="1", minute="17")},
}


@worker_init.connect
def refuse_what_mixes_companies(**_: object) -> None:
    from mpm.pooling import refuse_transaction_pooling

    refuse_transaction_pooling()
