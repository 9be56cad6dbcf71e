"""What people enter about places and maps."""

from decimal import Decimal
from typing import Any

from django import forms

from common.errors import DomainError
from common.words import _
from locations.changing import LONGEST_NAME
from locations.geometry import (
    MOST_CHARS,
    Outline,
    Spot,
    as_text,
    make_spot,
    read_degrees,
    read_outline,
)
from locations.models import MOST_ZOOM, Cluster, MapSettings, MiniGrid, Village
from locations.tiles import check_tile_address


class SpotFields(forms.Form):
    """Latitude and longitude by hand; ``spot`` of the cleaned form is the point, or None."""

    latitude = forms.CharField(
        label=_("Latitude"),
        help_text=_("Degrees, south is negative: -1.8500"),
        max_length=60,
        required=False,
    )
    longitude = forms.CharField(
        label=_("Longitude"),
        help_text=_("Degrees, west is negative: 33.0500"),
        max_length=30,
        required=False,
    )
    spot: Spot | None = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        written = {name: cleaned.get(name) or "" for name in ("latitude", "longitude")}
        if not written["longitude"] and written["latitude"].count(",") == 1:
            # Both pasted into one field, as maps give them: "-1.85, 33.05".
            first, second = written["latitude"].split(",")
            if second.startswith(" "):
                written = {"latitude": first, "longitude": second}
        self.spot = self._read(written)
        return cleaned

    def _read(self, written: dict[str, str]) -> Spot | None:
        missing = [name for name, text in written.items() if not text]
        if len(missing) == 2:
            return None
        if missing:
            self.add_error(missing[0], str(_("State latitude and longitude, or neither.")))
            return None
        degrees = {name: self._degrees(name, text) for name, text in written.items()}
        latitude, longitude = degrees["latitude"], degrees["longitude"]
        if latitude is None or longitude is None:
            return None
        try:
            return make_spot(latitude, longitude)
        except DomainError as refusal:
            self.add_error("latitude" if abs(latitude) > 90 else "longitude", str(refusal))
            return None

    def _degrees(self, name: str, text: str) -> Decimal | None:
        try:
            return read_degrees(text)
        except DomainError as refusal:
            self.add_error(name, str(refusal))
            return None


def written_spot(spot: Spot | None) -> dict[str, str]:
    """Return what the two fields show for a point."""
    if spot is None:
        return {}
    return {
        "latitude": f"{spot.latitude.normalize():f}",
        "longitude": f"{spot.longitude.normalize():f}",
    }


def _name() -> forms.CharField:
    return forms.CharField(label=_("Name"), max_length=LONGEST_NAME)


class ClusterForm(forms.Form):
    """A cluster's name and outline; ``corners`` of the cleaned form is the outline, or None."""

    name = _name()
    outline = forms.CharField(
        label=_("Outline"),
        help_text=_(
            "One corner a line, in the order in which you walk around it: latitude, longitude."
            " GeoJSON of one polygon may be pasted as well. Places outside get a warning."
        ),
        max_length=MOST_CHARS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )
    corners: Outline | None = None

    def __init__(self, data: Any = None, *, cluster: Cluster | None = None) -> None:
        initial = {"name": cluster.name, "outline": as_text(cluster.corners)} if cluster else {}
        super().__init__(data, initial=initial)

    def clean_outline(self) -> str:
        text: str = self.cleaned_data["outline"].strip()
        try:
            self.corners = read_outline(text) if text else None
        except DomainError as refusal:
            raise forms.ValidationError(str(refusal)) from None
        return text


class MiniGridForm(SpotFields):
    """A mini-grid's name, cluster and point."""

    name = _name()
    cluster = forms.ModelChoiceField(
        label=_("Cluster"), queryset=Cluster.objects.none(), to_field_name="public_id"
    )
    field_order = ["name", "cluster", "latitude", "longitude"]

    def __init__(
        self,
        data: Any = None,
        *,
        mini_grid: MiniGrid | None = None,
        cluster: Cluster | None = None,
    ) -> None:
        parent = mini_grid.cluster if mini_grid else cluster
        initial: dict[str, Any] = {"cluster": parent and parent.public_id}
        if mini_grid:
            initial |= {"name": mini_grid.name, **written_spot(mini_grid.spot)}
        super().__init__(data, initial=initial)
        field = self.fields["cluster"]
        field.queryset = Cluster.objects.order_by("name")  # type: ignore[attr-defined]


class MiniGridField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A mini-grid of the company, with its cluster."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}, {obj.cluster.name}"


class VillageForm(SpotFields):
    """A village's name, mini-grid and point."""

    name = _name()
    mini_grid = MiniGridField(
        label=_("Mini-grid"), queryset=MiniGrid.objects.none(), to_field_name="public_id"
    )
    field_order = ["name", "mini_grid", "latitude", "longitude"]

    def __init__(
        self,
        data: Any = None,
        *,
        village: Village | None = None,
        mini_grid: MiniGrid | None = None,
    ) -> None:
        parent = village.mini_grid if village else mini_grid
        initial: dict[str, Any] = {"mini_grid": parent and parent.public_id}
        if village:
            initial |= {"name": village.name, **written_spot(village.spot)}
        super().__init__(data, initial=initial)
        rows = MiniGrid.objects.select_related("cluster").order_by("name", "cluster__name")
        self.fields["mini_grid"].queryset = rows  # type: ignore[attr-defined]


class MapForm(SpotFields):
    """Where maps start and whose tiles they show."""

    zoom = forms.IntegerField(
        label=_("Zoom"),
        help_text=_("From 1, the whole earth, to 19, a house."),
        min_value=1,
        max_value=MOST_ZOOM,
    )
    tile_address = forms.CharField(
        label=_("Address of the tiles"),
        help_text=_(
            "A picture of the ground below your points, from a service whose terms you accept:"
            " https://tile.openstreetmap.org/{z}/{x}/{y}.png. Empty: a plain ground, and nobody"
            " outside learns what you look at."
        ),
        max_length=300,
        required=False,
    )
    tile_credit = forms.CharField(
        label=_("Credit of the tiles"),
        help_text=_("What the service wants to read on each map, like © OpenStreetMap."),
        max_length=100,
        required=False,
    )

    def __init__(self, data: Any = None, *, settings: MapSettings) -> None:
        initial = {
            "zoom": settings.zoom,
            "tile_address": settings.tile_address,
            "tile_credit": settings.tile_credit,
            **written_spot(settings.spot),
        }
        super().__init__(data, initial=initial)

    def clean_tile_address(self) -> str:
        try:
            return check_tile_address(self.cleaned_data["tile_address"])
        except DomainError as refusal:
            raise forms.ValidationError(str(refusal)) from None
