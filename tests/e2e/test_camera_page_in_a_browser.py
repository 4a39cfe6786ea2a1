"""The page of a camera in a browser: live video plays on, recordings play, and a hole is shown."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_demo_in_a_browser import wait_until
from tests.running import Running
from tests.servers.camera_video import camera_video, with_tone

pytestmark = pytest.mark.e2e

SETTINGS = """
detector: {{type: blob}}
cameras:
  - id: yard
    name: The yard
    audio: true
    source: {{type: file, path: {video}, pace: realtime, loop: true, start: now}}
    detect: {{enabled: false}}
    record: {{mode: always, segment_s: 1}}
api: {{port: 0}}
"""


def segments(running: Running) -> float:
    """Recorded since it runs, about a second each."""
    rows = running.http.get("/metrics").text.splitlines()
    found = [row for row in rows if row.startswith("vedette_recording_segments_total")]
    return float(found[0].split()[-1]) if found else 0.0


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A camera with sound that is recorded, and was down for a while."""
    folder = tmp_path_factory.mktemp("yard")
    silent = camera_video(folder / "silent.mp4", fps=15, duration_s=6.0, gop_s=1.0)
    video = with_tone(silent, folder / "yard.mp4", seconds=6.0)
    config = folder / "vedette.yaml"
    config.write_text(SETTINGS.format(video=video))
    arguments: tuple[str | Path, ...] = ("up", "--config", config, "--data", folder / "data")
    with Running(*arguments) as before:
        before.until(lambda: segments(before) >= 3, "a few seconds of recording")
        assert before.stop() == 0
    with Running(*arguments) as running:
        running.until(lambda: segments(running) >= 3, "a few seconds of recording")
        yield running
        assert running.stop() == 0


def quality(page: Page, video: str) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        f"""(() => {{
          const video = document.getElementById("{video}");
          const {{ totalVideoFrames, droppedVideoFrames }} = video.getVideoPlaybackQuality();
          return {{ at: video.currentTime, shown: totalVideoFrames, dropped: droppedVideoFrames,
                    size: [video.videoWidth, video.videoHeight], error: video.error?.message }};
        }})()"""
    )
    return found


def test_live_video_plays_and_goes_on(yard: Running, page: Page) -> None:
    page.goto(f"{yard.address}/cameras/yard")
    wait_until(page, "document.getElementById('live').currentTime > 0.5", within_s=20)
    first = quality(page, "live")

    wait_until(page, f"document.getElementById('live').currentTime > {first['at'] + 2}")

    later = quality(page, "live")
    assert later["error"] is None
    assert later["size"] == [320, 240]
    assert later["shown"] - first["shown"] >= 15, "fifteen a second arrive"
    expect(page.locator("#live-words")).to_have_text("")
    expect(page.get_by_role("heading", level=1)).to_have_text("The yard")
    expect(page.locator("#figures")).to_contain_text("frames a second")


def test_a_recording_plays_over_a_hole_which_is_shown(yard: Running, page: Page) -> None:
    page.goto(f"{yard.address}/cameras/yard")
    recorded = page.locator("#line .recorded")
    expect(recorded.first).to_be_visible()
    assert recorded.count() >= 2, "before and after it was down"
    gap = page.locator("#line .gap").first
    words = gap.get_attribute("title") or ""
    assert " to " in words
    page.locator("summary").click()
    expect(page.locator("#list")).to_contain_text(words)

    recorded.first.focus()
    page.keyboard.press("Enter")
    wait_until(page, "document.getElementById('film').currentTime > 0.5", within_s=20)
    first = quality(page, "film")
    wait_until(page, f"document.getElementById('film').currentTime > {first['at'] + 1}")

    later = quality(page, "film")
    assert later["error"] is None
    assert later["size"] == [320, 240]
    assert later["shown"] - first["shown"] >= 8
    expect(page.locator("#film-words")).to_contain_text(", then ")  # the interval has a hole


def test_a_day_without_recordings_says_so(yard: Running, page: Page) -> None:
    page.goto(f"{yard.address}/cameras/yard")
    expect(page.locator("#line .recorded").first).to_be_visible()

    page.locator("#day").fill("2020-01-01")
    page.get_by_role("button", name="Show").click()

    expect(page.locator("#film-words")).to_have_text("Nothing is recorded on this day.")
    assert page.locator("#line .recorded").count() == 0
