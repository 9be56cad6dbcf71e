"""Every installed adapter with its example settings and recorded exchanges, for the contract tests."""

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from plugins import registry
from plugins.contracts import Callback, Capability, Kind, Plugin
from plugins.testing import adapter_for, callback_from

ANY_ADDRESS = re.compile(".*")
METHOD_OF = {
    Capability.UNLOCK: "unlock",
    Capability.CLEAR_CREDIT: "clear_credit",
    Capability.LOOK_UP_DEVICE: "look_up_device",
    Capability.FIND_TOKENS: "find_tokens",
    Capability.PUSH_PAYMENT: "push_payment",
    Capability.FETCH_STATUS: "fetch_status",
    Capability.REPORT_RESULT: "report_result",
    Capability.REFUND: "refund",
}


def of_kind(kind: Kind) -> pytest.MarkDecorator:
    return over(registry.of_kind(kind))


def over(adapters: Iterable[type[Plugin]]) -> pytest.MarkDecorator:
    """Run a test once for each adapter, named by its slug."""
    listed = list(adapters)
    return pytest.mark.parametrize("cls", listed, ids=[cls.slug for cls in listed])


def home(cls: type[Plugin]) -> Path:
    return Path(sys.modules[cls.__module__].__file__ or "").parent


def near(cls: type[Plugin]) -> str:
    """Return the file beside which the adapter's exchanges lie."""
    return str(home(cls) / "adapter.py")


def example_form(cls: type[Plugin]) -> Any:
    """Return the adapter's form, filled in with its example settings."""
    example = json.loads((home(cls) / "exchanges" / "settings.json").read_text())
    fields = cls.settings_form().fields
    return cls.settings_form(
        {
            name: fields[name].prepare_value(value) if name in fields else value
            for name, value in example.items()
        }
    )


def built(cls: type[Plugin]) -> Any:
    """Return the adapter as a connection would build it: with settings that went through its form."""
    form = example_form(cls)
    assert form.is_valid(), form.errors
    return adapter_for(cls, **form.cleaned_data)


def recorded_calls(cls: type[Plugin]) -> list[Callback]:
    """Return the inbound calls that the adapter's folder holds."""
    return [
        callback_from(near(cls), path.stem)
        for path in sorted((home(cls) / "exchanges").glob("*.json"))
        if "callback" in json.loads(path.read_text())
    ]


def everywhere(**answer: Any) -> responses.RequestsMock:
    """Answer every request, wherever it goes, in the same way."""
    mock = responses.RequestsMock(assert_all_requests_are_fired=False)
    for method in (responses.GET, responses.POST, responses.PUT):
        mock.add(method, ANY_ADDRESS, **answer)
    return mock


def silence_everywhere() -> responses.RequestsMock:
    return everywhere(body=requests.ReadTimeout("silence"))
