"""Clusters, mini-grids and villages as pages: the list, one place, and every change of one."""

import uuid
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection
from django.urls import reverse

from accounts.models import AuditEntry
from customers.models import Customer
from locations.changing import NameTaken, PlaceInUse, add_village, remove_place
from locations.models import Cluster, MapSettings, MiniGrid, Village

UKARA = "-1.75, 32.95\n-1.75, 33.15\n-1.95, 33.15\n-1.95, 32.95"


@pytest.fixture
def outlined(world):
    world.cluster.outline = {
        "type": "Polygon",
        "coordinates": [
            [[32.95, -1.75], [33.15, -1.75], [33.15, -1.95], [32.95, -1.95], [32.95, -1.75]]
        ],
    }
    world.cluster.save()
    return world


def address(place, step=""):
    view = {Cluster: "cluster", MiniGrid: "mini-grid", Village: "village"}[type(place)]
    return reverse(f"desk:{view}-{step}" if step else f"desk:{view}", args=[place.public_id])


def say(response):
    return response.content.decode()


def last_audit():
    return AuditEntry.objects.latest("pk")


# --- reading ------------------------------------------------------------------------------------------


def test_the_list_shows_the_tree_with_counts(owner, world):
    text = say(owner.get("/locations/"))
    text = text[text.index("<tbody>") :]

    assert text.index("Ukerewe") < text.index("Ukara<") < text.index("Bwisya<")
    assert text.count('<span class="cur soft">customers </span>1') == 3


def test_the_list_is_searched_by_any_name_and_keeps_the_way_to_it(owner, world):
    Village.objects.create(mini_grid=world.mini_grid, name="Bukiko")
    Cluster.objects.create(name="Elsewhere")

    by_village = say(owner.get("/locations/?q=bwis"))
    by_cluster = say(owner.get("/locations/?q=ukerewe"))

    assert "Ukerewe" in by_village
    assert "Bwisya" in by_village
    assert "Bukiko" not in by_village
    assert "Elsewhere" not in by_village
    assert "Bukiko" in by_cluster
    assert "No place matches" in say(owner.get("/locations/?q=nowhere"))


def test_a_later_page_of_the_list_says_what_its_first_village_lies_in(owner, world):
    for n in range(80):
        Village.objects.create(mini_grid=world.mini_grid, name=f"Village {n:02}")

    text = say(owner.get("/locations/?after=50"))

    assert text.index("Ukerewe") < text.index("Ukara<") < text.index("Village 79")


@pytest.mark.parametrize("page", ["list", "cluster", "mini_grid", "village"])
def test_pages_ask_as_much_of_the_database_for_many_places_as_for_few(
    owner, outlined, page, django_assert_max_num_queries
):
    target = "/locations/" if page == "list" else address(getattr(outlined, page))
    owner.get(target)
    with connection.execute_wrapper(counting := Counting()):
        owner.get(target)
    few = counting.count
    for n in range(12):
        grid = MiniGrid.objects.create(cluster=outlined.cluster, name=f"Grid {n}")
        for m in range(3):
            village = Village.objects.create(
                mini_grid=grid, name=f"V {n} {m}", latitude=Decimal("-1.8"), longitude=Decimal(33)
            )
            Customer.objects.create(
                first_name="X", last_name="Y", phone=f"+25575400{n:02}{m:02}0", village=village
            )
    with django_assert_max_num_queries(few):
        owner.get(target)


class Counting:
    count = 0

    def __call__(self, execute, sql, params, many, context):
        self.count += 1
        return execute(sql, params, many, context)


def test_a_place_shows_what_is_in_it_with_links_to_the_lists(owner, world):
    text = say(owner.get(address(world.village)))

    assert f"/customers/?village={world.village.public_id}" in text
    assert f"/devices/?village={world.village.public_id}&amp;kind=meter" in text
    assert "−1.8500, 33.0500" in text
    assert '<svg class="map' in text


def test_everybody_may_look_and_admins_change(clerk, world):
    assert clerk.get("/locations/").status_code == 200
    assert "Add a cluster" not in say(clerk.get("/locations/"))
    assert "Remove" not in say(clerk.get(address(world.village)))
    assert clerk.post("/locations/clusters/new/", {"name": "X"}).status_code == 403
    assert clerk.post(address(world.village, "change"), {"name": "X"}).status_code == 403
    assert clerk.post(address(world.village, "remove")).status_code == 403
    assert clerk.get("/settings/map/").status_code == 403


def test_a_company_without_places_is_told_where_to_begin(owner, clerk):
    assert "/locations/clusters/new/" in say(owner.get("/locations/"))
    assert "/locations/clusters/new/" not in say(clerk.get("/locations/"))


# --- adding and changing ------------------------------------------------------------------------------


