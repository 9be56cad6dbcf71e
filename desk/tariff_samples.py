"""What a purchase would get at given prices: the split itself, tried on prices that need not be stored yet."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from common.money import MAX_AMOUNT, round_down, vat_within
from devices.prices import Prices
from devices.pricing import band_at, price_of
from payments.allocation import Allowance, Block, Energy, Nothing, Service, Target, Terms
from payments.allocation import split_payment as split

ZERO = Decimal(0)
STEP = Decimal("0.1")  # what most makers of meters issue


@dataclass(frozen=True, slots=True)
class Sample:
    """An amount paid at a moment on the company's clock, after so many kWh of the month's allowance."""

    amount: Decimal
    local: dt.datetime
    used: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Tried:
    """What a sample gets: kWh or days for a cost, block by block, and what stays as credit."""

    quantity: Decimal
    unit: str
    cost: Decimal
    vat: Decimal
    kept: Decimal
    blocks: Sequence[Block]
    price: Decimal | None
    below_minimum: bool

    @property
    def buys_something(self) -> bool:
        return self.quantity > 0 and not self.below_minimum


def try_on(prices: Prices, sample: Sample, currency: str) -> Tried:
    """Return what somebody who owes nothing would get, for steps of 0.1 kWh."""
    amount = round_down(min(sample.amount, MAX_AMOUNT), currency)
    target = _target(prices, sample)
    result = split(
        amount=amount,
        device_credit=ZERO,
        debts=(),
        fees=(),
        target=target,
        terms=Terms(currency=currency),
    )
    return Tried(
        quantity=result.quantity,
        unit="day" if result.is_service else "kwh",
        cost=result.cost,
        vat=vat_within(result.cost, prices.vat_percent, currency),
        kept=result.device_credit,
        blocks=result.blocks,
        price=result.price,
        below_minimum=amount < prices.minimum_purchase,
    )


def _target(prices: Prices, sample: Sample) -> Target:
    normal = price_of(prices.price_per_kwh, prices.components.values())
    if normal is None:
        return Service(prices.price_per_day) if prices.price_per_day else Nothing()
    band = band_at(prices.bands, sample.local)
    left = max(prices.allowance_kwh - sample.used, ZERO)
    allowance = Allowance(left, prices.allowance_price) if prices.allowance_price else None
    price = band.price_for(normal) if band else normal
    return Energy(price, STEP, band.name if band else "", allowance)
