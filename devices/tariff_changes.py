"""Setting what devices cost: tariffs, their versions, and when each begins.

A version that has begun is never changed or taken away: what was sold and what fell due has its price.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from accounts.audit import audit
from accounts.models import User
from common.errors import DomainError
from common.words import _
from devices.models import DefaultTariff, Device, PriceBand, PriceComponent, Tariff, TariffVersion
from devices.pricing import Band, fault_of, price_of

ZERO = Decimal(0)
MOST_BANDS = 12
HIGHEST_VAT = Decimal(100)
DAY_NAMES = {"workdays": _("Monday to Friday"), "weekend": _("Saturday and Sunday")}


class TariffNameTaken(DomainError):
    message = _("There is a tariff “%(name)s” already. Change it, or take another name.")


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


class TariffChangeTooEarly(DomainError):
    message = _(
        "A price cannot change before %(earliest)s: what was sold and what fell due until then has its price."
    )


class VersionHasBegun(DomainError):
    message = _("These prices hold already, so they stay. Add a version that begins later.")


class LastVersion(DomainError):
    message = _("“%(name)s” would be left without a price. Delete the tariff instead.")


class TariffArchived(DomainError):
    message = _("The tariff “%(name)s” is archived.")


class TariffInUse(DomainError):
    message = _("“%(name)s” is the tariff of %(devices)s devices and %(sub_types)s sub-types.")


class TariffHasBegun(DomainError):
    message = _("“%(name)s” has had a price already, so it is kept. Archive it instead.")


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


@transaction.atomic
def create_tariff(
    *, name: str, prices: Prices, valid_from: dt.datetime, actor: User | None
) -> Tariff:
    """Add a tariff with its first prices.

    :raises TariffNameTaken: nothing was changed
    :raises DomainError: what ``check_prices`` says
    """
    check_prices(prices)
    try:
        with transaction.atomic():
            tariff = Tariff.objects.create(name=name)
    except IntegrityError:
        raise TariffNameTaken(name=name) from None
    _add_version(tariff, prices, valid_from)
    audit(
        actor=actor,
        action="tariff.created",
        target=str(tariff.public_id),
        name=name,
        valid_from=valid_from.isoformat(),
        **_facts(prices),
    )
    return tariff


@transaction.atomic
def change_tariff(
    *, tariff_id: int, prices: Prices, valid_from: dt.datetime, now: dt.datetime, actor: User | None
) -> TariffVersion:
    """Let other prices hold from a moment on; what was before keeps its price.

    :raises TariffChangeTooEarly: in the past, or not after the latest change; nothing was changed
    :raises DomainError: what ``check_prices`` says
    """
    check_prices(prices)
    tariff = _lock(tariff_id)
    latest = tariff.versions.order_by("-valid_from").first()
    earliest = max(now, latest.valid_from) if latest else now
    if valid_from < now or (latest and valid_from <= latest.valid_from):
        raise TariffChangeTooEarly(earliest=f"{earliest:%Y-%m-%d %H:%M %Z}")
    before = _facts(prices_of(latest)) if latest else {}
    after = _facts(prices)
    version = _add_version(tariff, prices, valid_from)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    audit(
        actor=actor,
        action="tariff.changed",
        target=str(tariff.public_id),
        valid_from=valid_from.isoformat(),
        **{name: after.get(name, "") for name in names},
        **{f"{name}_before": before.get(name, "") for name in names},
    )
    return version


@transaction.atomic
def withdraw_version(*, version_id: int, now: dt.datetime, actor: User | None) -> Tariff:
    """Take back prices that have not begun; those before them go on.

    :raises VersionHasBegun: they hold already; nothing was changed
    :raises LastVersion: the tariff would have no price
    """
    tariff_id = TariffVersion.objects.values_list("tariff_id", flat=True).get(pk=version_id)
    tariff = _lock(tariff_id)
    version = tariff.versions.filter(pk=version_id).first()
    if version is None:
        return tariff  # somebody else withdrew it at this moment
    if version.valid_from <= now:
        raise VersionHasBegun
    if tariff.versions.count() == 1:
        raise LastVersion(name=tariff)
    facts = _facts(prices_of(version))
    _delete_version(version)
    audit(
        actor=actor,
        action="tariff.version_withdrawn",
        target=str(tariff.public_id),
        valid_from_before=version.valid_from.isoformat(),
        **{f"{name}_before": value for name, value in facts.items()},
    )
    return tariff


@transaction.atomic
def rename_tariff(*, tariff_id: int, name: str, actor: User | None) -> Tariff:
    """Call a tariff otherwise.

    :raises TariffNameTaken: nothing was changed
    """
    tariff = _lock(tariff_id)
    before, tariff.name = tariff.name, name
    if name == before:
        return tariff
    try:
        with transaction.atomic():
            tariff.save(update_fields=["name"])
    except IntegrityError:
        raise TariffNameTaken(name=name) from None
    target = str(tariff.public_id)
    audit(actor=actor, action="tariff.renamed", target=target, name=name, name_before=before)
    return tariff


@transaction.atomic
def archive_tariff(*, tariff_id: int, now: dt.datetime, actor: User | None) -> Tariff:
    """Put a tariff that nothing uses out of sight; nothing can be put on it any more.

    :raises TariffInUse: devices or sub-types have it; nothing was changed
    """
    tariff = _lock_unused(tariff_id)
    if tariff.archived_at is None:
        tariff.archived_at = now
        tariff.save(update_fields=["archived_at"])
        audit(actor=actor, action="tariff.archived", target=str(tariff.public_id))
    return tariff


@transaction.atomic
def restore_tariff(*, tariff_id: int, actor: User | None) -> Tariff:
    """Take a tariff back into use."""
    tariff = _lock(tariff_id)
    if tariff.archived_at is not None:
        tariff.archived_at = None
        tariff.save(update_fields=["archived_at"])
        audit(actor=actor, action="tariff.restored", target=str(tariff.public_id))
    return tariff


@transaction.atomic
def delete_tariff(*, tariff_id: int, now: dt.datetime, actor: User | None) -> None:
    """Remove a tariff whose prices never held, so that nothing was sold at them.

    :raises TariffInUse: devices or sub-types have it; nothing was changed
    :raises TariffHasBegun: it is archived instead
    """
    tariff = _lock_unused(tariff_id)
    if tariff.versions.filter(valid_from__lte=now).exists():
        raise TariffHasBegun(name=tariff)
    name, target = tariff.name, str(tariff.public_id)
    for version in tariff.versions.all():
        _delete_version(version)
    tariff.delete()
    audit(actor=actor, action="tariff.deleted", target=target, name_before=name)


@transaction.atomic
def set_default_tariff(*, sub_type_id: int, tariff: Tariff | None, actor: User | None) -> None:
    """Say which tariff a device gets where its customer is of this sub-type; devices there keep theirs.

    :raises TariffArchived: nothing may be put on it any more
    """
    if tariff is not None and _lock(tariff.pk).is_archived:
        raise TariffArchived(name=tariff)
    known = DefaultTariff.objects.select_related("tariff").filter(sub_type=sub_type_id).first()
    before = known.tariff if known else None
    if before == tariff:
        return
    if tariff is None:
        DefaultTariff.objects.filter(sub_type=sub_type_id).delete()
    else:
        DefaultTariff.objects.update_or_create(sub_type_id=sub_type_id, defaults={"tariff": tariff})
    audit(
        actor=actor,
        action="connection_sub_type.tariff_changed",
        target=str(sub_type_id),
        tariff=tariff or "",
        tariff_before=before or "",
    )


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


def _lock(tariff_id: int) -> Tariff:
    return Tariff.objects.select_for_update(of=("self",), no_key=True).get(pk=tariff_id)


def _lock_unused(tariff_id: int) -> Tariff:
    """Lock against new users too: who puts a device on a tariff holds it FOR KEY SHARE.

    :raises TariffInUse: devices or sub-types have it
    """
    tariff = Tariff.objects.select_for_update(of=("self",)).get(pk=tariff_id)
    devices = Device.objects.filter(tariff=tariff).count()
    sub_types = tariff.default_of.count()
    if devices or sub_types:
        raise TariffInUse(name=tariff, devices=devices, sub_types=sub_types)
    return tariff


def _add_version(tariff: Tariff, prices: Prices, valid_from: dt.datetime) -> TariffVersion:
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


def _delete_version(version: TariffVersion) -> None:
    version.components.all().delete()
    version.bands.all().delete()
    TariffVersion.objects.filter(pk=version.pk).delete()


def _facts(prices: Prices) -> dict[str, Any]:
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
