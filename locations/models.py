"""Where things are: cluster › mini-grid › village."""

import uuid
from typing import ClassVar

from django.db import models


class Cluster(models.Model):
    """A region that is run together."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100, unique=True)

    def __str__(self) -> str:
        return self.name


class MiniGrid(models.Model):
    """One grid with its own generation, or a service area for solar home systems."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, related_name="mini_grids")
    name = models.CharField(max_length=100)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["cluster", "name"], name="mini_grid_once_per_cluster")
        ]

    def __str__(self) -> str:
        return self.name


class Village(models.Model):
    """Where customers live and devices stand. Coordinates in degrees, WGS 84."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    mini_grid = models.ForeignKey(MiniGrid, on_delete=models.PROTECT, related_name="villages")
    name = models.CharField(max_length=100)
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["mini_grid", "name"], name="village_once_per_mini_grid"
            ),
            models.CheckConstraint(
                condition=models.Q(latitude__isnull=True)
                | models.Q(latitude__gte=-90, latitude__lte=90),
                name="village_latitude_on_earth",
            ),
            models.CheckConstraint(
                condition=models.Q(longitude__isnull=True)
                | models.Q(longitude__gte=-180, longitude__lte=180),
                name="village_longitude_on_earth",
            ),
        ]

    def __str__(self) -> str:
        return self.name
