"""Pretend manufacturers for tests of the line: what Calin and SunKing answer, and silence."""

import contextlib
import datetime as dt
import itertools
import json

import requests
import responses
from django.utils import timezone

from plugins.models import Connection
from vending.models import TokenOrder

CALIN_URL = "https://calin.test/api/tokennew"
SUNKING_URL = "https://sunking.test/v2/token"
tokens = itertools.count(10**19)


def use_calin(meter) -> Connection:
    """Make the meter one of Calin's, with a connection that works."""
    meter.manufacturer = "calin_meter"
    meter.save(update_fields=["manufacturer"])
    return Connection.objects.create(
        plugin="calin_meter",
        kind="manufacturer",
        settings={
            "api_url": "https://calin.test/api",
            "user_id": "pos-user-01",
            "signed_form": False,
        },
        secrets={"api_key": "calin-key-7f3a"},
    )


def use_sunking(device) -> Connection:
    """Make the device a kit of SunKing's, without a tariff."""
    device.manufacturer, device.kind, device.tariff = "sunking", "shs", None
    device.save(update_fields=["manufacturer", "kind", "tariff"])
    return Connection.objects.create(
        plugin="sunking",
        kind="manufacturer",
        settings={
            "client_id": "mpm-client",
            "auth_url": "https://sunking.test/auth",
            "api_url": "https://sunking.test/v2",
        },
        secrets={"client_secret": "s3cr3t-value"},
    )


@contextlib.contextmanager
def answering(url=CALIN_URL, *, code=0, reason="OK", body=None, status=200):
    """Answer every order with a new token, a refusal, or a body of your own."""

    def answer(request):
        if body is not None:
            return status, {}, body
        result = str(next(tokens)) if code == 0 else ""
        return status, {}, json.dumps({"result_code": code, "reason": reason, "result": result})

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback("POST", url, callback=answer)
        yield mock


@contextlib.contextmanager
def silent(url=CALIN_URL):
    """Take every order and never answer."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add("POST", url, body=requests.ReadTimeout("silence"))
        yield mock


@contextlib.contextmanager
def sunking():
    """SunKing as it answers: a bearer, then codes; the asked commands are in ``.calls``."""

    def answer(request):
        return 200, {}, json.dumps({"token": str(next(tokens))[-15:]})

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        bearer = {"access_token": "bearer-of-tests", "expires_in": 300}
        mock.add("POST", "https://sunking.test/auth", json=bearer)
        mock.add_callback("POST", SUNKING_URL, callback=answer)
        yield mock


def asked_long_ago():
    """Let every unanswered call be over: it can no longer act."""
    TokenOrder.objects.update(requested_at=timezone.now() - dt.timedelta(hours=1))
