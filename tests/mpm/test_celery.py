"""Whoever rings, in whatever thread, rings at our broker."""

import subprocess
import sys
import threading
from types import SimpleNamespace

from celery import current_app
from celery.signals import task_prerun
from django.conf import settings
from django.db import connection

from mpm import beat
from tenants import tasks


def test_a_thread_of_the_web_server_queues_at_our_broker():
    found = []

    thread = threading.Thread(target=lambda: found.append(current_app.conf.broker_url))
    thread.start()
    thread.join()

    assert found == [settings.REDIS_URL]


def test_a_worker_keeps_its_database_connection_between_tasks():
    assert current_app.conf.get("CELERY_DB_REUSE_MAX") == 1000


def test_a_worker_replaces_a_broken_connection_before_the_next_task(monkeypatch):
    looked_at = []
    monkeypatch.setattr("mpm.celery.close_old_connections", lambda: looked_at.append(True))

    task = SimpleNamespace(request=SimpleNamespace(is_eager=False))

    task_prerun.send(sender=None, task=task)

    assert looked_at == [True]


def test_a_task_inside_a_transaction_leaves_the_connection_alone(public):
    tasks.sweep.apply().get()

    assert connection.in_atomic_block
    assert connection.is_usable()


def test_beat_sends_only_what_a_worker_knows():
    worker = current_app._get_current_object()
    worker.loader.import_default_modules()

    sent = {entry["task"] for entry in beat.app.conf.beat_schedule.values()}

    assert sent == {"tenants.tasks.sweep", "tenants.tasks.tidy", "watch.tasks.check_books"}
    assert sent <= worker.tasks.keys()


def test_beat_loads_no_room():
    rooms = "{name.split('.')[0] for name in sys.modules} & {'payments', 'tenants', 'plugins'}"
    code = f"import sys, mpm.beat; print({rooms})"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout == "set()\n"
