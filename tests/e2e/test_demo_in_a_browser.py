"""The demo's page as a person sees it, in a browser: live picture, events, a clip that plays."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.running import Running

pytestmark = pytest.mark.e2e

PHONE = {"width": 390, "height": 844}
WIDE = {"width": 1280, "height": 900}
LOOKS = [
    pytest.param({"viewport": size, "color_scheme": scheme}, id=f"{name}-{scheme}")
    for name, size in (("phone", PHONE), ("wide", WIDE))
    for scheme in ("light", "dark")
]


def wait_until(page: Page, condition: str, *, within_s: float = 10.0) -> None:
    """Ask again and again: the page's policy forbids the scripts that playwright would wait in."""
    for _ in range(round(within_s / 0.05)):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {condition}")


@pytest.fixture
def finished(demo: Running) -> dict[str, Any]:
    """An event that is over, with its clip and the story of its track."""
    found: list[dict[str, Any]] = demo.until(
        lambda: [
            event
            for event in demo.events(type="line_crossing", state="closed")
            if "clip" in {artifact["kind"] for artifact in event["artifacts"]}
            and "track" in demo.http.get(f"/events/{event['id']}").text
        ],
        "a finished event with its clip",
        within_s=90,
    )
    return found[-1]


def test_the_live_picture_moves(demo: Running, page: Page) -> None:
    page.goto(demo.address)
    live = page.locator(".camera img")
    expect(live).to_be_visible(timeout=20_000)
    wait_until(page, "document.querySelector('.camera img').naturalWidth === 768")
    first = live.get_attribute("src")

    wait_until(page, f"document.querySelector('.camera img').getAttribute('src') !== '{first}'")
    wait_until(page, "document.querySelector('.camera img').naturalWidth === 768")

    expect(page.locator(".state")).to_have_text("online")


def test_a_new_event_appears_without_loading_the_page_again(demo: Running, page: Page) -> None:
    page.goto(demo.address)
    page.evaluate("window.notLoadedAgain = true")
    known = {event["id"] for event in demo.events(limit="500")}
    new = demo.until(
        lambda: [event for event in demo.events() if event["id"] not in known], "a new event"
    )[0]

    card = page.locator(f"#event-{new['id']}")
    expect(card).to_be_visible(timeout=10_000)
    wait_until(page, f"document.querySelector('#event-{new['id']} img').naturalWidth > 0")
    expect(page.get_by_role("status")).to_contain_text("new events")
    assert page.evaluate("window.notLoadedAgain") is True


def test_a_click_on_an_event_leads_to_its_clip_which_plays(
    demo: Running, page: Page, finished: dict[str, Any]
) -> None:
    page.goto(demo.address)
    page.locator(f"#event-{finished['id']} strong").click()
    page.wait_for_url(f"**/events/{finished['id']}")

    page.evaluate("document.querySelector('video').muted = true")
    page.evaluate("document.querySelector('video').play()")
    wait_until(page, "document.querySelector('video').currentTime > 0.5")

    video = "document.querySelector('video')"
    assert page.evaluate(f"{video}.readyState") >= 2
    assert page.evaluate(f"[{video}.videoWidth, {video}.videoHeight]") == [768, 576]
    assert page.evaluate(f"{video}.error") is None


def test_a_clip_goes_on_while_the_page_is_kept_fresh(
    demo: Running, page: Page, finished: dict[str, Any]
) -> None:
    page.goto(f"{demo.address}/events/{finished['id']}")
    page.evaluate("document.querySelector('video').muted = true")
    page.evaluate("document.querySelector('video').play()")

    with page.expect_response(lambda answer: answer.url.endswith(finished["id"])):
        pass

    wait_until(page, "document.querySelector('video').currentTime > 3")


def test_why_tells_what_each_stage_said(
    demo: Running, page: Page, finished: dict[str, Any]
) -> None:
    page.goto(f"{demo.address}/events/{finished['id']}")

    said = page.locator("#why li b").all_inner_texts()

    assert {"detect", "track", "zones", "rules"} <= set(said)
    expect(page.locator("#why")).to_contain_text("rule walking_by")


def test_an_event_is_found_and_opened_by_keyboard_alone(
    demo: Running, page: Page, finished: dict[str, Any]
) -> None:
    page.goto(demo.address)
    wanted = f"/events/{finished['id']}"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href')") == wanted:
            break
    else:
        raise AssertionError("Tab never reached the card")
    outline = page.evaluate(
        "getComputedStyle(document.activeElement.closest('.card')).outlineStyle"
    )
    page.keyboard.press("Enter")

    page.wait_for_url(f"**{wanted}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert outline == "solid", "where the focus is must be seen"


def test_the_focus_stays_where_it_is_while_the_page_is_kept_fresh(
    demo: Running, page: Page, finished: dict[str, Any]
) -> None:
    page.goto(demo.address)
    link = page.locator(f"#event-{finished['id']} a")
    link.focus()
    known = {event["id"] for event in demo.events(limit="500")}
    demo.until(lambda: {e["id"] for e in demo.events()} - known, "a new event")
    for _ in range(2):
        with page.expect_response(lambda answer: answer.url == f"{demo.address}/"):
            pass

    expect(link).to_be_focused()
    expect(page.locator(f"#event-{demo.events()[0]['id']}")).to_be_visible()


@pytest.mark.parametrize("context", LOOKS, indirect=True)
def test_every_screen_and_colour_scheme_is_served(
    demo: Running, context: BrowserContext, page: Page, finished: dict[str, Any]
) -> None:
    del context
    for path in ("/", f"/events/{finished['id']}"):
        page.goto(demo.address + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        sizes = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert sizes[0] <= sizes[1], f"{path} scrolls sideways"
        dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        light = page.evaluate(BRIGHTNESS)
        assert light["ground"] < 60 if dark else light["ground"] > 200
        assert abs(light["ground"] - light["ink"]) > 150, "text must stand out"


BRIGHTNESS = """() => {
  const of = (name) => getComputedStyle(document.body)[name].match(/\\d+/g).slice(0, 3)
    .reduce((sum, part) => sum + Number(part) / 3, 0);
  return { ground: of("backgroundColor"), ink: of("color") };
}"""
