"""A third of the cameras come and go every few seconds: the others do not notice, nothing piles up,
and the ones that stay again are well again."""

from pathlib import Path

import pytest

from tests.faults.broken import flapping
from tests.faults.house import house

STAYING = tuple(f"staying-{n}" for n in range(1, 8))
FLAPPING = {"flaps-1": 1.0, "flaps-2": 2.0, "flaps-3": 4.0}
"""How long a connection lasts, in seconds."""
GROWTH_MB = 60.0


@pytest.mark.alone
@pytest.mark.timeout(500)
def test_a_third_of_the_cameras_that_flap_do_not_disturb_the_others(tmp_path: Path) -> None:
    with house(tmp_path, STAYING, tuple(FLAPPING)) as home:
        before = home.watch(6, alerts=1)

        home.feeds.scripts.update({name: flapping(lasts_s) for name, lasts_s in FLAPPING.items()})
        home.product.until(
            lambda: all(home.cameras()[name].reconnects for name in FLAPPING), "losses"
        )
        meanwhile = home.watch(15, alerts=2)
        ill = home.cameras()

        home.heal(*FLAPPING, before=before)
        after = home.watch(3)

    meanwhile.demand_as_before(before)
    for name in FLAPPING:
        assert ill[name].reconnects >= 2, name
        assert any("stopped sending" in said for said in ill[name].problems), ill[name].problems
    assert all(ill[name].reconnects == 0 for name in STAYING)
    assert after.rss_mb - before.rss_mb < GROWTH_MB
    meanwhile.demand_no_more_threads(before)
    assert meanwhile.files <= before.files + 6
    assert after.files <= before.files + 3
