"""A map is drawn by the server; its tiles are allowed on its own page only."""

from decimal import Decimal

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import RequestFactory

from common.http import PolicyMiddleware
from locations.drawing import HEIGHT, WIDTH, draw
from locations.geometry import Spot, read_outline
from locations.maps import Area, Dot, Edit, make_map
from locations.models import MapSettings

BWISYA = Spot(Decimal("-1.85"), Decimal("33.05"))
BUKIKO = Spot(Decimal("-1.80"), Decimal("33.00"))


def test_dots_stand_as_on_the_earth_and_inside_the_drawing():
    drawing = draw([Dot(BWISYA, "Bwisya", weight=4), Dot(BUKIKO, "Bukiko", weight=1)], [])

    bwisya, bukiko = drawing.marks
    assert bwisya.x > bukiko.x  # further east
    assert bwisya.y > bukiko.y  # further south
    assert bwisya.radius == 2 * bukiko.radius
    assert all(0 < mark.x < WIDTH and 0 < mark.y < HEIGHT for mark in drawing.marks)
    assert {mark.word for mark in drawing.marks} == {"Bwisya", "Bukiko"}


def test_a_degree_of_longitude_shrinks_towards_the_poles():
    corners = read_outline("60, 10\n60, 11\n61, 11\n61, 10")
    points = [
        tuple(map(float, p.split(","))) for p in draw([], [Area(corners, "")]).outlines[0].split()
    ]

    wide, high = points[1][0] - points[0][0], points[0][1] - points[2][1]
    assert 0.47 < wide / high < 0.51


def test_one_single_place_has_a_scale():
    drawing = draw([Dot(BWISYA, "Bwisya")], [])

    assert drawing.scale.label.endswith("m")
    assert 0 < drawing.scale.length <= WIDTH / 5


def test_nothing_to_draw_is_no_drawing():
    assert draw([], []) is None


def test_labels_do_not_lie_on_each_other():
    drawing = draw([Dot(BWISYA, f"Village {n}") for n in range(30)], [])

    words = [(mark.word_x, mark.word_y, mark.anchor) for mark in drawing.marks if mark.word]
    assert len(words) == len(set(words)) <= 4


def test_what_a_place_is_called_cannot_leave_its_text(jua):
    request = RequestFactory().get("/")
    shown = make_map(request, dots=[Dot(BWISYA, "</script><b>'\"", url="/x/")], label="One")

    html = render_to_string("components/_map.html", {"map": shown})

    assert "</script><b>" not in html
    assert "\\u003C/script\\u003E\\u003Cb\\u003E" in html


def test_an_editing_map_names_the_fields_it_fills(jua):
    fields = {"latitude": "id_latitude", "longitude": "id_longitude"}
    shown = make_map(RequestFactory().get("/"), edit=Edit.POINT, fields=fields)

    html = render_to_string("components/_map.html", {"map": shown})

    assert 'data-latitude="id_latitude"' in html
    assert '<svg class="map' not in html


def test_tiles_are_allowed_on_the_page_with_the_map_only(jua):
    MapSettings.objects.create(tile_address="https://tiles.example/{z}/{x}/{y}.png")

    def page_with(build):
        def view(request):
            build(request)
            return HttpResponse()

        return PolicyMiddleware(view)(RequestFactory().get("/"))["Content-Security-Policy"]

    with_map = page_with(make_map)
    assert "img-src 'self' data: https://tiles.example;" in with_map
    assert "tiles.example" not in page_with(lambda request: None)
