"""The main pages, full and in a real browser: no serious finding of axe, and nothing runs out of the side."""

import mimetypes
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.staticfiles import finders
from django.urls import reverse
from playwright.sync_api import Route, sync_playwright

from payments.models import Payment

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
HOST = "http://jua.localhost"
WIDTHS = (1280, 390)
SERIOUS = {"serious", "critical"}
LISTS = (
    "desk:home",
    "desk:inbox",
    "payments:payment-list",
    "desk:customer-list",
    "desk:customer-new",
    "questions:question-list",
    "desk:device-list",
    "desk:location-list",
    "desk:tariff-list",
    "desk:tariff-add",
    "desk:connection-types",
    "desk:audit",
    "questions:question-list",
    "accounts:user-list",
    "accounts:roles",
    "locations:map-settings",
    "messaging:message-list",
    "reports:trial-balance",
    "plugins:connection-list",
    "watch:running",
    "onboarding:money-settings",
    "desk:location-list",
    "desk:cluster-add",
    "locations:map-settings",
    "accounts:profile",
)
pytestmark = [pytest.mark.browser, pytest.mark.enable_socket]


@pytest.fixture
def pages(owner, busy):
    """The answers to the addresses of the main pages, fetched before a browser runs."""
    about = {
        "desk:payment": Payment.objects.get(reference="BUSY0000"),
        "desk:customer": busy.customers[0],
        "desk:customer-edit": busy.customers[0],
        "desk:customer-statement": busy.customers[0],
        "desk:customer-history": busy.customers[0],
        "desk:customer-archive": busy.customers[0],
        "desk:customer-merge": busy.customers[0],
        "customers:customer-about": busy.customers[0],
        "customers:customer-document": busy.customers[0],
        "desk:device": busy.devices[0],
        "desk:device-free-token": busy.devices[0],
        "desk:tariff": busy.tariff,
        "desk:cluster": busy.cluster,
        "desk:village": busy.village,
        "desk:village-change": busy.village,
    }
    addresses = [reverse(name) for name in LISTS]
    addresses += [reverse(name, args=[each.public_id]) for name, each in about.items()]
    found = {address: owner.get(address) for address in addresses}
    assert {each.status_code for each in found.values()} == {200}
    return {address: each.content for address, each in found.items()}


def serve(pages):
    """Answer the browser from memory and from the static files; anything else does not exist."""

    def answer(route: Route):
        path = unquote(urlsplit(route.request.url).path)
        if path in pages:
            return route.fulfill(body=pages[path], content_type="text/html; charset=utf-8")
        file = finders.find(path.removeprefix("/static/")) if path.startswith("/static/") else None
        if file is None:
            return route.fulfill(status=404)
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return route.fulfill(body=Path(file).read_bytes(), content_type=kind)

    return answer


def test_main_pages_have_no_serious_finding_and_no_sideways_scroll(pages):
    if not CHROMIUM.exists():
        if os.environ.get("MPM_BROWSER_REQUIRED") == "1":
            pytest.fail(f"There is no {CHROMIUM}: on Debian install the package chromium.")
        pytest.skip(f"There is no {CHROMIUM}: on Debian install the package chromium.")
    findings = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for width in WIDTHS:
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.route("**/*", serve(pages))
            for address in pages:
                page.goto(HOST + address)
                found = Axe().run(page).response["violations"]
                findings += [
                    (width, address, each["id"], each["nodes"][0]["html"])
                    for each in found
                    if each["impact"] in SERIOUS
                ]
                if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                    findings.append((width, address, "runs out of the side", ""))
            page.close()
        browser.close()

    assert findings == []
