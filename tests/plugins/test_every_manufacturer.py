"""What holds for every manufacturer: no quantity is rounded, no doubt is hidden, nothing bought twice."""

import dataclasses
from decimal import Decimal
from typing import Any

import pytest

from plugins import registry
from plugins.contracts import (
    Capability,
    DeviceKind,
    Idempotency,
    Kind,
    Manufacturer,
    Plugin,
    TokenRequest,
    Unit,
)
from plugins.errors import OutcomeUnknown, Rejected, Unavailable, Unsupported
from plugins.redaction import Redactor
from plugins.testing import load_exchange, order_from, replay
from tests.plugins.adapters import (
    METHOD_OF,
    built,
    near,
    of_kind,
    over,
    silence_everywhere,
)

VENDORS = [
    cls for cls in registry.of_kind(Kind.MANUFACTURER) if cls.idempotency != Idempotency.LOCAL
]
LOCAL = [cls for cls in registry.of_kind(Kind.MANUFACTURER) if cls.idempotency == Idempotency.LOCAL]
UNCLEAR = {
    "silence": {"silence": True},
    "broken down": {"status": 500, "text": ""},
    "bad gateway": {"status": 502, "text": "<html>Bad Gateway</html>"},
    "redirect": {"status": 302, "headers": {"Location": "https://elsewhere.test/"}, "text": ""},
    "empty": {"status": 200, "text": ""},
    "page": {"status": 200, "text": "<!DOCTYPE html><title>Welcome</title>"},
    "cut": {"status": 200, "text": '{"token": "1234567890123456'},
    "nothing": {"status": 200, "json": {}},
    "null": {"status": 200, "json": None},
    "list": {"status": 200, "json": []},
    "number": {"status": 200, "json": 0},
    "bottomless": {"status": 200, "text": "[" * 100_000},
}


def recorded_order(cls: type[Plugin], **changes: Any) -> TokenRequest:
    return order_from(near(cls), "issue_token_ok", **changes)


@of_kind(Kind.MANUFACTURER)
def test_a_manufacturer_says_what_it_sells(cls: type[Manufacturer]) -> None:
    assert cls.device_kinds
    assert all(isinstance(kind, DeviceKind) for kind in cls.device_kinds)
    assert isinstance(cls.unit, Unit)
    assert isinstance(cls.resolution, Decimal)
    assert cls.resolution > 0


@of_kind(Kind.MANUFACTURER)
def test_a_recorded_purchase_gives_its_token_as_text(cls: type[Manufacturer]) -> None:
    order = recorded_order(cls)

    with replay(near(cls), "issue_token_ok"):
        issued = built(cls).issue_token(order)

    assert issued.token == load_exchange(near(cls), "issue_token_ok")["issued"]
    assert isinstance(issued.token, str)
    assert (issued.quantity, issued.unit) == (order.quantity, cls.unit)
    assert order.device_kind in cls.device_kinds


@of_kind(Kind.MANUFACTURER)
@pytest.mark.parametrize("steps", ["0", "-1", "0.5", "1.5"])
def test_a_quantity_off_the_grid_is_a_bug_and_is_not_sent(
    cls: type[Manufacturer], steps: str
) -> None:
    order = recorded_order(cls, quantity=str(cls.resolution * Decimal(steps)))

    with silence_everywhere() as sent, pytest.raises(Unsupported):
        built(cls).issue_token(order)

    assert len(sent.calls) == 0


@over(VENDORS)
@pytest.mark.parametrize("answer", UNCLEAR.values(), ids=UNCLEAR.keys())
def test_a_purchase_without_a_clear_answer_is_in_doubt_and_not_repeated(
    cls: type[Manufacturer], answer: dict[str, Any]
) -> None:
    with (
        replay(near(cls), "issue_token_ok", last=answer),
        pytest.raises(OutcomeUnknown),
    ):
        built(cls).issue_token(recorded_order(cls))


@over(VENDORS)
def test_a_purchase_that_never_left_may_be_tried_again(cls: type[Manufacturer]) -> None:
    with (
        replay(near(cls), "issue_token_ok", last={"no_connection": True}),
        pytest.raises(Unavailable),
    ):
        built(cls).issue_token(recorded_order(cls))


@over(VENDORS)
def test_only_what_honours_our_reference_says_so(cls: type[Manufacturer]) -> None:
    order = recorded_order(cls)

    with replay(near(cls), "issue_token_ok") as sent:
        built(cls).issue_token(order)
        request = sent.calls[-1].request
        carries_reference = order.reference in f"{request.url} {request.body!r}"

    assert carries_reference or cls.idempotency is Idempotency.NONE


@over(VENDORS)
def test_a_recorded_purchase_leaves_no_secret_in_the_log(cls: type[Manufacturer]) -> None:
    adapter, log = built(cls), []
    adapter.http.record, adapter.http.redactor = log.append, Redactor(names=cls.redacted)
    secrets = [adapter.settings[name] for name in cls.settings_form.secret_names()]

    with replay(near(cls), "issue_token_ok"):
        adapter.issue_token(recorded_order(cls))

    assert log
    assert [secret for secret in secrets if secret and secret in repr(log)] == []


@over(LOCAL)
def test_a_token_made_here_is_the_same_for_the_same_order_only(cls: type[Manufacturer]) -> None:
    adapter, order = built(cls), recorded_order(cls)
    other = dataclasses.replace(order, reference="another-order")

    with silence_everywhere() as sent:
        token = adapter.issue_token(order).token

        assert adapter.issue_token(order).token == token
        assert adapter.issue_token(other).token != token
        assert len(sent.calls) == 0


@of_kind(Kind.MANUFACTURER)
def test_a_token_that_is_shown_and_typed_again_is_the_same(cls: type[Manufacturer]) -> None:
    token = load_exchange(near(cls), "issue_token_ok")["issued"]

    assert cls.check_token(f" {cls.display_token(token)} ") == token
    assert cls.check_token(token) == token


@of_kind(Kind.MANUFACTURER)
@pytest.mark.parametrize("typed", ["", "  "])
def test_nothing_is_no_token(cls: type[Manufacturer], typed: str) -> None:
    with pytest.raises(Rejected) as refused:
        cls.check_token(typed)

    assert refused.value.reason


@of_kind(Kind.MANUFACTURER)
@pytest.mark.parametrize("capability", [Capability.UNLOCK, Capability.CLEAR_CREDIT])
def test_unlocking_and_clearing_are_declared_or_refused(
    cls: type[Manufacturer], capability: Capability
) -> None:
    order = recorded_order(cls, quantity="0")
    call = getattr(built(cls), METHOD_OF[capability])

    with silence_everywhere():
        if capability not in cls.capabilities:
            with pytest.raises(Unsupported):
                call(order)
        elif cls.idempotency is Idempotency.LOCAL:
            assert (call(order).quantity, call(order).unit) == (None, None)
        else:
            with pytest.raises((OutcomeUnknown, Unavailable)):
                call(order)


@of_kind(Kind.MANUFACTURER)
@pytest.mark.parametrize("capability", [Capability.LOOK_UP_DEVICE, Capability.FIND_TOKENS])
def test_a_silent_look_up_leaves_no_doubt_behind(
    cls: type[Manufacturer], capability: Capability
) -> None:
    order = recorded_order(cls)
    asked = order.serial if capability is Capability.LOOK_UP_DEVICE else order
    error = Unavailable if capability in cls.capabilities else Unsupported

    with silence_everywhere(), pytest.raises(error):
        getattr(built(cls), METHOD_OF[capability])(asked)
