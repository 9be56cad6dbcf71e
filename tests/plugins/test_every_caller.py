"""What holds for every operator and SMS gateway: whatever arrives is read or politely refused."""

import dataclasses
import datetime as dt
import json
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from xml.etree import ElementTree

import pytest

from plugins import registry
from plugins.contracts import (
    Action,
    Answer,
    Callback,
    Capability,
    DeliveryReport,
    IncomingSms,
    Kind,
    Outcome,
    OutgoingSms,
    PaymentProvider,
    Plugin,
    SentSms,
    SmsGateway,
    Verdict,
)
from plugins.errors import OutcomeUnknown, Rejected
from tests.plugins.adapters import (
    built,
    everywhere,
    home,
    over,
    recorded_calls,
    silence_everywhere,
)

ENTITY_BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'
)
OUTSIDE_ENTITY = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>'
)
RUBBISH = {
    "empty": b"",
    "not text": b"\x00\xff\xfe\x80",
    "page": b"<!DOCTYPE html><html><body>hello</body></html>",
    "open element": b"<a><b>",
    "open object": b'{"a": ',
    "null": b"null",
    "list": b"[]",
    "number": b"1e999999",
    "long number": b"[" + b"9" * 5000 + b"]",
    "bottomless list": b"[" * 100_000,
    "bottomless XML": b"<a>" * 100_000,
    "oversized": b"a=" + b"x" * (2 << 20),
    "oversized XML": b"<a>" + b"x" * (2 << 20) + b"</a>",
    "entity bomb": ENTITY_BOMB,
    "entity from outside": OUTSIDE_ENTITY,
    "many fields": b"&".join(b"f%d=1" % i for i in range(5000)),
}
CALLED = [
    cls
    for cls in registry.load().values()
    if issubclass(cls, PaymentProvider | SmsGateway) and cls.actions
]
OPERATORS = registry.of_kind(Kind.PAYMENT)


def is_answer(answer: Answer) -> bool:
    return (
        isinstance(answer.body, bytes)
        and bool(answer.content_type)
        and HTTPStatus(answer.status) >= HTTPStatus.OK
    )


def is_polite(answer: Answer) -> bool:
    """Whether a refusal blames the call and not us: a caller repeats a 5xx for ever."""
    return is_answer(answer) and answer.status < HTTPStatus.INTERNAL_SERVER_ERROR


def readable(cls: type[Plugin]) -> list[tuple[Callback, Any]]:
    """Return the recorded calls that the adapter takes, each with what it reads in them."""
    adapter, taken = built(cls), []
    for callback in recorded_calls(cls):
        try:
            taken.append((callback, adapter.read(callback)))
        except Rejected:
            continue
    return taken


def is_read_or_refused(adapter: Any, callback: Callback) -> bool:
    try:
        return adapter.read(callback) is not None
    except Rejected as refusal:
        return is_polite(answer_to_refused(adapter, callback, refusal))


def answer_to_refused(adapter: Any, callback: Callback, refusal: Rejected) -> Answer:
    if isinstance(adapter, PaymentProvider):
        return adapter.refuse(callback, refusal)
    return adapter.acknowledge(callback)


@over(CALLED)
def test_its_addresses_are_words_with_a_label(cls: Any) -> None:
    names = [action.name for action in cls.actions]

    assert all(isinstance(action, Action) and action.label for action in cls.actions)
    assert len(set(names)) == len(names)
    assert all(name.isascii() and name.replace("-", "").isalnum() for name in names)


@over(CALLED)
def test_each_address_has_a_recorded_call_that_is_taken(cls: Any) -> None:
    assert {callback.action for callback, _ in readable(cls)} == {it.name for it in cls.actions}


@over(CALLED)
def test_the_same_call_twice_reads_the_same(cls: Any) -> None:
    adapter = built(cls)

    for callback, incoming in readable(cls):
        assert adapter.read(callback) == incoming


@over(CALLED)
@pytest.mark.parametrize("body", RUBBISH.values(), ids=RUBBISH.keys())
def test_rubbish_is_refused_in_the_callers_own_words(cls: Any, body: bytes) -> None:
    adapter = built(cls)

    for callback in recorded_calls(cls):
        rubbish = dataclasses.replace(callback, body=body)
        with pytest.raises(Rejected) as refused:
            adapter.read(rubbish)
        assert is_polite(answer_to_refused(adapter, rubbish, refused.value))


