"""Villages are found by their names, and nothing moves them."""

from decimal import Decimal

import pytest

from locations.models import Cluster, MiniGrid, Village
from locations.services import (
    CoordinatesWrong,
    Place,
    PlaceIncomplete,
    VillageElsewhere,
    ensure_village,
)

BWISYA = Place("Ukerewe", "Ukara", "Bwisya", Decimal("-1.85"), Decimal("33.05"))


def test_what_is_missing_of_a_place_is_added_once(jua):
    first, second = ensure_village(BWISYA), ensure_village(BWISYA)

    assert first.village == second.village
    assert first.created == {"clusters": 1, "mini_grids": 1, "villages": 1}
    assert second.created == {"clusters": 0, "mini_grids": 0, "villages": 0}
    assert str(first.village.mini_grid.cluster) == "Ukerewe"


def test_villages_of_one_name_in_two_mini_grids_are_two(jua):
    here = ensure_village(BWISYA).village
    there = ensure_village(Place("Ukerewe", "Ilugwa", "Bwisya")).village

    assert here != there
    assert Cluster.objects.count() == 1


def test_coordinates_are_added_where_there_are_none(jua):
    ensure_village(Place("Ukerewe", "Ukara", "Bwisya"))

    ensured = ensure_village(BWISYA)

    ensured.village.refresh_from_db()
    assert ensured.got_coordinates
    assert (ensured.village.latitude, ensured.village.longitude) == (
        Decimal("-1.85"),
        Decimal("33.05"),
    )


def test_a_village_is_not_moved(jua):
    village = ensure_village(BWISYA).village

    with pytest.raises(
        VillageElsewhere, match=r"stands at -1.85, 33.05 already, not at -1.9, 33.05"
    ):
        ensure_village(Place("Ukerewe", "Ukara", "Bwisya", Decimal("-1.9"), Decimal("33.05")))

    village.refresh_from_db()
    assert village.latitude == Decimal("-1.85")


@pytest.mark.parametrize(
    "place",
    [
        Place("Ukerewe", "Ukara", "Bwisya", Decimal("-1.85"), None),
        Place("Ukerewe", "Ukara", "Bwisya", Decimal("90.1"), Decimal("33")),
        Place("Ukerewe", "Ukara", "Bwisya", Decimal("1"), Decimal("-180.1")),
    ],
)
def test_coordinates_off_this_planet_are_refused(jua, place):
    with pytest.raises(CoordinatesWrong):
        ensure_village(place)

    assert not Village.objects.exists()


def test_a_village_needs_all_its_names(jua):
    with pytest.raises(PlaceIncomplete):
        ensure_village(Place("Ukerewe", "", "Bwisya"))

    assert not MiniGrid.objects.exists()
