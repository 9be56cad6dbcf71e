"""A callback as the operator sends it, and a worker that does what is due."""

import itertools
from types import SimpleNamespace

import pytest
from django.test import Client

from messaging import services as messaging
from messaging.models import Message
from payments import line
from payments.models import Payment
from simulation.airtel import airtel_xml
from tenants.scope import current_company
from vending import services as vending
from vending.models import TokenOrder

references = itertools.count(1)


@pytest.fixture
def airtel(world):
    """Send Airtel's calls: ``airtel(amount="5000")`` is a process call and returns what it was answered."""
    client = Client(headers={"host": "jua.localhost"})

    def call(action="process", *, reference=None, **content):
        reference = reference or f"AT{next(references):06d}"
        response = client.post(
            f"/webhooks/airtel/{world.airtel.webhook_key}/{action}",
            airtel_xml(reference=reference, **content),
            content_type="application/xml",
        )
        text = response.content.decode()
        status = text.partition("<STATUS>")[2].partition("</STATUS>")[0]
        message = text.partition("<MESSAGE>")[2].partition("</MESSAGE>")[0]
        return SimpleNamespace(
            http=response.status_code,
            status=status,
            message=message,
            text=text,
            reference=reference,
        )

    return call


def work_all() -> None:
    """Do what a worker would: settle, issue and send whatever is due now."""
    company = current_company()
    for payment_id in _ids(Payment.objects.filter(state=Payment.State.RECEIVED)):
        line.work(company, payment_id)
    for order_id in _ids(TokenOrder.objects.filter(state=TokenOrder.State.DUE, paused_reason="")):
        messaging.send_claimed(vending.issue(order_id))
    Message.objects.filter(state=Message.State.QUEUED).update(leased_until=None)
    for message_id in _ids(Message.objects.filter(state=Message.State.QUEUED)):
        messaging.send(message_id)


def _ids(rows):
    return list(rows.order_by("pk").values_list("pk", flat=True))


@pytest.fixture
def work():
    return work_all


@pytest.fixture
def pay(airtel, work):
    """Pay and let the worker do the rest; returns the payment as it then stands."""

    def pay(amount="5000", **content):
        said = airtel(amount=amount, **content)
        assert said.status == "200", said.text
        work()
        return Payment.objects.get(reference=said.reference)

    return pay
