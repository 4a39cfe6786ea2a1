"""The background is taken through a change of light, level by level."""

import numpy as np
import pytest

from vedette.motion.light import relight

RAMP = np.tile(np.arange(60, 200, dtype=np.uint8), (60, 1))
ALL = np.full(RAMP.shape, 255, dtype=np.uint8)


@pytest.mark.parametrize(("gain", "offset"), [(1.0, 0.0), (1.0, 30.0), (0.5, 20.0), (1.2, -10.0)])
def test_gain_and_offset_are_found(gain: float, offset: float) -> None:
    now = np.clip(RAMP * gain + offset, 0, 255).astype(np.uint8)
    levels = relight(RAMP, now, ALL)

    expected = np.clip(np.arange(70, 190) * gain + offset, 0, 255)
    assert np.abs(levels[70:190] - expected).max() < 3.0


def test_levels_that_were_not_seen_follow_the_nearest_that_were() -> None:
    levels = relight(RAMP, RAMP + 20, ALL)

    assert levels[10] == pytest.approx(30, abs=1.5)
    assert levels[220] == pytest.approx(240, abs=1.5)
    assert levels[255] == 255


def test_what_moves_in_less_than_half_of_each_level_changes_nothing() -> None:
    now = (RAMP + 20).astype(np.uint8)
    now[:25] = 0

    assert np.abs(relight(RAMP, now, ALL)[70:190] - np.arange(90, 210)).max() < 3.0


def test_masked_pixels_do_not_count() -> None:
    now, watch = RAMP.copy(), ALL.copy()
    now[:40], watch[:40] = 0, 0

    assert np.abs(relight(RAMP, now, watch)[70:190] - np.arange(70, 190)).max() < 1.5


def test_where_nothing_counts_nothing_changes() -> None:
    assert relight(RAMP, RAMP, ALL * 0).tolist() == list(range(256))
