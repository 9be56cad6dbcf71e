"""What the list and the page of a tariff show."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, F, Q, QuerySet, Sum

from common.badges import Badge, Tone
from common.words import _
from desk.tariff_samples import Sample, Tried, try_on
from devices.models import AccessFee, Device, Tariff, TariffVersion
from devices.prices import Prices, prices_of
from devices.pricing import price_of

NOW = Badge(Tone.GOOD, _("Holds now"))
LATER = Badge(Tone.BUSY, _("Begins later"))
OVER = Badge(Tone.QUIET, _("Over"), icon="clock")


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version: from when until when it holds, what it costs, and what the sample would get."""

    version: TariffVersion | None  # None: not stored yet
    prices: Prices
    badge: Badge
    until: dt.datetime | None
    tried: Tried | None

    @property
    def normal_price(self) -> Decimal | None:
        return price_of(self.prices.price_per_kwh, self.prices.components.values())

    @property
    def may_withdraw(self) -> bool:
        return self.badge is LATER


@dataclass(frozen=True, slots=True)
class TariffRow:
    """A tariff in the list. ``now`` is None before its first version begins."""

    tariff: Tariff
    device_count: int
    now: VersionRow | None
    next: VersionRow | None


def tariff_list(*, is_archived: bool = False) -> QuerySet[Tariff]:
    """Return tariffs by name, with ``device_count``."""
    tariffs = Tariff.objects.filter(archived_at__isnull=not is_archived)
    return tariffs.annotate(device_count=Count("devices")).order_by("name")


def tariff_rows(tariffs: Sequence[Tariff], *, now: dt.datetime) -> list[TariffRow]:
    """Return rows for tariffs, with three queries whatever their number."""
    by_tariff: dict[int, list[TariffVersion]] = defaultdict(list)
    ids = [tariff.pk for tariff in tariffs]
    for version in _versions(TariffVersion.objects.filter(tariff__in=ids)):
        by_tariff[version.tariff_id].append(version)
    rows = []
    for tariff in tariffs:
        versions = version_rows(by_tariff[tariff.pk], now=now)
        current = next((row for row in versions if row.badge is NOW), None)
        later = [row for row in versions if row.badge is LATER]
        count: int = tariff.device_count  # type: ignore[attr-defined]
        rows.append(TariffRow(tariff, count, current, later[-1] if later else None))
    return rows


def versions_of(tariff: Tariff) -> list[TariffVersion]:
    """Return a tariff's versions with all that their prices need, oldest first."""
    return list(_versions(TariffVersion.objects.filter(tariff=tariff)))


def _versions(found: QuerySet[TariffVersion]) -> QuerySet[TariffVersion]:
    return found.prefetch_related("components", "bands").order_by("tariff_id", "valid_from")


def version_rows(
    versions: Sequence[TariffVersion],
    *,
    now: dt.datetime,
    sample: Sample | None = None,
    currency: str = "",
) -> list[VersionRow]:
    """Return the rows of one tariff's versions, the newest first.

    :param versions: oldest first, as ``versions_of`` returns them
    """
    rows = []
    for number, version in enumerate(versions):
        after = versions[number + 1] if number + 1 < len(versions) else None
        badge = NOW
        if version.valid_from > now:
            badge = LATER
        elif after is not None and after.valid_from <= now:
            badge = OVER
        prices = prices_of(version)
        tried = try_on(prices, sample, currency) if sample else None
        rows.append(VersionRow(version, prices, badge, after.valid_from if after else None, tried))
    return rows[::-1]


@dataclass(frozen=True, slots=True)
class MoveEffect:
    """What moving devices changes, before it is done."""

    device_count: int
    with_customer: int
    fees_owed: Decimal
    before: VersionRow | None
    after: VersionRow | None

    @property
    def begins_fee(self) -> bool:
        return not _fee(self.before) and bool(_fee(self.after))

    @property
    def ends_fee(self) -> bool:
        return bool(_fee(self.before)) and not _fee(self.after)

    @property
    def keeps_fee(self) -> bool:
        return bool(_fee(self.before)) and bool(_fee(self.after))


def move_effect(
    device_ids: Iterable[int], before: Tariff, after: Tariff, *, now: dt.datetime
) -> MoveEffect:
    """Return what moving these devices from one tariff to another would do."""
    ids = list(device_ids)
    rows = {row.tariff.pk: row for row in tariff_rows(_counted([before.pk, after.pk]), now=now)}
    unpaid = AccessFee.objects.filter(device_id__in=ids, paid__lt=F("amount"))
    owed: Decimal | None = unpaid.aggregate(total=Sum(F("amount") - F("paid")))["total"]
    counts = Device.objects.filter(pk__in=ids).aggregate(
        own=Count("pk", filter=Q(customer__isnull=False))
    )
    return MoveEffect(
        device_count=len(ids),
        with_customer=counts["own"],
        fees_owed=owed or Decimal(0),
        before=rows[before.pk].now,
        after=rows[after.pk].now,
    )


def _counted(ids: Sequence[int]) -> list[Tariff]:
    return list(Tariff.objects.filter(pk__in=ids).annotate(device_count=Count("devices")))


def _fee(row: VersionRow | None) -> Decimal:
    return row.prices.access_fee if row else Decimal(0)
