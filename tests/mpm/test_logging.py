"""Log lines hold facts and no secrets."""

import json
import logging

import pytest

from mpm.logging import JsonFormatter
from plugins.models import new_webhook_key


@pytest.mark.parametrize("door", ["airtel", "sms/africastalking"])
def test_the_key_in_the_address_of_a_webhook_is_not_logged(door):
    key = new_webhook_key()
    record = logging.makeLogRecord(
        {"msg": "Internal Server Error: %s", "args": (f"/webhooks/{door}/{key}/process",)}
    )

    line = JsonFormatter().format(record)

    assert key not in line
    assert f"/webhooks/{door}/••••/process" in json.loads(line)["event"]
