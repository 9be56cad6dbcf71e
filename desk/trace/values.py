"""What a trace is made of."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from common.badges import Badge, Tone


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened at a station, with its moment."""

    at: dt.datetime
    text: str


@dataclass(frozen=True, slots=True)
class Raw:
    """What went over the wire, secrets blanked."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Bubble:
    """One SMS as its reader got it."""

    text: str
    language: str
    steps: tuple[Step, ...]


@dataclass(slots=True)
class Station:
    """One part of a payment's life. ``aside`` stands where the time would: what it waits for."""

    key: str
    tone: Tone
    icon: str
    title: str
    at: dt.datetime | None = None
    aside: str = ""
    badge: Badge | None = None
    texts: list[str] = field(default_factory=list)
    bubbles: list[Bubble] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    raws: list[Raw] = field(default_factory=list)
    entries: list["BookEntry"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BookEntry:
    """One line of the books: debit positive, credit negative."""

    at: dt.datetime
    event: str
    account: str
    amount: Decimal
    posting: UUID


@dataclass(frozen=True, slots=True)
class SplitPart:
    """What a part of the money paid for; ``x`` and ``width`` are its place in a bar of 1000."""

    tone: str  # p1 … p4
    label: str
    note: str
    amount: Decimal
    x: int = 0
    width: int = 0


@dataclass(frozen=True, slots=True)
class Split:
    parts: tuple[SplitPart, ...]
    total: Decimal


@dataclass(frozen=True, slots=True)
class Code:
    """A token as a person reads it out."""

    text: str
    caption: str
    key: str


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done now. ``is_post`` sends a form, else a page opens that asks first."""

    label: str
    url: str
    permission: str
    icon: str = ""
    is_post: bool = False
    is_main: bool = False


@dataclass(slots=True)
class Outcome:
    """What became of it in plain words, the codes, and what can be done now."""

    tone: Tone
    lead: str
    text: str
    codes: list[Code] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A purchase that the manufacturer remembers and that may be the one in doubt."""

    token: str
    shown: str
    quantity: str
    when: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """What to look up in the manufacturer's portal, what is known, and from when a new order is safe."""

    order_id: str
    maker: str
    serial: str
    quantity: str
    since: dt.datetime
    until: dt.datetime
    is_over: bool
    has_money: bool
    told: str
    evidence: tuple[Fact, ...]
    raws: tuple[Raw, ...]
    candidates: tuple[Candidate, ...]


@dataclass(slots=True)
class Trace:
    title: str
    subtitle: str
    at: dt.datetime
    outcome: Outcome
    stations: list[Station]
    facts: list[Fact]
    split: Split | None = None
    doubt: Doubt | None = None
    notes: list[Outcome] = field(default_factory=list)  # what else is open, such as a conflict
    more: list[Action] = field(default_factory=list)  # what is rarely done, beside the facts
