"""The demo's page as a person sees it, in Debian's Chromium: live picture, events, a clip."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.running import Running

pytestmark = pytest.mark.e2e

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running("demo", "--port", "0", "--data", tmp_path_factory.mktemp("demo")) as running:
        yield running
        assert running.stop() == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert Path(CHROMIUM).exists(), "make e2e needs chromium: apt-get install chromium"
    with sync_playwright() as tools:
        chromium = tools.chromium.launch(executable_path=CHROMIUM, args=[*QUIET])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that may not complain."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on(
        "console", lambda said: complaints.append(said.text) if said.type == "error" else None
    )
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    yield opened
    context.close()
    assert complaints == []


def wait_until(page: Page, condition: str) -> None:
    """Ask again and again: the policy of the page forbids the scripts that playwright waits in."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {condition}")


def test_the_live_picture_is_there_and_events_appear_by_themselves(
    demo: Running, page: Page
) -> None:
    page.goto(demo.address)

    live = page.locator(".camera img").first
    expect(live).to_be_visible()
    wait_until(page, "document.querySelector('.camera img').naturalWidth > 0")
    expect(page.locator(".card").first).to_be_visible(timeout=60_000)
    wait_until(page, "document.querySelector('.card img').naturalWidth > 0")


def test_an_event_opens_by_keyboard_and_its_clip_plays(demo: Running, page: Page) -> None:
    closed = demo.until(
        lambda: [
            event
            for event in demo.events(type="line_crossing", state="closed")
            if "clip" in {a["kind"] for a in event["artifacts"]}
        ],
        "a finished event with its clip",
        within_s=90,
    )
    page.goto(demo.address)
    page.locator(f"#event-{closed[0]['id']} a").focus()
    page.keyboard.press("Enter")

    page.wait_for_url("**/events/*")
    page.evaluate("document.querySelector('video').muted = true")
    page.evaluate("document.querySelector('video').play()")
    wait_until(page, "document.querySelector('video').currentTime > 0.5")
    assert page.evaluate("document.querySelector('video').videoWidth") == 768
    expect(page.get_by_role("heading", name="Why?")).to_be_visible()


def test_a_phone_needs_no_sideways_scrolling_in_dark_and_light(
    demo: Running, browser: Browser
) -> None:
    colours = []
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport=PHONE, color_scheme=scheme)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(demo.address)
        width = page.evaluate("document.documentElement.scrollWidth")
        colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        context.close()
        assert width <= PHONE["width"]
    assert colours[0] != colours[1]
