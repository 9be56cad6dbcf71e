"""What a payment pays for: the split, as a pure function.

Old debts first, then the paid device, down to what the manufacturer can issue; the rest stays as credit. Nothing
is rounded away, nothing is negative, the parts add up to the amount. No ORM, no clock, no settings: everything
the rules need is in the arguments.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from common.money import round_down, round_up

ZERO = Decimal(0)


class Part(StrEnum):
    """The parts of a payment, in the order in which pages show them."""

    INSTALMENT = "instalment"
    ACCESS_FEE = "access_fee"
    ENERGY = "energy"
    DAYS = "days"
    DEVICE_CREDIT = "device_credit"
    CUSTOMER_CREDIT = "customer_credit"


@dataclass(frozen=True, slots=True)
class Instalment:
    """One instalment with what it cost, what is paid, and the days it earns in full."""

    id: int
    plan_id: int
    number: int
    due_date: dt.date
    cost: Decimal
    paid: Decimal
    days: int = 0
    label: str = ""

    @property
    def open(self) -> Decimal:
        return self.cost - self.paid


@dataclass(frozen=True, slots=True)
class Fee:
    """One access fee that has fallen due."""

    id: int
    due_date: dt.date
    open: Decimal


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of this month's first energy at a lower price per kWh."""

    left: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class Energy:
    """A meter: price per kWh with VAT at this hour, and the smallest quantity its maker issues.

    ``band`` names the hours that the price is from. An allowance that is not cheaper is not touched.
    """

    price: Decimal
    resolution: Decimal
    band: str = ""
    allowance: Allowance | None = None

    @property
    def cheap(self) -> Allowance | None:
        """The allowance, where it makes this purchase cheaper."""
        found = self.allowance
        return found if found and found.left > 0 and found.price < self.price else None


@dataclass(frozen=True, slots=True)
class Block:
    """So much energy at one price; ``amount`` is its part of the cost."""

    kwh: Decimal
    price: Decimal
    amount: Decimal
    band: str = ""
    is_allowance: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """Energy as a service: price per whole day with VAT."""

    price: Decimal


@dataclass(frozen=True, slots=True)
class PlanDays:
    """A kit on a plan: paying it earns days; a plan that is fully paid frees the kit."""

    instalments: Sequence[Instalment]  # all of the plan, in their order
    days_ordered: int  # issued, due, requested and in doubt
    days_carried: int = 0  # unissued days from before a reschedule
    can_unlock: bool = False
    resolution: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Nothing:
    """A device that nothing can be bought for: the money waits as credit."""

    is_paid_off: bool = False  # its plan is paid: money belongs to the customer


Target = Energy | Service | PlanDays | Nothing


@dataclass(frozen=True, slots=True)
class Terms:
    """The company's rules: its currency, and how much of a payment may go to old debts, in which order."""

    currency: str
    share_percent: int = 100
    fees_first: bool = False


@dataclass(frozen=True, slots=True)
class Paid:
    """So much to one instalment or fee."""

    id: int
    amount: Decimal
    plan_id: int | None = None
    label: str = ""
    number: int = 0
    due_date: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """How one payment is spent.

    ``device_credit`` is the change of the device's credit: negative when earlier credit is spent too.
    ``quantity`` is in kWh or days; ``cost`` is what it takes from the money (nothing for days of a plan, whose
    money is on the instalments). ``price`` is that of the hour; ``blocks`` are what the energy consists of, the
    cheapest first.
    """

    amount: Decimal
    instalments: tuple[Paid, ...] = ()  # old debts of plans without a device
    fees: tuple[Paid, ...] = ()
    plan: tuple[Paid, ...] = ()  # the paid device's own plan
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    price: Decimal | None = None
    blocks: tuple[Block, ...] = ()
    is_service: bool = False
    unlock: bool = False
    is_plan_paid: bool = False
    device_credit: Decimal = ZERO
    customer_credit: Decimal = ZERO

    @property
    def allowance_kwh(self) -> Decimal:
        """The part of ``quantity`` that uses the month's allowance."""
        return sum((block.kwh for block in self.blocks if block.is_allowance), ZERO)

    @property
    def debts_paid(self) -> Decimal:
        return _total(self.instalments) + _total(self.fees)

    @property
    def parts_total(self) -> Decimal:
        """The sum of all parts; equal to ``amount``."""
        spent = self.debts_paid + _total(self.plan) + self.cost
        return spent + self.device_credit + self.customer_credit


def split_payment(
    *,
    amount: Decimal,
    device_credit: Decimal,
    debts: Iterable[Instalment],
    fees: Iterable[Fee],
    target: Target,
    terms: Terms,
) -> Split:
    """Split one payment.

    :param amount: what was paid, on the currency's grid; 0 issues from credit alone
    :param device_credit: credit that the paid device holds
    :param debts: due instalments of the customer's plans without a device
    :param fees: due access fees of the paid device
    """
    share = round_down(amount * terms.share_percent / 100, terms.currency)
    by_age = sorted(debts, key=lambda d: (d.due_date, d.plan_id, d.number))
    paid_instalments: tuple[Paid, ...] = ()
    if not terms.fees_first:
        paid_instalments = _clear(share, by_age)
    paid_fees = _clear_fees(share - _total(paid_instalments), fees)
    if terms.fees_first:
        paid_instalments = _clear(share - _total(paid_fees), by_age)
    rest = amount + device_credit - _total(paid_instalments) - _total(paid_fees)
    bought = _buy(rest, target, terms.currency)
    kept = rest - bought.cost - _total(bought.plan) - bought.customer_credit
    return Split(
        amount=amount,
        instalments=paid_instalments,
        fees=paid_fees,
        plan=bought.plan,
        quantity=bought.quantity,
        cost=bought.cost,
        price=bought.price,
        blocks=bought.blocks,
        is_service=bought.is_service,
        unlock=bought.unlock,
        is_plan_paid=bought.is_plan_paid,
        device_credit=kept - device_credit,
        customer_credit=bought.customer_credit,
    )


