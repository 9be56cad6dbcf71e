"""Where things are: cluster › mini-grid › village, and how the company's maps look."""

import uuid
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from locations.geometry import Outline, Spot, spot_of, stored_outline

WORLD_ZOOM, MOST_ZOOM = 2, 19


def on_earth(name: str) -> list[models.BaseConstraint]:
    """Return what holds for two columns ``latitude`` and ``longitude`` that may both be empty."""
    return [
        models.CheckConstraint(
            condition=Q(latitude__isnull=True) | Q(latitude__gte=-90, latitude__lte=90),
            name=f"{name}_latitude_on_earth",
        ),
        models.CheckConstraint(
            condition=Q(longitude__isnull=True) | Q(longitude__gte=-180, longitude__lte=180),
            name=f"{name}_longitude_on_earth",
        ),
        models.CheckConstraint(
            condition=Q(latitude__isnull=True, longitude__isnull=True)
            | Q(latitude__isnull=False, longitude__isnull=False),
            name=f"{name}_has_both_degrees_or_none",
        ),
    ]


class DegreesField(models.DecimalField):  # type: ignore[type-arg]
    """Latitude or longitude, WGS 84, six decimals."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_digits"], kwargs["decimal_places"] = 9, 6
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("max_digits")
        kwargs.pop("decimal_places")
        return name, path, args, kwargs


class Cluster(models.Model):
    """A region that is run together."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100, unique=True)
    outline = models.JSONField(null=True)  # a GeoJSON Polygon of one ring, as geometry.as_geojson

    def __str__(self) -> str:
        return self.name

    @property
    def corners(self) -> Outline:
        """The outline's corners; empty where none is drawn."""
        return stored_outline(self.outline) if self.outline else []


class MiniGrid(models.Model):
    """One grid with its own generation, or a service area for solar home systems."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="mini_grids")
    name = models.CharField(max_length=100)
    latitude = DegreesField(null=True)
    longitude = DegreesField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["cluster", "name"], name="mini_grid_once_per_cluster"),
            *on_earth("mini_grid"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def spot(self) -> Spot | None:
        return spot_of(self.latitude, self.longitude)


class Village(models.Model):
    """Where customers live and devices stand. Coordinates in degrees, WGS 84."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    mini_grid = models.ForeignKey(MiniGrid, on_delete=models.PROTECT, related_name="villages")
    name = models.CharField(max_length=100)
    latitude = DegreesField(null=True)
    longitude = DegreesField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["mini_grid", "name"], name="village_once_per_mini_grid"
            ),
            *on_earth("village"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def spot(self) -> Spot | None:
        return spot_of(self.latitude, self.longitude)


class MapSettings(models.Model):
    """Where the company's maps start, and whose tiles they show. At most one row.

    ``tile_address`` is a template with {z}, {x} and {y}, checked by ``locations.tiles``; empty: no tiles.
    """

    latitude = DegreesField(null=True)
    longitude = DegreesField(null=True)
    zoom = models.PositiveSmallIntegerField(
        default=WORLD_ZOOM, validators=[MinValueValidator(1), MaxValueValidator(MOST_ZOOM)]
    )
    tile_address = models.CharField(max_length=300, blank=True, default="")
    tile_credit = models.CharField(max_length=100, blank=True, default="")
    is_only = models.BooleanField(default=True, unique=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            *on_earth("map"),
            models.CheckConstraint(
                condition=Q(zoom__gte=1, zoom__lte=MOST_ZOOM), name="map_zoom_is_a_level"
            ),
            models.CheckConstraint(condition=Q(is_only=True), name="map_settings_are_one_row"),
        ]

    def __str__(self) -> str:
        return self.tile_address

    @property
    def spot(self) -> Spot | None:
        return spot_of(self.latitude, self.longitude)
