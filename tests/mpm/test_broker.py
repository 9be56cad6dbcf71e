"""How workers come back to a broker that was away."""

import itertools

import pytest
from django.conf import settings
from kombu import Queue
from redis.exceptions import ConnectionError as RedisConnectionError

from mpm.broker import LONGEST_PAUSE_SECONDS
from mpm.celery import app
from mpm.embedded.service import is_free


def test_a_worker_tries_again_every_few_seconds_and_never_gives_up(monkeypatch):
    port = next(port for port in range(30_000, 31_000) if is_free(port))
    pauses = []
    monkeypatch.setattr("kombu.utils.functional.sleep", lambda seconds: None)
    tries = itertools.count(1)

    def note(_, pause):
        pauses.append(pause)
        if next(tries) == 12:
            raise KeyboardInterrupt

    connection = app.connection_for_read(f"redis://127.0.0.1:{port}/0")
    with pytest.raises(KeyboardInterrupt):
        connection.ensure_connection(note, app.conf.broker_connection_max_retries)

    assert len(pauses) == 12
    assert max(pauses) <= LONGEST_PAUSE_SECONDS


def test_a_worker_that_holds_a_message_outlives_the_death_of_the_broker(monkeypatch):
    connection = app.connection_for_read()
    channel = connection.default_channel
    queue = Queue("held", routing_key="held", channel=channel, auto_delete=True)
    queue.declare()
    connection.Producer(channel).publish("a doorbell", routing_key="held")
    message = queue.get()

    def broker_is_dead():
        raise RedisConnectionError

    # What Celery does when reading from the broker fails: collect, then close.
    with monkeypatch.context() as dead:
        dead.setattr(channel, "_close_clients", broker_is_dead)
        connection.collect()

    with pytest.raises(RedisConnectionError):
        message.ack()
    connection.close()


def test_the_sweeper_has_a_queue_of_its_own():
    app.loader.import_default_modules()
    routed = {name: app.amqp.router.route({}, name)["queue"] for name in app.tasks}

    assert routed["tenants.tasks.sweep"].name == "sweeps"
    assert routed["onboarding.tasks.make_company"].name == "companies"
    assert routed["payments.tasks.work_payment"].name == "celery"
    assert all(queue.name == queue.routing_key for queue in app.amqp.queues.values())


def test_workers_listen_to_every_queue_in_turn_and_to_one_list_each():
    names = {"celery", "sweeps", "companies", *settings.COMPANY_QUEUES}
    options = app.conf.broker_transport_options

    assert set(app.amqp.queues) == names
    assert len(names) == 35
    assert (options["queue_order_strategy"], options["priority_steps"]) == ("round_robin", [0])


def test_a_doorbell_is_given_back_when_its_worker_dies():
    conf = app.conf

    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.task_ignore_result
    options = conf.broker_transport_options
    assert (options["unacked_restore_interval"], options["unacked_restore_throttle"]) == (5, 1)
    assert conf.task_time_limit < options["visibility_timeout"]
