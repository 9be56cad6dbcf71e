"""Outlines are simple polygons on the earth, and a point is in one or not."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locations import geometry
from locations.geometry import (
    MOST_CORNERS,
    NotAnOutline,
    NotDegrees,
    OffTheEarth,
    OutlineCrosses,
    OutlineUnreadable,
    Spot,
    TooFewCorners,
    TooManyCorners,
    as_geojson,
    as_text,
    contains,
    make_spot,
    outline_of,
    read_degrees,
    read_outline,
    stored_outline,
)

SQUARE = "0, 0\n0, 2\n2, 2\n2, 0"


def spot(latitude: str, longitude: str) -> Spot:
    return Spot(Decimal(latitude), Decimal(longitude))


def test_an_outline_reads_as_it_is_written_and_stored():
    outline = read_outline(
        "-1.85, 33.05\n-1.95; 33.05\n\n-1,95  33,15".replace(",95  33,15", ".95 33.15")
    )

    assert read_outline(as_text(outline)) == outline
    assert outline_of(as_geojson(outline)) == outline
    assert stored_outline(json.loads(json.dumps(as_geojson(outline)))) == outline
    assert as_geojson(outline)["coordinates"][0][0] == [33.05, -1.85]


@pytest.mark.parametrize(
    "geojson",
    [
        {"type": "Feature", "properties": {}, "geometry": as_geojson(read_outline(SQUARE))},
        {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "geometry": as_geojson(read_outline(SQUARE))}],
        },
        {"type": "MultiPolygon", "coordinates": [as_geojson(read_outline(SQUARE))["coordinates"]]},
    ],
)
def test_geojson_may_be_pasted_as_other_programs_write_it(geojson):
    assert read_outline(json.dumps(geojson)) == read_outline(SQUARE)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", TooFewCorners),
        ("0, 0\n0, 1", TooFewCorners),
        ("0, 0\n0, 1\n0, 0\n0, 1", TooFewCorners),
        ("0, 0\n0, 1\nelsewhere", OutlineUnreadable),
        ("0, 0\n0, 1\n1, 2, 3", OutlineUnreadable),
        ("0, 0\n0, 1\n91, 0", OffTheEarth),
        ("0, 0\n2, 2\n0, 2\n2, 0", OutlineCrosses),
        ("0, 0\n0, 2\n0, 1\n2, 1", OutlineCrosses),  # folds back on itself
        ("0, 0\n0, 2\n2, 2\n0, 1", OutlineCrosses),  # a corner on another side
        ("{", NotAnOutline),
        ("{}", NotAnOutline),
        ('{"type": "Point", "coordinates": [1, 2]}', NotAnOutline),
        ('{"type": "Polygon", "coordinates": [[[1, 2], ["a", 2], [1, 1]]]}', NotAnOutline),
        ('{"type": "Polygon", "coordinates": [[[NaN, 2], [2, 2], [1, 1]]]}', OffTheEarth),
        ('{"type": "Polygon", "coordinates": [[], []]}', NotAnOutline),
    ],
)
def test_what_is_no_outline_is_refused_with_a_reason(text, refusal):
    with pytest.raises(refusal):
        read_outline(text)


def test_an_outline_has_at_most_so_many_corners():
    corners = [f"{n / 1000}, {(n % 2) / 1000}" for n in range(MOST_CORNERS)] + ["0, 1"]
    with pytest.raises(TooManyCorners):
        read_outline("\n".join(corners))
    ring = [[n / 1000, 0] for n in range(5000)]
    with pytest.raises(TooManyCorners):
        outline_of({"type": "Polygon", "coordinates": [ring]})


@pytest.mark.parametrize(
    ("point", "is_inside"),
    [
        (spot("1", "1"), True),
        (spot("0", "0"), True),
        (spot("0", "1"), True),
        (spot("2", "1.5"), True),
        (spot("2.000001", "1"), False),
        (spot("-1", "1"), False),
        (spot("1", "3"), False),
        (spot("0", "-1"), False),
    ],
)
def test_a_point_on_the_line_is_inside(point, is_inside):
    assert contains(read_outline(SQUARE), point) is is_inside


def test_a_bay_of_an_outline_is_outside():
    horseshoe = read_outline("0, 0\n0, 3\n3, 3\n3, 2\n1, 2\n1, 1\n3, 1\n3, 0")

    assert not contains(horseshoe, spot("2", "1.5"))
    assert contains(horseshoe, spot("2", "0.5"))


DEGREES = st.decimals("-80", "80", places=6, allow_nan=False)


@given(latitude=DEGREES, longitude=DEGREES)
def test_a_square_around_a_point_contains_it_and_not_its_neighbour(latitude, longitude):
    half = Decimal("0.5")
    outline = geometry.checked(
        [
            make_spot(latitude - half, longitude - half),
            make_spot(latitude - half, longitude + half),
            make_spot(latitude + half, longitude + half),
            make_spot(latitude + half, longitude - half),
        ]
    )

    assert contains(outline, make_spot(latitude, longitude))
    assert not contains(outline, make_spot(latitude + 1, longitude))
    assert not contains(outline, make_spot(latitude, longitude - 1))


@pytest.mark.parametrize(
    ("text", "degrees"), [("-1,85", "-1.85"), ("\u22121.85°", "-1.85"), (" 33 ", "33")]
)
def test_degrees_are_read_as_people_write_them(text, degrees):
    assert read_degrees(text) == Decimal(degrees)


@pytest.mark.parametrize("text", ["", "1.85 S", "NaN", "1e2", "1.2.3", "9" * 50])
def test_what_is_no_number_of_degrees_is_refused(text):
    with pytest.raises(NotDegrees):
        read_degrees(text)
