"""Prices of a tariff as one value: what makes sense, how a version keeps it, and how the audit log writes it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from common.errors import DomainError
from common.words import _
from devices.models import PriceBand, PriceComponent, Tariff, TariffVersion
from devices.pricing import Band, fault_of, price_of

ZERO = Decimal(0)
MOST_BANDS = 12
HIGHEST_VAT = Decimal(100)
DAY_NAMES = {"workdays": _("Monday to Friday"), "weekend": _("Saturday and Sunday")}


class NothingSold(DomainError):
    message = _("A tariff needs a price: per kWh, per day, or an access fee.")


class FeeNeedsPeriod(DomainError):
    message = _("An access fee needs the number of days it is paid for, 1 or more.")


class PriceNotPositive(DomainError):
    message = _("A price must be more than 0; fees and minimum purchase must not be below 0.")


class VatTooHigh(DomainError):
    message = _("VAT is a rate from 0 to 100 per cent.")


class NeedsPricePerKwh(DomainError):
    message = _("Price components, hours and the allowance need a price per kWh.")


class BandNeedsOnePrice(DomainError):
    message = _("“%(name)s” needs either a price or per cent of the normal price, above 0.")


class BandTwice(DomainError):
    message = _("Two of the hours are called “%(name)s”.")


class TooManyBands(DomainError):
    message = _("A tariff has at most %(most)s kinds of hours.")


class BandsOverlap(DomainError):
    message = _("At %(time)s (%(days)s) two prices hold: “%(one)s” and “%(other)s”.")


class BandsLeaveGap(DomainError):
    message = _("At %(time)s (%(days)s) no price holds. The hours must cover the whole day.")


class AllowanceNeedsPrice(DomainError):
    message = _("An allowance needs kWh per month and a price below the normal price.")


@dataclass(frozen=True, slots=True)
class Prices:
    """What a tariff costs, VAT included, in the company's currency. ``components`` add to ``price_per_kwh``.

    ``bands`` are hours with another price; together they make a whole day. The first ``allowance_kwh`` of a month
    cost ``allowance_price`` per kWh, once for each device or, ``allowance_per`` "customer", for each customer.
    """

    price_per_kwh: Decimal | None = None
    price_per_day: Decimal | None = None
    access_fee: Decimal = ZERO
    access_fee_days: int = 0
    minimum_purchase: Decimal = ZERO
    vat_percent: Decimal = ZERO
    components: Mapping[str, Decimal] = field(default_factory=dict)
    bands: Sequence[Band] = ()
    allowance_kwh: Decimal = ZERO
    allowance_price: Decimal | None = None
    allowance_per: str = TariffVersion.AllowancePer.DEVICE


def prices_of(version: TariffVersion) -> Prices:
    """Return the prices of a version, to be shown or to begin a new one with."""
    components = sorted(version.components.all(), key=lambda each: each.pk)
    bands = sorted(version.bands.all(), key=lambda each: (each.days, each.begins))
    return Prices(
        price_per_kwh=version.price_per_kwh,
        price_per_day=version.price_per_day,
        access_fee=version.access_fee,
        access_fee_days=version.access_fee_days,
        minimum_purchase=version.minimum_purchase,
        vat_percent=version.vat_percent,
        components={each.name: each.price_per_kwh for each in components},
        bands=[
            Band(each.name, each.begins, each.ends, each.days, each.percent, each.price_per_kwh)
            for each in bands
        ],
        allowance_kwh=version.allowance_kwh,
        allowance_price=version.allowance_price,
        allowance_per=version.allowance_per,
    )


def check_prices(prices: Prices) -> None:
    """Refuse prices that make no sense.

    :raises DomainError: the first thing that is wrong, in words
    """
    sold = [each for each in (prices.price_per_kwh, prices.price_per_day) if each is not None]
    if any(price <= 0 for price in [*sold, *prices.components.values()]):
        raise PriceNotPositive
    if min(prices.access_fee, prices.minimum_purchase, prices.vat_percent) < 0:
        raise PriceNotPositive
    if prices.vat_percent > HIGHEST_VAT:
        raise VatTooHigh
    if prices.access_fee and prices.access_fee_days < 1:
        raise FeeNeedsPeriod
    if not sold and not prices.access_fee:
        raise NothingSold
    has_more = prices.components or prices.bands or prices.allowance_kwh
    if prices.price_per_kwh is None and has_more:
        raise NeedsPricePerKwh
    _check_bands(prices.bands)
    _check_allowance(prices)


def _check_bands(bands: Sequence[Band]) -> None:
    if len(bands) > MOST_BANDS:
        raise TooManyBands(most=MOST_BANDS)
    seen: set[str] = set()
    for band in bands:
        given = [each for each in (band.percent, band.price) if each is not None]
        if len(given) != 1 or given[0] <= 0:
            raise BandNeedsOnePrice(name=band.name)
        if band.name in seen:
            raise BandTwice(name=band.name)
        seen.add(band.name)
    fault = fault_of(bands)
    if fault is None:
        return
    facts = {"time": f"{fault.begins:%H:%M}", "days": DAY_NAMES[fault.days]}
    if fault.is_gap:
        raise BandsLeaveGap(**facts)
    raise BandsOverlap(one=fault.names[0], other=fault.names[1], **facts)


def _check_allowance(prices: Prices) -> None:
    kwh, price = prices.allowance_kwh, prices.allowance_price
    if not kwh and price is None:
        return
    normal = price_of(prices.price_per_kwh, prices.components.values())
    if kwh <= 0 or price is None or normal is None or not 0 < price < normal:
        raise AllowanceNeedsPrice


def add_version(tariff: Tariff, prices: Prices, valid_from: dt.datetime) -> TariffVersion:
    """Store checked prices, inside the caller's transaction."""
    version = TariffVersion.objects.create(
        tariff=tariff,
        valid_from=valid_from,
        price_per_kwh=prices.price_per_kwh,
        price_per_day=prices.price_per_day,
        access_fee=prices.access_fee,
        access_fee_days=prices.access_fee_days,
        minimum_purchase=prices.minimum_purchase,
        vat_percent=prices.vat_percent,
        allowance_kwh=prices.allowance_kwh,
        allowance_price=prices.allowance_price,
        allowance_per=prices.allowance_per,
    )
    PriceComponent.objects.bulk_create(
        PriceComponent(version=version, name=name, price_per_kwh=price)
        for name, price in prices.components.items()
    )
    PriceBand.objects.bulk_create(
        PriceBand(
            version=version,
            name=band.name,
            begins=band.begins,
            ends=band.ends,
            days=band.days,
            percent=band.percent,
            price_per_kwh=band.price,
        )
        for band in prices.bands
    )
    return version


