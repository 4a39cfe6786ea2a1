"""A camera gone mad makes no more files than it may; its events are kept all the same."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scenes import camera, film, look, walker
from vedette.pipeline.media_limit import CRITICAL, MINUTE_US, MediaLimit, NoMedia


def test_so_many_within_a_minute_and_then_again() -> None:
    limit = MediaLimit(most_a_minute=2)
    times = [0, 10, 20, MINUTE_US - 1, MINUTE_US, MINUTE_US + 10, MINUTE_US + 11]

    assert [limit.allows(at_us, critical=False) for at_us in times] == [
        *(True, True, False, False),
        *(True, True, False),
    ]


def test_critical_ones_have_their_own_ceiling() -> None:
    limit = MediaLimit(most_a_minute=2)
    plain = [limit.allows(number, critical=False) for number in range(5)]
    urgent = [limit.allows(number, critical=True) for number in range(5, 20)]

    assert plain == [True, True, False, False, False]
    assert sum(urgent) == 2 * CRITICAL - 2


@given(times=st.lists(st.integers(0, 5 * MINUTE_US), max_size=60), most=st.integers(1, 4))
def test_never_more_within_any_minute(times: list[int], most: int) -> None:
    limit = MediaLimit(most_a_minute=most)
    allowed = [at_us for at_us in sorted(times) if limit.allows(at_us, critical=False)]

    for first in allowed:
        assert sum(first <= each < first + MINUTE_US for each in allowed) <= most


def test_a_clock_that_was_put_back_blocks_nothing_for_long() -> None:
    limit = MediaLimit(most_a_minute=1)
    limit.allows(10 * MINUTE_US, critical=False)

    assert limit.allows(0, critical=False)


def test_what_gets_no_files_owes_none() -> None:
    nothing: Any = NoMedia()

    assert (nothing.owes, nothing.finished(0), nothing.opening(None, None)) == (False, True, ())


@pytest.mark.parametrize(("most", "with_files"), [(2, 2), (60, 5)])
def test_events_beyond_the_limit_are_kept_without_files(
    tmp_path: Path, most: int, with_files: int
) -> None:
    """Five walkers, five events; files as the setting says."""
    walkers = [walker((t, -0.1, 0.5), (t + 2.5, 1.1, 0.5)) for t in range(0, 15, 3)]
    video = film(tmp_path / "scene.mp4", *walkers, duration_s=16.0)
    settings = camera(
        video, rules=[{"id": "seen", "type": "presence"}], events={"most_a_minute": most}
    )

    found = look(settings, artifacts=tmp_path / "out")

    assert len(found.events) == 5
    assert sum(bool(held.files) for held in found.events) == with_files
