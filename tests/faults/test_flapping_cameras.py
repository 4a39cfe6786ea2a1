"""A third of the cameras come and go every few seconds: the others do not notice, nothing piles up,
and the ones that stay again are well again."""

from pathlib import Path

import pytest

from tests.faults.broken import HEALTHY, flapping
from tests.faults.house import house
from tests.faults.test_bad_streams import all_well
from tests.servers.live_feed import LiveFeeds

STAYING = tuple(f"staying-{n}" for n in range(1, 8))
FLAPPING = {"flaps-1": 1.0, "flaps-2": 2.0, "flaps-3": 4.0}
"""How long a connection lasts, in seconds."""
GROWTH_MB = 60.0


@pytest.mark.alone
@pytest.mark.timeout(500)
def test_a_third_of_the_cameras_that_flap_do_not_disturb_the_others(tmp_path: Path) -> None:
    with (
        LiveFeeds(dict.fromkeys((*STAYING, *FLAPPING), HEALTHY)) as feeds,
        house(
            tmp_path,
            {name: feeds.url(name) for name in STAYING},
            {name: feeds.url(name) for name in FLAPPING},
        ) as home,
    ):
        home.product.until(lambda: all_well(home), "cameras that are all well", within_s=180)
        before = home.watch(6, alerts=1)

        feeds.scripts.update({name: flapping(lasts_s) for name, lasts_s in FLAPPING.items()})
        home.product.until(
            lambda: all(home.cameras()[name].reconnects for name in FLAPPING), "losses"
        )
        meanwhile = home.watch(15, alerts=2)
        ill = home.cameras()

        feeds.scripts.update(dict.fromkeys(FLAPPING, HEALTHY))
        well = 0.7 * before.worst_fps
        home.product.until(lambda: all_well(home, well), "cameras all well again", within_s=240)
        after = home.watch(3)
        assert home.product.stop(within_s=120) == 0

    meanwhile.demand_as_before(before)
    for name in FLAPPING:
        assert ill[name].reconnects >= 2, name
        assert any("stopped sending" in said for said in ill[name].problems), ill[name].problems
    assert all(ill[name].reconnects == 0 for name in STAYING)
    assert after.rss_mb - before.rss_mb < GROWTH_MB
    assert meanwhile.threads <= before.threads + 2
    assert meanwhile.files <= before.files + 6
    assert after.files <= before.files + 3
