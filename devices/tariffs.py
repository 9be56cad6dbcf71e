"""Reading prices: which version of a tariff is valid when."""

import datetime as dt
from decimal import Decimal

from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce

from common.fields import AmountField
from common.prepared import Hole, Prepared
from devices.models import TariffVersion
from devices.pricing import price_of


def versions(tariff_id: int) -> QuerySet[TariffVersion]:
    """Return a tariff's versions, oldest first."""
    return TariffVersion.objects.filter(tariff_id=tariff_id).order_by("valid_from")


def tariff_version_at(tariff_id: int, at: dt.datetime) -> TariffVersion | None:
    """Return the version valid at a moment, ready for ``price_per_kwh_of``; None before the first."""
    return _VALID.first(tariff=tariff_id, at=at)


def _valid() -> QuerySet[TariffVersion]:
    total = Coalesce(Sum("components__price_per_kwh"), Decimal(0), output_field=AmountField())
    begun = TariffVersion.objects.filter(tariff_id=Hole("tariff"), valid_from__lte=Hole("at"))
    return begun.annotate(components_total=total).order_by("-valid_from")[:1]


_VALID = Prepared(_valid)


def price_per_kwh_of(version: TariffVersion) -> Decimal | None:
    """Return base and components of a version that ``tariff_version_at`` found."""
    return price_of(version.price_per_kwh, [version.components_total])  # type: ignore[attr-defined]
