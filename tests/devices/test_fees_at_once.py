"""Two workers that look at the same device at the same moment make its fee once."""

import contextlib
import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from devices import fees
from devices.models import AccessFee
from ledger.models import Account
from ledger.selectors import balance
from tenants.scope import in_company
from tenants.services import add_company
from tests.conftest import make_world
from tests.devices.test_fees import meter

DAY = dt.date(2026, 12, 1)


@pytest.fixture
def zed(public_committed):
    devices = []
    company = add_company(
        slug="zed",
        name="Zed Power",
        country="TZ",
        currency="TZS",
        timezone="Africa/Dar_es_Salaam",
        furnish=lambda _company: devices.append(meter(make_world())),
    )
    return company, devices[0]


@pytest.fixture
def both_at_the_brink(monkeypatch):
    """Hold each worker before its booking until the other is there too, or a second passes."""
    brink, book = threading.Barrier(2, timeout=1), fees._book

    def wait_then_book(*args):
        with contextlib.suppress(threading.BrokenBarrierError):
            brink.wait()
        book(*args)

    monkeypatch.setattr(fees, "_book", wait_then_book)


def test_two_workers_at_once_make_a_fee_once(zed, both_at_the_brink):
    company, device = zed

    def work(_number):
        try:
            with in_company("zed"):
                return fees.accrue_device(company=company, device_id=device.pk, until=DAY)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as workers:
        made = list(workers.map(work, range(2)))

    with in_company("zed"):
        assert sorted(made) == [0, 1]
        assert AccessFee.objects.count() == 1
        assert balance(Account.FEE_RECEIVABLE, device.pk) == 2000