def test_a_company_draws_its_places_from_the_top(owner, jua):
    owner.post("/locations/clusters/new/", {"name": "  Lake   Zone ", "outline": UKARA})
    cluster = Cluster.objects.get(name="Lake Zone")
    grid_form = owner.get(f"/locations/mini-grids/new/?in={cluster.public_id}")
    owner.post(
        "/locations/mini-grids/new/",
        {"name": "Ukara", "cluster": cluster.public_id, "latitude": "-1,8", "longitude": "33"},
    )
    grid = MiniGrid.objects.get(cluster=cluster)
    response = owner.post(
        "/locations/villages/new/",
        {"name": "Bwisya", "mini_grid": grid.public_id, "latitude": "-1.85, 33.05"},
    )

    village = Village.objects.get()
    assert f'value="{cluster.public_id}" selected' in say(grid_form)
    assert (grid.latitude, grid.longitude) == (Decimal("-1.8"), Decimal(33))
    assert (village.latitude, village.longitude) == (Decimal("-1.85"), Decimal("33.05"))
    assert cluster.outline["coordinates"][0][0] == [32.95, -1.75]
    assert response["Location"] == address(village)
    assert last_audit().action == "village.added"
    assert last_audit().facts["position"] == "-1.85, 33.05"


def test_an_outline_that_crosses_itself_is_refused_beside_the_field_and_kept_in_it(owner, jua):
    outline = "0, 0\n2, 2\n0, 2\n2, 0"
    response = owner.post("/locations/clusters/new/", {"name": "X", "outline": outline})

    assert response.status_code == 422
    assert "crosses itself" in say(response)
    assert "id_outline_error" in say(response)
    assert "2, 2\n0, 2" in say(response)
    assert not Cluster.objects.exists()


@pytest.mark.parametrize(
    ("latitude", "longitude", "said"),
    [
        ("91", "33", "Latitude goes from"),
        ("-1.85", "181", "longitude from"),
        ("-1.85", "", "or neither"),
        ("", "33", "or neither"),
        ("south", "33", "no number of degrees"),
        ("-1.85\x00", "33", "Null characters"),
    ],
)
def test_a_point_off_the_earth_is_refused(owner, world, latitude, longitude, said):
    asked = {
        "name": "Bwisya",
        "mini_grid": world.mini_grid.public_id,
        "latitude": latitude,
        "longitude": longitude,
    }
    response = owner.post(address(world.village, "change"), asked)

    assert response.status_code == 422
    assert said in say(response)
    world.village.refresh_from_db()
    assert world.village.latitude == Decimal("-1.85")


def test_a_village_moves_on_the_map_and_to_another_mini_grid_and_both_are_written_down(
    owner, world
):
    other = MiniGrid.objects.create(cluster=world.cluster, name="Ilugwa")
    asked = {
        "name": "Bwisya Mjini",
        "mini_grid": other.public_id,
        "latitude": "-1.86",
        "longitude": "33.06",
    }
    owner.post(address(world.village, "change"), asked)

    world.village.refresh_from_db()
    assert world.village.mini_grid == other
    assert last_audit().action == "village.changed"
    assert last_audit().facts == {
        "name": "Bwisya Mjini",
        "name_before": "Bwisya",
        "mini_grid": "Ilugwa, Ukerewe",
        "mini_grid_before": "Ukara, Ukerewe",
        "position": "-1.86, 33.06",
        "position_before": "-1.85, 33.05",
    }


def test_saving_nothing_new_writes_nothing_down(owner, world):
    before = AuditEntry.objects.count()
    asked = {
        "name": "Bwisya",
        "mini_grid": world.mini_grid.public_id,
        "latitude": "-1.85",
        "longitude": "33.05",
    }
    assert owner.post(address(world.village, "change"), asked).status_code == 302
    assert AuditEntry.objects.count() == before


def test_a_mini_grid_moves_to_another_cluster_with_its_villages(owner, world):
    other = Cluster.objects.create(name="Mara")
    owner.post(address(world.mini_grid, "change"), {"name": "Ukara", "cluster": other.public_id})

    world.village.refresh_from_db()
    assert world.village.mini_grid.cluster == other


@pytest.mark.parametrize("name", ["Bukiko", "  bukiko "])
def test_a_name_stands_once_in_a_mini_grid(owner, world, name):
    Village.objects.create(mini_grid=world.mini_grid, name="Bukiko")
    response = owner.post(
        address(world.village, "change"), {"name": name, "mini_grid": world.mini_grid.public_id}
    )

    assert response.status_code == 422
    assert "in Ukara already" in say(response)
    assert "id_name_error" in say(response)


def test_the_same_name_may_stand_in_another_mini_grid(owner, world):
    other = MiniGrid.objects.create(cluster=world.cluster, name="Ilugwa")
    owner.post("/locations/villages/new/", {"name": "Bwisya", "mini_grid": other.public_id})

    assert Village.objects.filter(name="Bwisya").count() == 2


