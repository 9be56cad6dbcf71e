"""Manufacturers meet the pretend vendors over real HTTP: what an adapter says is what happened there.

Both sides were written from the same description by different hands, so each checks the other.
"""

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests

from plugins import registry
from plugins.contracts import Capability, DeviceKind, Manufacturer, TokenRequest
from plugins.errors import Misconfigured, OutcomeUnknown, PluginError, Rejected, Unavailable
from plugins.http import ProviderSession
from plugins.testing import Jar
from sandbox.faults import VENDORS
from sandbox.options import Options
from sandbox.server import running

SERIALS = {DeviceKind.METER: "47000100011", DeviceKind.SHS: "996990001"}
MANUFACTURERS = ("calin_meter", "calin_smart_meter", "sunking")
NOTHING_BOUGHT = (Rejected, Misconfigured, Unavailable)
EXPECTED = {
    "refuse": Rejected,
    "http400": Rejected,
    "empty_balance": Misconfigured,
    "wrong_key": Misconfigured,
    "http429": Unavailable,
}
ISSUED = frozenset({"ok", "odd_format", "expired_bearer"})


@pytest.fixture
def sandbox() -> Iterator[str]:
    with running(Options(memory=True)) as base_url:
        yield base_url


def go_wrong(sandbox: str, vendor: str, fault: str) -> None:
    switch: dict[str, Any] = {"vendor": vendor, "fault": fault, "seconds": 1.2}
    if fault == "expired_bearer":
        switch["count"] = 1  # forgotten once: the renewed one holds
    requests.post(f"{sandbox}/faults", json=switch, timeout=5).raise_for_status()


def connected(sandbox: str, slug: str) -> Manufacturer:
    """Return the adapter with what the sandbox tells its admin to enter, and little patience."""
    credentials = requests.get(f"{sandbox}/credentials.json", timeout=5).json()[slug]
    cls = registry.manufacturer(slug)
    form = cls.settings_form(credentials)
    assert form.is_valid(), form.errors
    http = ProviderSession(read_seconds=0.5, total_seconds=0.8)
    return cls(form.cleaned_data, http=http, memory=Jar())


def order(cls: type[Manufacturer]) -> TokenRequest:
    kind = next(iter(cls.device_kinds))
    return TokenRequest(
        reference="01JZ2M8Q5V",
        serial=SERIALS[kind],
        device_kind=kind,
        quantity=Decimal(14),
        unit=cls.unit,
        requested_at=dt.datetime.now(dt.UTC),
    )


def charges(sandbox: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = requests.get(f"{sandbox}/truth", timeout=5).json()["charges"]
    return listed


@pytest.mark.parametrize(
    ("slug", "fault"), [(slug, fault) for slug in MANUFACTURERS for fault in sorted(VENDORS[slug])]
)
def test_what_the_adapter_says_is_what_the_vendor_did(sandbox: str, slug: str, fault: str) -> None:
    adapter = connected(sandbox, slug)
    go_wrong(sandbox, slug, fault)

    try:
        said: Any = adapter.issue_token(order(type(adapter)))
    except PluginError as error:
        said = error

    sold = [charge["token"] for charge in charges(sandbox)]
    if fault in ISSUED:
        assert sold == [re.sub(r"\D", "", said.token)]
    else:
        assert isinstance(said, EXPECTED.get(fault, OutcomeUnknown)), said
    if isinstance(said, NOTHING_BOUGHT):
        assert sold == []
    assert len(sold) <= 1


@pytest.mark.parametrize("slug", MANUFACTURERS)
def test_checking_a_connection_with_the_sandboxs_log_in_is_good(sandbox: str, slug: str) -> None:
    assert connected(sandbox, slug).check()
    assert charges(sandbox) == []


@pytest.mark.parametrize("slug", ["calin_smart_meter", "sunking"])
def test_a_wrong_secret_is_found_by_checking(sandbox: str, slug: str) -> None:
    adapter = connected(sandbox, slug)
    wrong = {"password": "wrong", "client_secret": "wrong"}
    adapter.settings = {**adapter.settings, **wrong}

    with pytest.raises(Misconfigured):
        adapter.check()


@pytest.mark.parametrize("fault", ["silent_after", "cut", "http500_after_charge", "malformed"])
def test_a_lost_purchase_is_found_in_the_history(sandbox: str, fault: str) -> None:
    adapter = connected(sandbox, "calin_smart_meter")
    go_wrong(sandbox, "calin_smart_meter", fault)
    lost = order(type(adapter))

    with pytest.raises(OutcomeUnknown):
        adapter.issue_token(lost)

    assert [it.token for it in adapter.find_tokens(lost)] == [
        charge["token"] for charge in charges(sandbox)
    ]


def test_what_was_never_bought_is_not_found_in_the_history(sandbox: str) -> None:
    adapter = connected(sandbox, "calin_smart_meter")

    assert list(adapter.find_tokens(order(type(adapter)))) == []


@pytest.mark.parametrize(
    ("slug", "capability", "method"),
    [
        ("calin_smart_meter", Capability.CLEAR_CREDIT, "clear_credit"),
        ("sunking", Capability.UNLOCK, "unlock"),
    ],
)
def test_clearing_and_unlocking_give_a_token_without_a_quantity(
    sandbox: str, slug: str, capability: Capability, method: str
) -> None:
    adapter = connected(sandbox, slug)

    issued = getattr(adapter, method)(order(type(adapter)))

    assert adapter.can(capability)
    assert (issued.quantity, issued.unit) == (None, None)
    assert [charge["token"] for charge in charges(sandbox)] == [issued.token]


@pytest.mark.parametrize(
    ("slug", "known", "unknown"),
    [("calin_smart_meter", "47000100022", "11111111111"), ("sunking", "996990001", "123")],
)
def test_a_known_device_is_told_from_an_unknown_one(
    sandbox: str, slug: str, known: str, unknown: str
) -> None:
    adapter = connected(sandbox, slug)

    assert adapter.look_up_device(known).is_known
    assert not adapter.look_up_device(unknown).is_known


def test_the_older_signed_form_is_understood(sandbox: str) -> None:
    adapter = connected(sandbox, "calin_meter")
    adapter.settings = {**adapter.settings, "signed_form": True}

    issued = adapter.issue_token(order(type(adapter)))

    assert [charge["token"] for charge in charges(sandbox)] == [issued.token]
