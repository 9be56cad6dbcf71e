"""What is due when on a plan, as pure functions: no ORM, no clock, no settings."""

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from common.errors import DomainError
from common.words import _

MAX_INSTALMENTS = 1000
DOWN_PAYMENT = 0  # its number; instalments count from 1
PERIOD = re.compile(r"([1-9][0-9]{0,3})([dwm])")
LAST_YEAR = 2200


class NotAPeriod(DomainError):
    message = _("“%(value)s” is not a period. Write 30d for days, 2w for weeks or 1m for months.")


class DownPaymentAbovePrice(DomainError):
    message = _("The down payment of %(down_payment)s is more than the price of %(price)s.")


class PriceNotPositive(DomainError):
    message = _("The price must be more than 0, the down payment not less.")


class WrongNumberOfInstalments(DomainError):
    message = _("Take 1 to %(most)s instalments; 0 only when the down payment is the whole price.")


class InstalmentTooSmall(DomainError):
    message = _("%(financed)s cannot be split into %(count)s instalments: each would be nothing.")


class PlanTooLong(DomainError):
    message = _("A plan cannot run beyond the year %(year)s.")


@dataclass(frozen=True, slots=True)
class Period:
    """So many days, or so many months of the calendar."""

    count: int
    is_months: bool = False

    def after(self, start: dt.date, times: int) -> dt.date:
        """Return the day so many periods after ``start``; a month that is too short ends on its last day."""
        if not self.is_months:
            return start + dt.timedelta(days=self.count * times)
        months = start.month - 1 + self.count * times
        year, month = start.year + months // 12, months % 12 + 1
        return dt.date(year, month, min(start.day, calendar.monthrange(year, month)[1]))


@dataclass(frozen=True, slots=True)
class Due:
    """One part of the price, due on a day; paid in full it earns ``days`` of use."""

    number: int
    due_date: dt.date
    cost: Decimal
    days: int


def parse_period(text: str) -> Period:
    """Read ``30d``, ``2w`` or ``1m``.

    :raises NotAPeriod: anything else
    """
    found = PERIOD.fullmatch(text.strip())
    if found is None:
        raise NotAPeriod(value=text[:20])
    count, unit = int(found[1]), found[2]
    return Period(count * (7 if unit == "w" else 1), is_months=unit == "m")


def schedule(
    *,
    price: Decimal,
    down_payment: Decimal,
    count: int,
    every: Period,
    first_due: dt.date,
    sold_on: dt.date,
    quantum: Decimal,
) -> list[Due]:
    """Split a price into what is due when. The parts add up to it exactly; the last takes the rest.

    A down payment is number 0: due on the day of the sale (never after the first instalment) and paid like
    any other part, but it earns no days, so that it alone does not switch a device on. An instalment earns as
    many days as there are from its due date to the next.

    :param quantum: the smallest amount of the currency; all instalments but the last are multiples of it
    :raises DomainError: the numbers make no plan
    """
    _check(price, down_payment, count)
    parts = []
    if down_payment:
        parts.append(Due(DOWN_PAYMENT, min(sold_on, first_due), down_payment, 0))
    financed = price - down_payment
    if not count:
        return parts
    even = (financed / count).quantize(quantum, ROUND_FLOOR)
    if even <= 0:
        raise InstalmentTooSmall(financed=financed, count=count)
    days = _due_dates(first_due, every, count + 1)
    for number in range(1, count + 1):
        cost = even if number < count else financed - even * (count - 1)
        due, following = days[number - 1], days[number]
        parts.append(Due(number, due, cost, (following - due).days))
    return parts


def _check(price: Decimal, down_payment: Decimal, count: int) -> None:
    if price <= 0 or down_payment < 0:
        raise PriceNotPositive
    if down_payment > price:
        raise DownPaymentAbovePrice(down_payment=down_payment, price=price)
    if not 0 <= count <= MAX_INSTALMENTS or (count == 0) != (down_payment == price):
        raise WrongNumberOfInstalments(most=MAX_INSTALMENTS)


def _due_dates(first: dt.date, every: Period, count: int) -> list[dt.date]:
    try:
        days = [every.after(first, times) for times in range(count)]
    except (OverflowError, ValueError):
        raise PlanTooLong(year=LAST_YEAR) from None
    if days[-1].year > LAST_YEAR:
        raise PlanTooLong(year=LAST_YEAR)
    return days
