"""Cameras whose streams are wrong in every way that a line or a maker can think of: the others do
not notice, people are told what is wrong, and whoever is cured comes back by himself."""

import statistics
from pathlib import Path

import pytest

from tests.faults.broken import HEALTHY, NEVER_SEEN, STILL_SEEN
from tests.faults.house import FPS, House, house
from tests.servers.live_feed import LiveFeeds
from vedette.contracts.facts import CameraState

GOOD = ("good-1", "good-2", "good-3")
BAD = (*NEVER_SEEN, *STILL_SEEN)
GROWTH_MB = 300.0
"""What the heaps of all processes may keep of a rough time: decoders of other sizes and codecs."""


def all_well(home: House) -> bool:
    return all(
        camera.state is CameraState.ONLINE and camera.fps_analysed > 0.7 * FPS
        for camera in home.cameras().values()
    )


@pytest.mark.timeout(400)
def test_streams_that_are_wrong_harm_no_other_camera_and_heal(tmp_path: Path) -> None:
    with (
        LiveFeeds(dict.fromkeys((*GOOD, *BAD), HEALTHY)) as feeds,
        house(
            tmp_path,
            {name: feeds.url(name) for name in GOOD},
            {name: feeds.url(name) for name in BAD},
        ) as home,
    ):
        home.product.until(lambda: all_well(home), "cameras that are all well")
        before = home.watch(20)

        feeds.scripts.update({**NEVER_SEEN, **STILL_SEEN})
        home.watch(15)
        seen_by = {name: camera.events for name, camera in home.cameras().items()}
        meanwhile = home.watch(45)
        ill = home.cameras()

        feeds.scripts.update(dict.fromkeys(BAD, HEALTHY))
        home.product.until(lambda: all_well(home), "cameras that are all well again", within_s=120)
        after = home.watch(15)
        assert home.product.stop() == 0

    # The others did not notice.
    assert meanwhile.worst_fps > 0.9 * FPS
    assert after.worst_fps > 0.9 * FPS
    assert len(meanwhile.alerts_late_s) >= 2 * len(GOOD)
    assert meanwhile.alert_late_s < max(1.0, 3 * before.alert_late_s)

    # People are told what is wrong.
    for name in NEVER_SEEN:
        assert ill[name].state is not CameraState.ONLINE, name
        assert ill[name].problems, f"{name}: nothing was said"
        assert ill[name].reconnects >= 2, f"{name}: it was not tried again"
        watched = statistics.median(report[name].fps_analysed for report in meanwhile.reports)
        assert watched == 0.0, name

    # What can be seen is seen.
    blind = [name for name in STILL_SEEN if ill[name].events <= seen_by[name]]
    assert not blind, f"nobody was noticed by {', '.join(blind)}"

    # Memory and threads stay bounded.
    assert after.rss_mb - before.rss_mb < GROWTH_MB
    assert meanwhile.threads <= before.threads + 5
    assert after.threads <= before.threads + 2
