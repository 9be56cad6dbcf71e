"""Reading places."""

from locations.models import Village


def village_choices() -> list[tuple[str, str]]:
    """Return all villages by name, for a select; with the mini-grid where two have one name."""
    villages = list(Village.objects.select_related("mini_grid").order_by("name", "mini_grid__name"))
    names = [village.name for village in villages]
    return [
        (
            str(each.public_id),
            each.name if names.count(each.name) == 1 else f"{each.name}, {each.mini_grid.name}",
        )
        for each in villages
    ]
