"""Reading prices: which version of a tariff is valid when, and what a kWh costs then."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Sum, TextField
from django.db.models.functions import Cast, Coalesce, JSONObject

from common.fields import AmountField
from common.prepared import Hole, Prepared
from devices.models import PriceBand, TariffVersion
from devices.pricing import Band, band_at, price_of


def versions(tariff_id: int) -> QuerySet[TariffVersion]:
    """Return a tariff's versions, oldest first."""
    return TariffVersion.objects.filter(tariff_id=tariff_id).order_by("valid_from")


def tariff_version_at(tariff_id: int, at: dt.datetime) -> TariffVersion | None:
    """Return the version valid at a moment, ready for its prices; None before the first."""
    return _VALID.first(tariff=tariff_id, at=at)


def _valid() -> QuerySet[TariffVersion]:
    begun = TariffVersion.objects.filter(tariff_id=Hole("tariff"), valid_from__lte=Hole("at"))
    return with_prices(begun).order_by("-valid_from")[:1]


def with_prices(found: QuerySet[TariffVersion]) -> QuerySet[TariffVersion]:
    """Return versions ready for ``price_per_kwh_of`` and ``bands_of``, without a further query."""
    total = Coalesce(Sum("components__price_per_kwh"), Decimal(0), output_field=AmountField())
    bands = PriceBand.objects.filter(version=OuterRef("pk")).order_by("days", "begins")
    # Numbers as text: read as JSON they would become binary floats.
    names = ("percent", "price_per_kwh", "begins", "ends")
    texts = {name: Cast(name, TextField()) for name in names}
    packed = ArraySubquery(bands.values(packed=JSONObject(name="name", days="days", **texts)))
    return found.annotate(components_total=total, packed_bands=packed)


_VALID = Prepared(_valid)


def price_per_kwh_of(version: TariffVersion) -> Decimal | None:
    """Return base and components of a version that came through ``with_prices``: its normal price."""
    return price_of(version.price_per_kwh, [version.components_total])  # type: ignore[attr-defined]


def bands_of(version: TariffVersion) -> list[Band]:
    """Return the price bands of a version that came through ``with_prices``."""
    packed: Iterable[dict[str, str]] = version.packed_bands  # type: ignore[attr-defined]
    return [
        Band(
            name=each["name"],
            begins=dt.time.fromisoformat(each["begins"]),
            ends=dt.time.fromisoformat(each["ends"]),
            days=each["days"],
            percent=_decimal(each["percent"]),
            price=_decimal(each["price_per_kwh"]),
        )
        for each in packed
    ]


def price_at(version: TariffVersion, at: dt.datetime, zone: str) -> tuple[Decimal | None, str]:
    """Return the price per kWh at a moment on the company's clock, and the name of the band it comes from."""
    normal = price_per_kwh_of(version)
    band = band_at(bands_of(version), at.astimezone(ZoneInfo(zone)))
    if normal is None or band is None:
        return normal, ""
    return band.price_for(normal), band.name


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
