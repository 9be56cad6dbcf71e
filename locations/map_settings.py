"""How a company's maps start and whose tiles they show."""

from typing import Any

from django.db import transaction

from accounts.audit import audit
from accounts.models import User
from locations.geometry import Spot
from locations.models import MapSettings
from locations.tiles import check_tile_address


def map_settings() -> MapSettings:
    """Return what was chosen, or what holds while nothing was."""
    return MapSettings.objects.first() or MapSettings()


@transaction.atomic
def change_map(
    *, actor: User | None, spot: Spot | None, zoom: int, tile_address: str, tile_credit: str
) -> MapSettings:
    """Change what the next page with a map follows.

    :raises TilesRefused: no address of tiles; nothing was changed
    """
    tile_address = check_tile_address(tile_address)
    MapSettings.objects.get_or_create(is_only=True)
    row = MapSettings.objects.select_for_update().get(is_only=True)
    before = _facts(row)
    row.latitude = spot.latitude if spot else None
    row.longitude = spot.longitude if spot else None
    row.zoom, row.tile_address, row.tile_credit = zoom, tile_address, tile_credit
    after = _facts(row)
    changed = [name for name in after if after[name] != before[name]]
    if changed:
        row.save()
        pairs = {name: after[name] for name in changed}
        pairs |= {f"{name}_before": before[name] for name in changed}
        audit(actor=actor, action="map.changed", **pairs)
    return row


def _facts(row: MapSettings) -> dict[str, Any]:
    return {
        "start": str(row.spot or ""),
        "zoom": row.zoom,
        "tile_address": row.tile_address,
        "tile_credit": row.tile_credit,
    }
