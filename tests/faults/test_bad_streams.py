"""Cameras whose streams are wrong in every way that a line or a maker can think of: the others do
not notice, people are told what is wrong, and whoever is cured comes back by himself."""

import statistics
from pathlib import Path

import pytest

from tests.faults.broken import NEVER_SEEN, STILL_SEEN
from tests.faults.house import House, house
from vedette.contracts.facts import CameraState

GOOD = ("good-1", "good-2", "good-3")
BAD = (*NEVER_SEEN, *STILL_SEEN)
GROWTH_MB = 90.0
"""Of all processes, by a rough time. Measured: 30 MB, once; decoders of streams that are over would
be 100 MB more each minute."""


def tried_again(home: House) -> bool:
    """Who shows nothing was tried twice more."""
    now = home.cameras()
    return all(now[name].reconnects >= 2 for name in NEVER_SEEN)


@pytest.mark.alone
@pytest.mark.timeout(700)
def test_streams_that_are_wrong_harm_no_other_camera_and_heal(tmp_path: Path) -> None:
    with house(tmp_path, GOOD, BAD) as home:
        before = home.watch(8, alerts=2)

        home.feeds.scripts.update({**NEVER_SEEN, **STILL_SEEN})
        seen_by = {name: camera.events for name, camera in home.cameras().items()}
        home.product.until(lambda: tried_again(home), "two more tries of each", within_s=180)
        meanwhile = home.watch(12, alerts=2)

        def blind() -> list[str]:
            now = home.cameras()
            return [name for name in STILL_SEEN if now[name].events < seen_by[name] + 2]

        home.product.until(lambda: not blind(), "people seen by all others", within_s=180)
        ill = home.cameras()

        home.heal(*BAD, before=before)
        after = home.watch(6, alerts=1)

    # The others did not notice.
    meanwhile.demand_as_before(before)
    after.demand_as_before(before)

    # People are told what is wrong.
    for name in NEVER_SEEN:
        assert ill[name].state is not CameraState.ONLINE, name
        assert ill[name].problems, f"{name}: nothing was said"
        watched = statistics.median(report[name].fps_analysed for report in meanwhile.reports)
        assert watched == 0.0, name

    # Memory, threads and files stay bounded.
    assert after.rss_mb - before.rss_mb < GROWTH_MB
    meanwhile.demand_no_more_threads(before)
    after.demand_no_more_threads(before)
    assert after.files <= before.files + 10
