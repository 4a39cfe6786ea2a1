"""Previews: bounded, the whole event, always moving, the same each time."""

import cv2
import numpy as np
import pytest

from vedette.contracts.errors import StorageFailed
from vedette.contracts.frame import Frame
from vedette.kit.pixels import planes_from_bgr
from vedette.media.preview import LONGEST_S, SHORTEST_S, Preview

STEP_US = 100_000


def a_frame(number: int, *, width: int = 640, height: int = 360) -> Frame:
    bgr = np.full((height, width, 3), (90, 140, 60), dtype=np.uint8)
    left = number * 5 % (width - 40)
    bgr[height // 3 : height // 2, left : left + 40] = (40, 60, 220)
    y, u, v = planes_from_bgr(bgr)
    return Frame(camera_id="yard", number=number, at_us=number * STEP_US, y=y, u=u, v=v)


def collected(count: int) -> Preview:
    preview = Preview()
    for number in range(count):
        preview.add(a_frame(number))
    return preview


def animation(data: bytes) -> tuple[int, float, tuple[int, ...]]:
    """Number of pictures, seconds and shape."""
    done, shown = cv2.imdecodeanimation(np.frombuffer(data, np.uint8))
    assert done
    assert shown.loop_count == 0
    return len(shown.frames), float(sum(shown.durations)) / 1000, shown.frames[0].shape[:2]


@pytest.mark.parametrize("event_s", [1, 5, 12, 40, 120])
def test_the_whole_event_four_to_five_times_faster(event_s: int) -> None:
    preview = collected(event_s * 10)
    for data in (preview.gif(), preview.webp()):
        pictures, seconds, shape = animation(data)
        assert 2 <= pictures <= 32
        assert SHORTEST_S - 0.1 <= seconds <= LONGEST_S + 0.1
        assert shape == (180, 320)
        if 12 <= event_s <= 36:
            assert 4.0 <= event_s / seconds <= 5.0


@pytest.mark.parametrize("length_s", [1.0, 3.0, 12.5, 30.0])
@pytest.mark.parametrize("event_s", [0.1, 5, 120])
def test_it_lasts_as_long_as_it_was_told_to(event_s: float, length_s: float) -> None:
    preview = Preview(length_s=length_s)
    for number in range(round(event_s * 10)):
        preview.add(a_frame(number))

    assert preview.duration_s == length_s
    for data in (preview.gif(), preview.webp()):
        pictures, seconds, _ = animation(data)
        assert pictures > 1
        assert seconds == pytest.approx(length_s, abs=0.05)


def test_what_is_collected_is_bounded_and_even() -> None:
    preview = collected(1500)
    times = [at_us for at_us, _ in preview._pictures]

    assert 16 <= len(preview) <= 32
    assert times[0] == 0
    assert times[-1] >= 0.9 * 1500 * STEP_US
    steps = np.diff(times)
    assert steps.max() <= 2 * steps.min()


@pytest.mark.parametrize("most", [2, 8, 31])
def test_thinned_it_still_covers_the_whole_event_evenly(most: int) -> None:
    preview = collected(300)
    before = [at_us for at_us, _ in preview._pictures]
    shown_s = preview.duration_s
    preview.thin(most)
    times = [at_us for at_us, _ in preview._pictures]

    assert len(times) == min(most, len(before))
    assert (times[0], times[-1]) == (before[0], before[-1])
    assert preview.duration_s == shown_s
    steps = np.diff(times)
    assert steps.max() <= steps.min() + np.diff(before).max()
    assert animation(preview.gif())[0] == len(times)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_even_one_picture_moves(count: int) -> None:
    preview = collected(count)

    assert len(preview) == 1  # they come faster than a preview takes them
    for data in (preview.gif(), preview.webp()):
        pictures, seconds, _ = animation(data)
        assert pictures > 1
        assert seconds == pytest.approx(SHORTEST_S, abs=0.1)


def test_a_camera_that_stands_still_moves_too() -> None:
    preview = Preview()
    still = a_frame(0)
    for number in range(40):
        moved = Frame(
            camera_id="yard", number=number, at_us=number * STEP_US, y=still.y, u=still.u, v=still.v
        )
        preview.add(moved)

    assert len(preview) > 10
    assert animation(preview.gif())[0] > 1
    assert animation(preview.webp())[0] > 1


def test_nothing_collected_is_a_sentence() -> None:
    with pytest.raises(StorageFailed, match="at least one picture"):
        Preview().gif()


def test_the_same_pictures_give_the_same_bytes() -> None:
    first, second = collected(60), collected(60)

    assert first.gif() == second.gif()
    assert first.webp() == second.webp()


def test_webp_is_the_smaller_one_and_colours_survive() -> None:
    preview = collected(100)
    gif, webp = preview.gif(), preview.webp()

    assert len(webp) < len(gif)
    for data in (gif, webp):
        _, shown = cv2.imdecodeanimation(np.frombuffer(data, np.uint8))
        background = shown.frames[1][170, 300][:3].astype(int)
        assert np.abs(background - (90, 140, 60)).max() <= 14


@pytest.mark.parametrize(("width", "height"), [(64, 48), (1, 1), (333, 77), (200, 900)])
def test_odd_sizes(width: int, height: int) -> None:
    bgr = np.full(((height + 1) // 2 * 2, (width + 1) // 2 * 2, 3), 80, dtype=np.uint8)
    y, u, v = planes_from_bgr(bgr)
    preview = Preview()
    for number in range(2):
        preview.add(
            Frame(
                camera_id="yard",
                number=number,
                at_us=number * 1_000_000,
                y=y[:height, :width],
                u=u,
                v=v,
            )
        )

    assert animation(preview.webp())[0] > 1
    assert animation(preview.gif())[0] > 1