def days_earned(instalments: Iterable[Instalment]) -> int:
    """Return floor(Σ paid × days ÷ cost), computed exactly."""
    earned = sum(
        (Fraction(each.paid) * each.days / Fraction(each.cost) for each in instalments), Fraction(0)
    )
    return int(earned // 1)


@dataclass(frozen=True, slots=True)
class _Bought:
    """What the rest buys on the paid device."""

    plan: tuple[Paid, ...] = ()
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    price: Decimal | None = None
    blocks: tuple[Block, ...] = ()
    is_service: bool = False
    unlock: bool = False
    is_plan_paid: bool = False
    customer_credit: Decimal = ZERO


def _buy(rest: Decimal, target: Target, currency: str) -> _Bought:
    match target:
        case Energy():
            return _buy_energy(rest, target, currency)
        case Service():
            return _buy_units(rest, target.price, Decimal(1), currency, is_service=True)
        case PlanDays():
            return _pay_plan(rest, target)
        case Nothing(is_paid_off=True):
            return _Bought(customer_credit=rest)
        case Nothing():
            return _Bought()


def _buy_units(
    rest: Decimal, price: Decimal, resolution: Decimal, currency: str, *, is_service: bool = False
) -> _Bought:
    steps = (Fraction(rest) / Fraction(price) / Fraction(resolution)) // 1
    quantity = int(steps) * resolution
    # ``rest`` is on the currency's grid and quantity × price is not above it, so rounding up stays within.
    cost = round_up(quantity * price, currency)
    return _Bought(quantity=quantity, cost=cost, price=price, is_service=is_service)


def _buy_energy(rest: Decimal, target: Energy, currency: str) -> _Bought:
    """Buy energy: what is left of the allowance first, the rest at the price of the hour."""
    cheap = target.cheap
    if cheap is None:
        bought = _buy_units(rest, target.price, target.resolution, currency)
        block = Block(bought.quantity, target.price, bought.cost, target.band)
        return replace(bought, blocks=(block,) if bought.quantity else ())
    quantity = _kwh_for(rest, target, cheap)
    in_allowance = min(quantity, cheap.left)
    beyond = quantity - in_allowance
    # As above: what the energy costs exactly is not above ``rest``, which is on the grid.
    cost = round_up(in_allowance * cheap.price + beyond * target.price, currency)
    part = round_down(in_allowance * cheap.price, currency) if beyond else cost
    blocks = (
        Block(in_allowance, cheap.price, part, is_allowance=True),
        Block(beyond, target.price, cost - part, target.band),
    )
    bought_blocks = tuple(block for block in blocks if block.kwh)
    return _Bought(quantity=quantity, cost=cost, price=target.price, blocks=bought_blocks)


def _kwh_for(rest: Decimal, target: Energy, cheap: Allowance) -> Decimal:
    """Return the most energy, in whole steps of the maker, that costs at most ``rest``."""
    all_cheap = Fraction(cheap.left) * Fraction(cheap.price)
    if rest <= all_cheap:
        exact = Fraction(rest) / Fraction(cheap.price)
    else:
        exact = Fraction(cheap.left) + (Fraction(rest) - all_cheap) / Fraction(target.price)
    return int(exact / Fraction(target.resolution) // 1) * target.resolution


def _pay_plan(rest: Decimal, target: PlanDays) -> _Bought:
    in_order = sorted(target.instalments, key=lambda each: (each.due_date, each.number))
    paid = _clear(rest, in_order)
    by_id = {each.id: each.amount for each in paid}
    after = [replace(each, paid=each.paid + by_id.get(each.id, ZERO)) for each in in_order]
    is_plan_paid = all(not each.open for each in after)
    if is_plan_paid and target.can_unlock:
        beyond = rest - _total(paid)
        return _Bought(plan=paid, unlock=True, is_plan_paid=True, customer_credit=beyond)
    earned = days_earned(after) + target.days_carried
    days = Decimal(max(earned - target.days_ordered, 0))
    return _Bought(
        plan=paid,
        quantity=days // target.resolution * target.resolution,
        is_plan_paid=is_plan_paid,
        customer_credit=rest - _total(paid) if is_plan_paid else ZERO,
    )


def _clear(money: Decimal, instalments: Iterable[Instalment]) -> tuple[Paid, ...]:
    paid = []
    for each in instalments:
        part = min(money, each.open)
        if part > 0:
            paid.append(Paid(each.id, part, each.plan_id, each.label, each.number, each.due_date))
            money -= part
    return tuple(paid)


def _clear_fees(money: Decimal, fees: Iterable[Fee]) -> tuple[Paid, ...]:
    paid = []
    for each in sorted(fees, key=lambda fee: fee.due_date):
        part = min(money, each.open)
        if part > 0:
            paid.append(Paid(each.id, part, due_date=each.due_date))
            money -= part
    return tuple(paid)


def _total(paid: Iterable[Paid]) -> Decimal:
    return sum((each.amount for each in paid), ZERO)
