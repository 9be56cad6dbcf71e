"""Messages whose worker was lost: a second SMS is harmless, a third is not sent."""

import datetime as dt

import pytest
import responses
from django.utils import timezone

from messaging import services
from messaging.models import Message
from messaging.services import sending
from plugins.models import Connection
from tenants.models import DueWork

SEND = "https://at.test/version1/messaging"


@pytest.fixture
def gateway(world):
    return Connection.objects.create(
        plugin="africastalking",
        kind="sms",
        settings={"username": "sandbox", "sender_id": "PAYG", "api_url": "https://at.test"},
        secrets={"api_key": "at-key-1"},
    )


@pytest.fixture
def message(gateway):
    return services.queue_message(
        phone="+255754123456", text="Token 1234", purpose="token", source="payment", source_id=1,
        now=timezone.now(),
    )  # fmt: skip


def lose(message):
    """Whoever held it is gone, and its lease is over."""
    Message.objects.filter(pk=message.pk).update(
        leased_until=timezone.now() - dt.timedelta(seconds=1)
    )


def test_a_message_that_loses_every_worker_is_left_to_a_person(message, monkeypatch):
    handed_over = []
    monkeypatch.setattr(sending, "_hand_over", handed_over.append)  # and the worker is gone

    for _ in range(3):
        lose(message)
        services.send(message.pk)

    message.refresh_from_db()
    assert len(handed_over) == 1
    assert message.state == "failed"
    assert "lost twice" in message.reason


def test_a_paused_gateway_is_not_called(gateway, message):
    Connection.objects.filter(pk=gateway.pk).update(paused_reason="The account is empty.")

    with responses.RequestsMock():
        services.send_claimed([message])

    message.refresh_from_db()
    assert (message.state, message.paused_reason) == ("queued", "The account is empty.")


def test_a_message_that_is_put_off_for_seconds_is_looked_at_soon(jua, message):
    later = timezone.now() + dt.timedelta(minutes=2)
    DueWork.objects.update_or_create(company=jua, kind="line", defaults={"due_at": later})

    with responses.RequestsMock() as mock:
        mock.add("POST", SEND, status=429)
        services.send_claimed([message])

    message.refresh_from_db()
    assert message.state == "queued"
    soon = timezone.now() + dt.timedelta(seconds=16)
    assert DueWork.objects.filter(company=jua, kind="line", due_at__lte=soon).exists()
