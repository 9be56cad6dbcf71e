"""A statement's lines beside our payments. Pure: each line and each payment gets exactly one verdict.

Payments are found by the operator's reference, or by the receipt, whatever their time; the time only decides of
which payments a statement should have known.
"""

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from payments.statements.reading import Line, Sort
from payments.statements.values import key_of

# A call may come late, so what was booked just after the beginning may have been paid before it.
START_MARGIN = dt.timedelta(minutes=15)
END_MARGIN = dt.timedelta(minutes=2)
CLOCK_STEP = 15  # minutes: what time zones differ by
SAME_CLOCK = dt.timedelta(minutes=20)
MIN_PAIRS = 3
NEAR_WITH_TIME = dt.timedelta(hours=1)
NEAR_WITHOUT_TIME = dt.timedelta(hours=26)
ZERO = Decimal(0)


class Verdict(StrEnum):
    BOTH = "both"
    OPERATOR = "operator"
    HERE = "here"
    DIFFERS = "differs"
    STANDS = "stands"  # we gave it back, the operator has it
    REVERSED = "reversed"  # the operator took it back, we have it
    TWICE = "twice"
    UNREADABLE = "unreadable"
    UNDONE = "undone"  # paid and taken back, in agreement
    OTHER = "other"


class Standing(StrEnum):
    """What a payment is in our books."""

    COUNTED = "counted"
    ASKED = "asked"  # validated, the money never reported
    GIVEN_BACK = "given_back"
    REVERSED = "reversed"
    REFUNDED = "refunded"  # sent back by the operator on our word


@dataclass(frozen=True, slots=True)
class Ours:
    """A payment as it is compared; ``at`` is when it was paid or, where nobody said so, booked."""

    id: int
    reference: str
    receipt: str
    amount: Decimal
    at: dt.datetime
    standing: Standing = Standing.COUNTED


@dataclass(frozen=True, slots=True)
class Span:
    """A time from its first to its last moment."""

    first: dt.datetime
    last: dt.datetime


@dataclass(frozen=True, slots=True)
class Found:
    """The verdict on one line (by its place), or on one payment without a line."""

    verdict: Verdict
    line: int | None
    payment: int | None = None
    ours: Decimal = ZERO


@dataclass(slots=True)
class Matched:
    """Everything found.

    Payments that need no line are ``outside``, at the edges, or ``quiet``: of another time, or given back.
    """

    found: list[Found] = field(default_factory=list)
    outside: list[int] = field(default_factory=list)
    quiet: list[int] = field(default_factory=list)
    span: Span | None = None
    shift_minutes: int = 0
    has_times: bool = True


def match(
    lines: Sequence[Line],
    payments: Iterable[Ours],
    *,
    stated: Span | None = None,
    read_at: dt.datetime | None = None,
) -> Matched:
    """Give each line and each payment its verdict.

    :param stated: what the statement covers, where a person said so; else from its first to its last line
    :param read_at: when the file was handed over: it knows nothing of later payments
    """
    return _Match(lines, list(payments)).run(stated, read_at)


