"""A customer pays by phone and types the token; the office sees how it went. In a real browser."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from mpm import demo as demo_program
from tests.running_demo import Demo

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE_MS = 60_000
pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.enable_socket]


@pytest.fixture
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        missing = f"There is no {CHROMIUM}: on Debian and Ubuntu install the package chromium."
        if os.environ.get("MPM_BROWSER_REQUIRED") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Page:
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    return page


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    running = Demo(tmp_path / "local")
    running.until_served()
    yield running
    running.process.send_signal(signal.SIGINT)
    running.process.communicate(timeout=60)


def test_a_customer_pays_types_the_token_and_the_office_sees_every_step(page: Page, demo: Demo):
    log_in(page, f"http://jua.localhost:{demo.port}/")
    page.goto(f"http://localhost:{demo.sandbox_port}/")

    pay(page, payer="Juma Kato", device="47000100029", amount="4000")
    sms = page.locator(".sms", has_text="Token").inner_text()
    token = re.search(r"Token ((?:\d{4} ){4}\d{4}) = 10 kWh", sms)[1]

    type_token(page, token)
    expect(page.get_by_role("status")).to_contain_text("Accepted.")
    expect(page.locator(".lcd")).to_contain_text("10.0 kWh")

    type_token(page, token)
    expect(page.get_by_role("alert")).to_contain_text("Not taken.")

    page.get_by_role("link", name="Trace of the last payment").click()
    expect(page.get_by_role("region", name="Outcome")).to_contain_text(token)
    story = page.get_by_role("region", name="What happened")
    expect(story).to_contain_text(sms)
    expect(story).to_contain_text("SMS delivered")


def log_in(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("E-mail").fill("owner@jua.example")
    page.get_by_label("Password", exact=True).fill(demo_program.PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(address)


def pay(page: Page, *, payer: str, device: str, amount: str) -> None:
    page.get_by_label("Who pays").select_option(label=payer)
    page.get_by_label("Through").select_option(label="Airtel Money")
    page.get_by_label("Device number").fill(device)
    page.get_by_label(re.compile("^Amount")).fill(amount)
    page.get_by_role("button", name="Pay", exact=True).click()


def type_token(page: Page, token: str) -> None:
    page.get_by_label("Token", exact=True).fill(token)
    page.get_by_role("button", name="Enter token").click()