@over(CALLED)
def test_a_call_cut_anywhere_is_read_or_refused_and_nothing_else(cls: Any) -> None:
    adapter = built(cls)

    for callback in recorded_calls(cls):
        for length in range(0, len(callback.body), 7):
            cut = dataclasses.replace(callback, body=callback.body[:length])
            assert is_read_or_refused(adapter, cut)


@over(CALLED)
def test_odd_headers_are_read_or_refused_and_nothing_else(cls: Any) -> None:
    adapter = built(cls)

    for callback in recorded_calls(cls):
        for odd in ("", "é\x00", "Bearer " + "x" * 10_000):
            headers = dict.fromkeys([*callback.headers, "authorization"], odd)
            strange = dataclasses.replace(callback, headers=headers, remote_ip="nowhere")
            assert is_read_or_refused(adapter, strange)


@over(OPERATORS)
def test_an_operator_says_whether_a_refusal_returns_the_money(cls: type[PaymentProvider]) -> None:
    assert isinstance(cls.refusal_returns_money, bool)
    assert isinstance(cls.keeps_validation, bool)


@over(OPERATORS)
@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_an_answer_that_can_be_parsed(
    cls: type[PaymentProvider], verdict: Verdict
) -> None:
    adapter = built(cls)
    outcome = Outcome(
        verdict,
        message='Meter <4> & "more" – não',
        our_id="MPM1",
        amount=Decimal("5000.00"),
        receipt="R<1>&",
        completed_at=dt.datetime(2025, 7, 1, 10, tzinfo=dt.UTC),
    )

    for _, incoming in readable(cls):
        answer = adapter.answer(incoming, outcome)
        assert is_answer(answer)
        _parse(answer)


def _parse(answer: Answer) -> None:
    if answer.body and "json" in answer.content_type:
        json.loads(answer.body)
    elif answer.body and "xml" in answer.content_type:
        ElementTree.fromstring(answer.body)


# --- SMS gateways --------------------------------------------------------------------------------

GATEWAYS = registry.of_kind(Kind.SMS)
MESSAGE = OutgoingSms(reference="01JZ2M8Q5V", phone="+255754123456", text="12.5 kWh: 2276 8092")


def sends_over_http(cls: type[Plugin]) -> bool:
    return (home(cls) / "exchanges" / "send_ok.json").exists()


@over(cls for cls in GATEWAYS if sends_over_http(cls))
def test_a_message_without_an_answer_is_in_doubt_and_not_repeated(cls: type[SmsGateway]) -> None:
    with silence_everywhere() as sent, pytest.raises(OutcomeUnknown):
        built(cls).send(MESSAGE)

    assert len(sent.calls) <= 1


@over(cls for cls in GATEWAYS if sends_over_http(cls))
@pytest.mark.parametrize(
    "answer",
    [{"status": 200, "body": "<html>"}, {"status": 200, "json": {}}, {"status": 302}],
    ids=["page", "nothing", "redirect"],
)
def test_an_unclear_answer_to_a_message_is_doubt(
    cls: type[SmsGateway], answer: dict[str, Any]
) -> None:
    with everywhere(**answer), pytest.raises(OutcomeUnknown):
        built(cls).send(MESSAGE)


@over(cls for cls in GATEWAYS if not sends_over_http(cls))
def test_a_gateway_without_a_vendor_takes_the_message_and_calls_nobody(
    cls: type[SmsGateway],
) -> None:
    with silence_everywhere() as sent:
        taken = built(cls).send(MESSAGE)

    assert isinstance(taken, SentSms)
    assert taken.gateway_id
    assert len(sent.calls) == 0


@over(cls for cls in GATEWAYS if cls.actions)
def test_what_a_gateway_reports_is_read_as_declared(cls: type[SmsGateway]) -> None:
    kinds = {type(incoming) for _, incoming in readable(cls)}

    assert (DeliveryReport in kinds) == (Capability.DELIVERY_REPORT in cls.capabilities)
    assert (IncomingSms in kinds) == (Capability.INCOMING_SMS in cls.capabilities)


@over(cls for cls in GATEWAYS if cls.actions)
def test_every_report_is_acknowledged(cls: type[SmsGateway]) -> None:
    for callback in recorded_calls(cls):
        assert is_polite(built(cls).acknowledge(callback))
