"""The map in a real browser, without tiles: it is opened, drawn on and dragged, and follows what is typed."""

import mimetypes
import os
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse
from playwright.sync_api import Page, Route, expect, sync_playwright

from locations.geometry import as_geojson, contains, make_spot, read_outline
from locations.models import MapSettings

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
HOST = "http://jua.localhost"
UKARA = "-1.75, 32.95\n-1.75, 33.15\n-1.95, 33.15\n-1.95, 32.95"
pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]


@pytest.fixture
def answers(owner, world):
    """The pages with a map as they come from the server, fetched before a browser runs."""
    world.cluster.outline = as_geojson(read_outline(UKARA))
    world.cluster.save()
    MapSettings.objects.create(tile_address="https://tiles.example/{z}/{x}/{y}.png")
    return {
        "point": owner.get(reverse("desk:village-change", args=[world.village.public_id])),
        "outline": owner.get(reverse("desk:cluster-change", args=[world.cluster.public_id])),
        "blank": owner.get(reverse("desk:cluster-add")),
        "place": owner.get(reverse("desk:cluster", args=[world.cluster.public_id])),
    }


@pytest.fixture
def page(answers):
    if not CHROMIUM.exists():
        if os.environ.get("MPM_BROWSER_REQUIRED") == "1":
            pytest.fail(f"There is no {CHROMIUM}: on Debian install the package chromium.")
        pytest.skip(f"There is no {CHROMIUM}: on Debian install the package chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = browser.new_page(viewport={"width": 1280, "height": 1400})
        opened.trouble = []
        opened.asked = []
        opened.on("console", lambda message: opened.trouble.append(message.text))
        opened.on("pageerror", lambda error: opened.trouble.append(str(error)))
        opened.route("**/*", serve(answers, opened.asked))
        yield opened
        browser.close()


def serve(answers, asked):
    """Answer from memory with the policy of the page; tiles and all else outside are unreachable."""

    def answer(route: Route):
        asked.append(route.request.url)
        path = unquote(urlsplit(route.request.url).path)
        if not route.request.url.startswith(HOST):
            return route.abort()
        if path.strip("/") in answers:
            found = answers[path.strip("/")]
            policy = {"Content-Security-Policy": found.headers["Content-Security-Policy"]}
            kind = "text/html; charset=utf-8"
            return route.fulfill(body=found.content, content_type=kind, headers=policy)
        file = finders.find(path.removeprefix("/static/")) if path.startswith("/static/") else None
        if file is None:
            return route.fulfill(status=404)
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return route.fulfill(body=Path(file).read_bytes(), content_type=kind)

    return answer


def open_map(page: Page, name: str) -> None:
    page.goto(f"{HOST}/{name}")
    assert not any("leaflet" in address for address in page.asked)  # it costs only when asked for
    page.locator("[data-map-open]").click()
    expect(page.locator(".leaflet-container")).to_be_visible()
    page.wait_for_function("!document.querySelector('.leaflet-zoom-anim, .leaflet-pan-anim')")


def drag(page: Page, handle, *, right: int, down: int) -> None:
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right / 2, y + down / 2, steps=4)
    page.mouse.move(x + right, y + down, steps=4)
    page.mouse.up()


def test_a_point_is_dragged_typed_and_pressed(page):
    open_map(page, "point")
    latitude, longitude = page.get_by_label("Latitude"), page.get_by_label("Longitude")
    pin = page.locator(".handle.pin")

    drag(page, pin, right=60, down=-40)
    dragged = Decimal(latitude.input_value()), Decimal(longitude.input_value())
    assert Decimal("-1.85") < dragged[0] < Decimal("-1.7")
    assert Decimal("33.05") < dragged[1] < Decimal("33.2")

    before = pin.bounding_box()
    latitude.fill("-1.9")
    latitude.blur()
    page.wait_for_function(
        "before => document.querySelector('.handle.pin').getBoundingClientRect().y !== before",
        arg=before["y"],
    )

    ground = page.locator(".ground").bounding_box()
    page.mouse.click(ground["x"] + 40, ground["y"] + 100)
    pressed = Decimal(latitude.input_value()), Decimal(longitude.input_value())
    assert pressed[1] < dragged[1]
    assert pressed != dragged


def test_an_outline_is_drawn_from_nothing_and_a_corner_taken_away(page):
    open_map(page, "blank")
    ground = page.locator(".ground").bounding_box()
    for right, down in ((300, 100), (600, 100), (600, 300), (450, 350), (300, 300)):
        page.mouse.click(ground["x"] + right, ground["y"] + down)
    field = page.locator("#id_outline")
    expect(page.locator(".handle.corner")).to_have_count(5)
    outline = read_outline(field.input_value())
    assert len(outline) == 5

    page.locator(".handle.corner").nth(3).click()

    expect(page.locator(".handle.corner")).to_have_count(4)
    assert read_outline(field.input_value()) == [*outline[:3], outline[4]]


def test_an_outline_is_changed_by_its_handles_and_by_hand(page):
    open_map(page, "outline")
    field = page.locator("#id_outline")
    expect(page.locator(".handle.corner")).to_have_count(4)
    outside = make_spot(Decimal("-1.7"), Decimal("33.05"))
    assert not contains(read_outline(field.input_value()), outside)

    middle = page.locator(".handle.middle").first  # between the two northern corners
    drag(page, middle, right=0, down=-150)
    expect(page.locator(".handle.corner")).to_have_count(5)
    assert contains(read_outline(field.input_value()), outside)

    field.fill(UKARA)
    field.blur()
    expect(page.locator(".handle.corner")).to_have_count(4)


def test_a_place_opens_its_map_without_tiles_and_breaks_no_rule_of_the_page(page):
    open_map(page, "place")
    spot = page.locator("path.spot").first
    spot.click(force=True)

    expect(page.locator(".leaflet-popup-content a")).to_have_text("Bwisya")
    expect(page.get_by_role("status")).to_contain_text("No tiles came.")
    assert any(address.startswith("https://tiles.example/") for address in page.asked)
    assert [said for said in page.trouble if "Content Security Policy" in said] == []
    assert [said for said in page.trouble if "ERR_FAILED" not in said] == []
