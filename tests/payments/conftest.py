"""What the line needs in tests stands in ``tests/line.py``; it serves other rooms too."""

import datetime as dt
from decimal import Decimal as D

import pytest

from appliances.schedule import parse_period
from appliances.services import sell_appliance
from tests.line import airtel_xml, work_all

__all__ = ["airtel_xml", "work_all"]


@pytest.fixture
def television(world, jua):
    """Neema's television, without a device, with one instalment that is due."""

    def sell(price):
        return sell_appliance(
            company=jua,
            customer_id=world.neema.pk,
            appliance="Television",
            price=D(price),
            down_payment=D(0),
            instalments=1,
            every=parse_period("30d"),
            first_due=dt.date(2026, 1, 10),
            sold_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            actor=None,
        )

    return sell
