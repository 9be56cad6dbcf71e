"""Whoever rings, in whatever thread, rings at our broker."""

import threading

from celery import current_app
from django.conf import settings


def test_a_thread_of_the_web_server_queues_at_our_broker():
    found = []

    thread = threading.Thread(target=lambda: found.append(current_app.conf.broker_url))
    thread.start()
    thread.join()

    assert found == [settings.REDIS_URL]