class _Match:
    def __init__(self, lines: Sequence[Line], payments: list[Ours]) -> None:
        self.lines, self.payments = lines, payments
        self.result = Matched()
        self.placed: set[int] = set()
        self.by_key: dict[str, Ours] = {}
        for ours in payments:  # a reference is worth more than a receipt
            self.by_key.setdefault(key_of(ours.reference), ours)
        for ours in payments:
            if ours.receipt:
                self.by_key.setdefault(key_of(ours.receipt), ours)

    def run(self, stated: Span | None, read_at: dt.datetime | None) -> Matched:
        for places in self._groups():
            self._judge(places)
        result = self.result
        result.has_times = any(line.has_time for line in self.lines)
        result.shift_minutes = self._shift() if result.has_times else 0
        result.span = stated or self._span()
        if result.span and read_at:
            result.span = self._not_after(result.span, read_at)
        self._judge_unreadable()
        self._judge_the_rest()
        return result

    # --- lines --------------------------------------------------------------------------------------------

    def _groups(self) -> Iterable[list[int]]:
        """Places of the lines that speak of one payment; rows that do not count get their verdict at once."""
        groups: dict[str | int, list[int]] = defaultdict(list)
        for place, line in enumerate(self.lines):
            if line.sort in (Sort.PAYMENT, Sort.TAKEN_BACK):
                ours = self._ours(line)
                groups[ours.id if ours else key_of(line.reference)].append(place)
            elif line.sort is Sort.OTHER:
                self._say(Verdict.OTHER, place)
        return groups.values()

    def _ours(self, line: Line) -> Ours | None:
        found = self.by_key.get(key_of(line.reference))
        return found or (self.by_key.get(key_of(line.receipt)) if line.receipt else None)

    def _judge(self, places: list[int]) -> None:
        came = [place for place in places if self._amount(place) > 0]
        back = [place for place in places if self._amount(place) < 0]
        ours = self._ours(self.lines[places[0]])
        if ours is not None:
            self.placed.add(ours.id)
        if ours is None or ours.standing is Standing.ASKED:
            self._never_counted(ours, came, back)
        elif ours.standing is Standing.COUNTED or (ours.standing is Standing.REFUNDED and not back):
            self._counted(ours, came, back)
        else:
            self._undone_here(ours, came, back)

    def _never_counted(self, ours: Ours | None, came: list[int], back: list[int]) -> None:
        payment = ours.id if ours else None
        for place in back:
            pair = next((c for c in came if self._amount(c) == -self._amount(place)), None)
            if pair is None:
                self._say(Verdict.REVERSED, place, payment)
                continue
            came.remove(pair)
            self._say(Verdict.UNDONE, pair, payment)
            self._say(Verdict.UNDONE, place, payment)
        for count, place in enumerate(came):
            self._say(Verdict.TWICE if count else Verdict.OPERATOR, place, payment)

    def _counted(self, ours: Ours, came: list[int], back: list[int]) -> None:
        if came:
            self._say_counted(ours, self._best(ours, came))
        for place in came:
            self._say(Verdict.TWICE, place, ours.id)
        for place in back:
            self._say(Verdict.REVERSED, place, ours.id)

    def _say_counted(self, ours: Ours, place: int) -> None:
        is_same = self._amount(place) == ours.amount
        self._say(Verdict.BOTH if is_same else Verdict.DIFFERS, place, ours.id, ours.amount)

    def _undone_here(self, ours: Ours, came: list[int], back: list[int]) -> None:
        """A payment that we gave back, reversed or refunded: the operator should have taken it back too."""
        verdict = Verdict.UNDONE if back else Verdict.STANDS
        if came:
            self._say(verdict, self._best(ours, came), ours.id)
        for place in came:
            self._say(Verdict.TWICE, place, ours.id)
        for place in back[:1]:
            self._say(Verdict.UNDONE, place, ours.id)
        for place in back[1:]:
            self._say(Verdict.REVERSED, place, ours.id)

    def _best(self, ours: Ours, came: list[int]) -> int:
        """Take out the line that speaks of this payment: one of its amount, or the first."""
        best = next((place for place in came if self._amount(place) == ours.amount), came[0])
        came.remove(best)
        return best

    def _amount(self, place: int) -> Decimal:
        return self.lines[place].amount or ZERO

    def _say(
        self, verdict: Verdict, place: int | None, payment: int | None = None, ours: Decimal = ZERO
    ) -> None:
        self.result.found.append(Found(verdict, place, payment, ours))

    # --- the time it covers -------------------------------------------------------------------------------

    def _pairs(self) -> list[tuple[Line, Ours]]:
        by_id = {ours.id: ours for ours in self.payments}
        return [
            (self.lines[each.line], by_id[each.payment])
            for each in self.result.found
            if each.verdict is Verdict.BOTH and each.line is not None and each.payment is not None
        ]

    def _shift(self) -> int:
        """How many minutes our clock is ahead of the operator's, where most pairs say the same."""
        gaps = [
            (ours.at - line.at).total_seconds() / 60
            for line, ours in self._pairs()
            if line.at and line.has_time
        ]
        if len(gaps) < MIN_PAIRS:
            return 0
        middle = statistics.median(gaps)
        shift = round(middle / CLOCK_STEP) * CLOCK_STEP
        near = sum(abs(gap - shift) * 60 <= SAME_CLOCK.total_seconds() for gap in gaps)
        return shift if near * 2 > len(gaps) and abs(shift) <= 15 * 60 else 0

    def _span(self) -> Span | None:
        moments = [line.at for line in self.lines if line.at]
        if not moments:
            return None
        shift = dt.timedelta(minutes=self.result.shift_minutes)
        whole_day = dt.timedelta() if self.result.has_times else dt.timedelta(days=1)
        return Span(min(moments) + shift, max(moments) + shift + whole_day)

    def _not_after(self, span: Span, read_at: dt.datetime) -> Span:
        """End where the file can know of payments: a day that was not over ends with the last that is in both."""
        if span.last <= read_at:
            return span
        last = max((ours.at for _line, ours in self._pairs() if ours.at <= read_at), default=None)
        return Span(span.first, max(span.first, last or span.first))

    # --- payments without a line --------------------------------------------------------------------------

    def _judge_unreadable(self) -> None:
        """A row whose reference is lost is no missing payment: what it may be is set beside it, not raised."""
        free = [ours for ours in self.payments if ours.id not in self.placed]
        by_amount: dict[Decimal, list[Ours]] = defaultdict(list)
        for ours in free:
            if ours.standing is Standing.COUNTED:
                by_amount[ours.amount].append(ours)
        for place, line in enumerate(self.lines):
            if line.sort is Sort.UNREADABLE:
                likely = self._likely(line, by_amount.get(line.amount or ZERO, []))
                payment, amount = (likely.id, likely.amount) if likely else (None, ZERO)
                self._say(Verdict.UNREADABLE, place, payment, amount)

    def _likely(self, line: Line, candidates: list[Ours]) -> Ours | None:
        if line.at is None:
            return None
        at = line.at + dt.timedelta(minutes=self.result.shift_minutes)
        near = NEAR_WITH_TIME if line.has_time else NEAR_WITHOUT_TIME
        best = min(candidates, key=lambda ours: abs(ours.at - at), default=None)
        if best is None or abs(best.at - at) > near:
            return None
        candidates.remove(best)
        self.placed.add(best.id)
        return best

    def _judge_the_rest(self) -> None:
        for ours in self.payments:
            if ours.id in self.placed:
                continue
            if ours.standing not in (Standing.COUNTED, Standing.REFUNDED):
                self.result.quiet.append(ours.id)
            elif self._should_be_known(ours):
                self._say(Verdict.HERE, None, ours.id, ours.amount)
            elif self._is_at_the_edge(ours):
                self.result.outside.append(ours.id)
            else:
                self.result.quiet.append(ours.id)

    def _should_be_known(self, ours: Ours) -> bool:
        span = self.result.span
        return span is not None and span.first + START_MARGIN <= ours.at <= span.last - END_MARGIN

    def _is_at_the_edge(self, ours: Ours) -> bool:
        span = self.result.span
        return span is not None and span.first - START_MARGIN <= ours.at <= span.last + START_MARGIN