def delete_version(version: TariffVersion) -> None:
    """Remove prices that never held, inside the caller's transaction."""
    version.components.all().delete()
    version.bands.all().delete()
    TariffVersion.objects.filter(pk=version.pk).delete()


def price_facts(prices: Prices) -> dict[str, Any]:
    """Prices as the audit log keeps them: what is nothing is left out."""
    facts = {
        "price_per_kwh": _plain(prices.price_per_kwh),
        "price_per_day": _plain(prices.price_per_day),
        "access_fee": _plain(prices.access_fee),
        "access_fee_days": prices.access_fee_days or "",
        "minimum_purchase": _plain(prices.minimum_purchase),
        "vat_percent": _plain(prices.vat_percent),
        "components": ", ".join(f"{k} {_plain(v)}" for k, v in prices.components.items()),
        "hours": ", ".join(_band_words(band) for band in prices.bands),
        "allowance": _allowance_words(prices),
    }
    return {name: value for name, value in facts.items() if value}


def _band_words(band: Band) -> str:
    price = f"{_plain(band.percent)} %" if band.percent is not None else _plain(band.price)
    return f"{band.name} {band.begins:%H:%M}–{band.ends:%H:%M} {band.days} {price}"


def _allowance_words(prices: Prices) -> str:
    if not prices.allowance_kwh:
        return ""
    kwh, price = _plain(prices.allowance_kwh), _plain(prices.allowance_price)
    return f"{kwh} kWh at {price} per {prices.allowance_per}"


def _plain(number: Decimal | None) -> str:
    return f"{number.normalize():f}" if number else ""
