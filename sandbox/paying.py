"""What the three operators have in common: a payment, a verdict, and how to tell the product."""

import secrets
import string
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from sandbox.addresses import Account
from sandbox.wire import Message, Said

_CAPITALS = string.ascii_uppercase + string.digits


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that a customer sends: `reference` is the operator's own number for it."""

    operator: str
    reference: str
    phone: str
    name: str
    device: str
    amount: str
    paid_at: datetime
    # What the product told us at validation and wants to hear again.
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the product's answer means to the operator; None: we cannot tell."""

    is_yes: bool | None
    reason: str
    told: Mapping[str, str] = field(default_factory=dict)


class Operator(ABC):
    """One mobile-money operator, seen from its own side."""

    slug: ClassVar[str]
    label: ClassVar[str]
    sender: ClassVar[str]
    # The names of the steps; an operator that does not ask first has no check.
    check_step: ClassVar[str]
    money_step: ClassVar[str]
    enquiry_step: ClassVar[str]

    @abstractmethod
    def new_reference(self, now: datetime) -> str:
        """Return a number that this operator would give to a payment."""

    @abstractmethod
    def message(self, step: str, payment: Payment, account: Account, *, spoil: str = "") -> Message:
        """Write one request; `spoil` is wrong_key or expired when it shall not be authentic."""

    @abstractmethod
    def verdict(self, said: Said) -> Verdict:
        """Read the product's answer."""


def no_answer(said: Said) -> Verdict | None:
    """Return the verdict on silence and on HTTP trouble, None when there is an answer."""
    if not said.status:
        return Verdict(None, f"no answer ({said.error})")
    if said.status >= 500 or 300 <= said.status < 400:
        return Verdict(None, f"HTTP {said.status}")
    return None


def capitals(length: int) -> str:
    """Return random capital letters and digits, as on a receipt."""
    return "".join(secrets.choice(_CAPITALS) for _ in range(length))


def read_xml(text: str) -> Element | None:
    """Return the root of an XML document without namespaces, None when it is none."""
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root
