"""The tools that adapter tests lean on must fail when an adapter strays."""

import json
from pathlib import Path

import pytest

from plugins.errors import OutcomeUnknown
from plugins.http import ProviderSession
from plugins.testing import replay

URL = "https://vendor.test/vend"


@pytest.fixture
def near(tmp_path: Path) -> str:
    """A file beside whose exchanges lies one: buying 10 kWh, and a flag."""
    exchange = {
        "request": {"method": "POST", "url": URL, "json": {"kwh": 10, "is_kwh": True}},
        "response": {"json": {"token": "1"}},
    }
    (tmp_path / "exchanges").mkdir()
    (tmp_path / "exchanges" / "ok.json").write_text(json.dumps({"exchanges": [exchange]}))
    return str(tmp_path / "test_adapter.py")


@pytest.fixture
def http() -> ProviderSession:
    return ProviderSession(read_seconds=1, total_seconds=2)


def test_a_recorded_request_gets_its_answer(near: str, http: ProviderSession) -> None:
    with replay(near, "ok"):
        assert http.post(URL, json={"is_kwh": True, "kwh": 10}).json() == {"token": "1"}


@pytest.mark.parametrize(
    "sent",
    [{"kwh": "10", "is_kwh": True}, {"kwh": 10, "is_kwh": 1}, {"kwh": 10}, {"kwh": 10.0}],
)
def test_a_request_that_differs_fails_even_where_doubt_is_expected(
    near: str, http: ProviderSession, sent: dict[str, object]
) -> None:
    with pytest.raises(AssertionError), replay(near, "ok"), pytest.raises(OutcomeUnknown):
        http.post(URL, json=sent)


def test_a_repeat_that_nobody_recorded_fails_even_where_doubt_is_expected(
    near: str, http: ProviderSession
) -> None:
    def buy() -> None:
        http.post(URL, json={"kwh": 10, "is_kwh": True})

    with (
        pytest.raises(AssertionError),
        replay(near, "ok", last={"silence": True}),
        pytest.raises(OutcomeUnknown),
    ):
        with pytest.raises(OutcomeUnknown):
            buy()
        buy()


def test_a_request_that_is_not_made_fails(near: str) -> None:
    with pytest.raises(AssertionError), replay(near, "ok"):
        pass
