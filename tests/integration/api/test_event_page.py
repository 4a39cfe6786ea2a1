"""The page of an event whose parts are not all there (yet), and of a camera without a picture."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tests.integration.api.conftest import event_of, files_of
from vedette.contracts.event import EventState
from vedette.contracts.sink import EventChange

OPEN: dict[str, Any] = {"state": EventState.OPEN, "ended_at": None, "end_reason": None}


async def page_of(door: SimpleNamespace, *, files: int, **parts: Any) -> tuple[int, str]:
    """Store an event with the first of its files; status and text of its page."""
    event = event_of(9).model_copy(update=parts)
    change = EventChange(event=event, artifacts=files_of(event)[:files])
    await door.keeper.store_rows(await door.keeper.write_files(change))
    answer = await door.client.get(f"/events/{event.id}")
    return answer.status_code, answer.text


@pytest.mark.parametrize(
    ("files", "parts", "told"),
    [
        (1, {}, "This event has no clip."),
        (0, {}, "Its files are no longer kept."),
        (1, OPEN, "The clip will be here when the event is over."),
        (1, OPEN, "The object is still in view"),
        (2, {}, "There is no story of this object"),
        (1, {"track_ids": ()}, "about several objects at once"),
    ],
)
async def test_what_is_not_there_is_explained(
    door: SimpleNamespace, files: int, parts: dict[str, Any], told: str
) -> None:
    status, text = await page_of(door, files=files, **parts)

    assert status == 200
    assert told in text


async def test_figures_have_their_units(door: SimpleNamespace) -> None:
    numbers = {"dwell_s": 15.2345, "count": 4, "direction": "forward"}

    _, text = await page_of(door, files=0, numbers=numbers)

    assert "<dt>Dwell</dt><dd>15.23 s</dd>" in text
    assert "<dt>Count</dt><dd>4</dd>" in text


async def test_a_camera_that_never_delivered_says_so(door: SimpleNamespace) -> None:
    text = (await door.client.get("/")).text

    assert text.count("no picture yet") == 1
    assert 'id="dark-gate"' in text
    assert "looked at 2.5 times a second" in text
    assert "/live/gate.jpg" not in text


async def test_the_pages_say_how_a_camera_is(door: SimpleNamespace) -> None:
    home = (await door.client.get("/")).text
    page = (await door.client.get("/cameras/yard")).text
    other = (await door.client.get("/cameras/gate")).text

    assert '<span id="tamper-yard" class="state failed">covered</span>' in home
    assert "tamper-gate" not in home
    for words in (
        "the camera is covered",
        "25.0 frames a second",
        "0.20 s late",
        "while nothing moves, only keyframes are looked at",
        "<dd>3 corrupt</dd>",
        "connected; 2 known, 1 unknown",
    ):
        assert words in page
    assert 'id="figures"' not in other


async def test_nothing_is_fetched_from_a_foreign_host(door: SimpleNamespace) -> None:
    for path in ("/", f"/events/{door.ids[0]}", "/style.css", "/page.js"):
        text = (await door.client.get(path)).text.replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text
        assert "https://" not in text
    for path in ("/docs", "/redoc"):
        assert (await door.client.get(path)).status_code == 404


async def test_only_an_address_with_a_revision_is_kept_by_browsers(door: SimpleNamespace) -> None:
    url = f"/api/v1/events/{door.ids[0]}/artifacts/clip"

    newest = await door.client.get(url)
    first = await door.client.get(url, params={"revision": 1})

    assert newest.headers["cache-control"] == "private, no-cache"
    assert first.headers["cache-control"] == "private, max-age=31536000"


async def test_the_address_of_a_superseded_picture_leads_to_the_better_one(
    door: SimpleNamespace,
) -> None:
    event = event_of(9)
    first = files_of(event)[0]
    for new in (first, replace(first, revision=2, data=b"\xff\xd8 a better picture")):
        change = EventChange(event=event, artifacts=(new,))
        await door.keeper.store_rows(await door.keeper.write_files(change))
    url = f"/api/v1/events/{event.id}/artifacts/{first.kind}"

    old = await door.client.get(url, params={"revision": 1}, follow_redirects=True)
    future = await door.client.get(url, params={"revision": 3})

    assert (old.status_code, old.content) == (200, b"\xff\xd8 a better picture")
    assert old.history[0].headers["cache-control"] == "no-store"
    assert future.status_code == 404
    assert future.json()["detail"] == f"event {event.id} has no {first.kind} 3"