def test_the_name_that_another_took_at_the_same_moment_is_refused_too(world, monkeypatch):
    monkeypatch.setattr("locations.changing._siblings", lambda place: Village.objects.none())
    with pytest.raises(NameTaken, match="in Ukara already"):
        add_village(actor=None, mini_grid=world.mini_grid, name="Bwisya")


def test_a_village_outside_the_outline_is_saved_with_a_warning(owner, outlined):
    asked = {
        "name": "Bwisya",
        "mini_grid": outlined.mini_grid.public_id,
        "latitude": "-2.5",
        "longitude": "33.05",
    }
    page = owner.post(address(outlined.village, "change"), asked, follow=True)

    outlined.village.refresh_from_db()
    assert outlined.village.latitude == Decimal("-2.5")
    assert "It stands outside the outline" in say(page)
    assert "Outside its cluster." in say(owner.get(address(outlined.village)))
    assert "outside the outline" in say(owner.get("/locations/"))
    assert "One place stands outside the outline:" in say(owner.get(address(outlined.cluster)))


def test_a_village_inside_gets_no_warning(owner, outlined):
    assert "Outside its cluster." not in say(owner.get(address(outlined.village)))


# --- removing -----------------------------------------------------------------------------------------


def test_only_an_empty_place_goes_and_the_page_names_what_is_inside(owner, world):
    asked = owner.get(address(world.village, "remove"))
    refused = owner.post(address(world.village, "remove"))

    assert f"/customers/?village={world.village.public_id}" in say(asked)
    assert "Customers: 1" in say(asked)
    assert "Devices: 1" in say(asked)
    assert refused.status_code == 409
    assert Village.objects.filter(pk=world.village.pk).exists()


@pytest.mark.parametrize("kind", ["cluster", "mini_grid"])
def test_a_place_with_places_in_it_stays(owner, world, kind):
    place = getattr(world, kind)
    assert "It is not empty." in say(owner.post(address(place, "remove")))
    assert type(place).objects.filter(pk=place.pk).exists()


def test_archived_customers_keep_their_village_and_are_named(owner, world):
    village = Village.objects.create(mini_grid=world.mini_grid, name="Bukiko")
    world.neema.village, world.neema.archived_at = village, world.meter.assigned_at
    world.neema.save()

    assert "Archived customers: 1" in say(owner.get(address(village, "remove")))


def test_an_empty_place_goes_and_is_written_down(owner, world):
    village = Village.objects.create(mini_grid=world.mini_grid, name="Empty")
    response = owner.post(address(village, "remove"))

    assert response["Location"] == address(world.mini_grid)
    assert not Village.objects.filter(name="Empty").exists()
    assert last_audit().action == "village.removed"
    assert last_audit().facts["name_before"] == "Empty"


def test_what_comes_into_a_place_while_it_is_removed_keeps_it(world, monkeypatch):
    village = Village.objects.create(mini_grid=world.mini_grid, name="Empty")

    def refuse(self):
        raise IntegrityError("still referenced")

    monkeypatch.setattr(Village, "delete", refuse)
    with pytest.raises(PlaceInUse):
        remove_place(place=village, actor=None)


# --- the map's settings -------------------------------------------------------------------------------


def test_the_map_is_set_and_its_tiles_are_allowed_on_pages_with_a_map(owner, world):
    asked = {
        "latitude": "-1.9",
        "longitude": "33",
        "zoom": "9",
        "tile_address": "https://tiles.example/{z}/{x}/{y}.png",
        "tile_credit": "© Tiles",
    }
    assert owner.post("/settings/map/", asked).status_code == 302

    assert MapSettings.objects.get().zoom == 9
    assert last_audit().facts["zoom_before"] == 2
    assert "https://tiles.example" in owner.get("/locations/")["Content-Security-Policy"]
    assert "tiles.example" not in owner.get("/customers/")["Content-Security-Policy"]
    assert "about 140" in say(owner.get("/locations/"))


def test_an_address_that_is_none_of_tiles_is_refused_beside_its_field(owner, world):
    asked = {"zoom": "9", "tile_address": "https://tiles.example/; script-src *"}
    response = owner.post("/settings/map/", asked)

    assert response.status_code == 422
    assert "id_tile_address_error" in say(response)
    assert not MapSettings.objects.exists()


def test_places_of_nowhere_are_not_found(owner, jua):
    for kind in ("clusters", "mini-grids", "villages"):
        for step in ("", "change/", "remove/"):
            assert owner.get(f"/locations/{kind}/{uuid.uuid4()}/{step}").status_code == 404
    assert owner.get("/locations/villages/new/?in=nonsense").status_code == 200
