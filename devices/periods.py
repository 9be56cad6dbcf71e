"""When access fees fall due, as pure functions: no ORM, no clock, no settings.

A fee falls due on the first midnight at which the running period is as long as the tariff of that day says.
A period begins on the day the device was given to its customer, on the day the last one ended, or on the day
from which the tariff asks a fee at all, whichever is latest. So the result for a day depends on that day and
on where the running period began, and looking daily or once a year gives the same.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class FeeTerms:
    """What a tariff asks from a day on, until the next terms. No fee or no days: nothing falls due.

    ``goes_on``: the period that runs on this day is not begun anew.
    """

    from_day: dt.date
    fee: Decimal
    days: int
    vat_percent: Decimal = Decimal(0)
    goes_on: bool = False

    @property
    def asks_fee(self) -> bool:
        return self.fee > 0 and self.days > 0


@dataclass(frozen=True, slots=True)
class PeriodEnd:
    """A midnight at which a period is over, with the terms of that day."""

    day: dt.date
    terms: FeeTerms


@dataclass(frozen=True, slots=True)
class KnownFee:
    """A fee made earlier; ``paid`` is what has been paid of it by now."""

    due_date: dt.date
    amount: Decimal
    paid: Decimal


@dataclass(frozen=True, slots=True)
class FeePaid:
    """Money that cleared access fees of the device, on a day in the company's time zone."""

    day: dt.date
    amount: Decimal


def period_ends(
    *, began: dt.date, until: dt.date, terms: Sequence[FeeTerms]
) -> Iterator[PeriodEnd]:
    """Yield all ends of periods after ``began`` up to and with ``until``. ``terms`` are oldest first."""
    for number, current in enumerate(terms):
        is_last = number + 1 == len(terms)
        after = dt.date.max if is_last else terms[number + 1].from_day
        previous = terms[number - 1] if number else None
        if not current.goes_on and (previous is None or not previous.asks_fee):
            began = max(began, current.from_day)
        if not current.asks_fee or current.from_day > until:
            continue
        due = max(began + dt.timedelta(days=current.days), current.from_day)
        while due < after and due <= until:
            yield PeriodEnd(due, current)
            began, due = due, due + dt.timedelta(days=current.days)


def terms_from(day: dt.date | None, terms: Sequence[FeeTerms]) -> list[FeeTerms]:
    """Return the terms as a device has them that came to its tariff later: none of before, and its period goes on.

    :param day: the first day that counts; None: all do
    :param terms: oldest first
    """
    if day is None:
        return list(terms)
    before = [each for each in terms if each.from_day <= day]
    first = [replace(before[-1], from_day=day, goes_on=True)] if before else []
    return first + [each for each in terms if each.from_day > day]


def fees_to_make(
    ends: Sequence[PeriodEnd],
    *,
    fees: Sequence[KnownFee],
    payments: Sequence[FeePaid],
    limit: int,
) -> list[PeriodEnd]:
    """Return those ends that become a fee: all but those at which ``limit`` fees were unpaid.

    What was unpaid is judged as of each midnight, not as of now, so that a late look decides as a timely one.

    :param payments: all that cleared fees on or after the first of ``ends``
    """
    made: list[PeriodEnd] = []
    amounts = [each.amount for each in sorted(fees, key=lambda fee: fee.due_date)]
    paid_now = sum((each.paid for each in fees), Decimal(0))
    for end in ends:
        paid_later = sum((each.amount for each in payments if each.day >= end.day), Decimal(0))
        owed = amounts + [each.terms.fee for each in made]
        if _unpaid(owed, paid_now - paid_later) < limit:
            made.append(end)
    return made


def _unpaid(owed: Sequence[Decimal], paid: Decimal) -> int:
    """Count what ``paid`` leaves unpaid when it clears the oldest first."""
    count = 0
    for amount in owed:
        paid -= amount
        count += paid < 0
    return count
