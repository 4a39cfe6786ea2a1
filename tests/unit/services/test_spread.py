"""Cameras are spread evenly over workers, and one that kills its worker ends up alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.services.spread import set_apart, spread

CAMERAS = [f"camera-{n}" for n in range(9)]


@given(
    st.dictionaries(st.sampled_from(CAMERAS), st.floats(0.1, 5.0), min_size=1),
    st.integers(1, 6),
)
def test_every_camera_is_somewhere_once_and_the_loads_are_close(
    weights: dict[str, float], workers: int
) -> None:
    lists = spread(weights, workers)

    assert len(lists) == workers
    assert sorted(name for part in lists for name in part) == sorted(weights)
    loads = [sum(weights[name] for name in part) for part in lists]
    assert max(loads) - min(loads) <= max(weights.values()) + 1e-9


@pytest.mark.parametrize("guilty", CAMERAS)
@pytest.mark.parametrize("seen", [True, False])
def test_the_one_that_kills_its_worker_is_soon_alone(guilty: str, seen: bool) -> None:
    groups, rounds = [list(CAMERAS)], 0
    while len(sick := next(group for group in groups if guilty in group)) > 1:
        apart = set_apart(sick, [guilty, "elsewhere"] if seen else [])
        assert 0 < len(apart) < len(sick)
        groups.remove(sick)
        groups += [[name for name in sick if name not in apart], apart]
        rounds += 1

    assert rounds <= (1 if seen else 4)
    assert sorted(name for group in groups for name in group) == CAMERAS


def test_when_all_were_at_work_half_of_them_go() -> None:
    assert set_apart(["a", "b", "c"], ["a", "b", "c"]) == ["c"]
