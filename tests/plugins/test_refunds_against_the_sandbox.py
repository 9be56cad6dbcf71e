"""An operator's refund call meets the pretend operator over real HTTP: what the adapter says is what happened."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests

from plugins import registry
from plugins.contracts import PaymentProvider, RefundAnswer, RefundRequest
from plugins.errors import Misconfigured, OutcomeUnknown, PluginError, Rejected, Unavailable
from plugins.http import ProviderSession
from plugins.testing import Jar
from sandbox.faults import VENDORS
from sandbox.options import Options
from sandbox.server import running
from tests.sandbox.conftest import Product

YES = "<COMMAND><STATUS>200</STATUS><MESSAGE>Success</MESSAGE></COMMAND>"
NOTHING_WENT = (Rejected, Misconfigured, Unavailable)
EXPECTED = {
    "refuse": Rejected,
    "empty_balance": Rejected,
    "wrong_key": Misconfigured,
    "http429": Unavailable,
}
WENT = frozenset({"ok", "expired_bearer"})


@pytest.fixture
def product() -> Iterator[Product]:
    server = Product()
    server.answer("/validation", YES)
    server.answer("/process", YES)
    yield server
    server.close()


@pytest.fixture
def sandbox(product: Product) -> Iterator[str]:
    with running(Options(memory=True)) as base_url:
        urls = {name: f"{product.url}/{name}" for name in ("validation", "process", "enquiry")}
        _post(f"{base_url}/operators", {"airtel": urls})
        yield base_url


@pytest.fixture
def request_for(sandbox: str, product: Product) -> RefundRequest:
    """A payment that was made in the sandbox, to be sent back."""
    order = {"operator": "airtel", "phone": "+255785123456", "device": "47000100011"}
    paid = _post(f"{sandbox}/pay", {**order, "amount": 5000})
    [process] = product.bodies("/process")
    receipt = process.partition("<REFERENCE2>")[2].partition("</REFERENCE2>")[0]
    return RefundRequest(
        our_reference="r1",
        reference=paid["reference"],
        receipt=receipt,
        amount=Decimal(5000),
        paid=Decimal(5000),
        payer_phone="+255785123456",
    )


def _post(url: str, body: dict[str, Any]) -> Any:
    answer = requests.post(url, json=body, timeout=5)
    answer.raise_for_status()
    return answer.json()


def connected(sandbox: str) -> PaymentProvider:
    """Return the adapter with what the sandbox tells its admin to enter, and little patience."""
    credentials = requests.get(f"{sandbox}/credentials.json", timeout=5).json()["airtel"]
    cls = registry.payment_provider("airtel")
    form = cls.settings_form(credentials)
    assert form.is_valid(), form.errors
    http = ProviderSession(read_seconds=0.5, total_seconds=0.8)
    return cls(form.cleaned_data, http=http, memory=Jar())


def refunds(sandbox: str) -> list[str]:
    truth = requests.get(f"{sandbox}/truth", timeout=5).json()
    return [refund["refund_id"] for refund in truth["refunds"]]


@pytest.mark.parametrize("fault", sorted(VENDORS["airtel"]))
def test_what_the_adapter_says_is_what_the_operator_did(
    sandbox: str, request_for: RefundRequest, fault: str
) -> None:
    switch: dict[str, Any] = {"vendor": "airtel", "fault": fault, "seconds": 1.2}
    if fault == "expired_bearer":
        switch["count"] = 1  # forgotten once: the renewed one holds
    _post(f"{sandbox}/faults", switch)

    try:
        said: Any = connected(sandbox).refund(request_for)
    except PluginError as error:
        said = error

    went = refunds(sandbox)
    if fault in WENT:
        assert [said.receipt] == went
    else:
        assert isinstance(said, EXPECTED.get(fault, OutcomeUnknown)), said
    if isinstance(said, NOTHING_WENT):
        assert went == []


def test_a_payment_goes_back_once(sandbox: str, request_for: RefundRequest) -> None:
    adapter = connected(sandbox)

    first = adapter.refund(request_for)
    with pytest.raises(Rejected):
        adapter.refund(request_for)

    assert isinstance(first, RefundAnswer)
    assert refunds(sandbox) == [first.receipt]


def test_checking_with_the_sandboxs_log_in_is_good_and_a_wrong_secret_is_found(
    sandbox: str,
) -> None:
    adapter = connected(sandbox)

    assert "accepts" in adapter.check()
    adapter.settings = {**adapter.settings, "client_secret": "wrong"}
    with pytest.raises(Misconfigured):
        adapter.check()
