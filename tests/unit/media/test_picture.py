"""Pictures of an event: readable at any size, the same each time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import psutil
import pytest

from vedette.contracts.frame import U8, Frame
from vedette.kit.pixels import planes_from_bgr
from vedette.media.picture import (
    Mark,
    Outline,
    annotated,
    colour_of,
    draw,
    jpeg,
    scaled,
    snapshot,
)

GREY = 90


def a_frame(width: int = 640, height: int = 360) -> Frame:
    y, u, v = planes_from_bgr(np.full((height, width, 3), GREY, dtype=np.uint8))
    return Frame(camera_id="yard", number=1, at_us=0, y=y, u=u, v=v)


def opened(data: bytes) -> U8:
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)


MARK = Mark(box=(0.25, 0.4, 0.5, 0.9), label="person", score=0.873)
ZONE = Outline(points=((0.1, 0.1), (0.9, 0.1), (0.9, 0.95), (0.1, 0.95)), name="yard")
LINE = Outline(points=((0.3, 0.2), (0.7, 0.2)), closed=False)


def changed(**drawn: object) -> U8:
    """Mask of the pixels that a drawing changed on a grey picture."""
    plain = np.full((360, 640, 3), GREY, dtype=np.uint8)
    return np.asarray((draw(plain, **drawn) != plain).any(axis=2), dtype=np.uint8)  # type: ignore[arg-type]


def test_a_snapshot_is_a_jpeg_of_the_frame() -> None:
    picture = opened(snapshot(a_frame()))

    assert picture.shape == (360, 640, 3)
    assert np.abs(picture.astype(int) - GREY).max() <= 3


@pytest.mark.parametrize(
    ("max_width", "shape"), [(None, (360, 640)), (320, (180, 320)), (1000, (360, 640))]
)
def test_wide_pictures_are_made_smaller(max_width: int | None, shape: tuple[int, int]) -> None:
    assert opened(snapshot(a_frame(), max_width=max_width)).shape[:2] == shape
    assert opened(annotated(a_frame(), marks=[MARK], max_width=max_width)).shape[:2] == shape
    assert scaled(np.zeros((1, 2000, 3), np.uint8), 10).shape == (1, 10, 3)


def test_quality_decides_the_size() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (120, 160, 3)).astype(np.uint8)

    assert len(jpeg(noise, quality=40)) < len(jpeg(noise, quality=95)) / 2


def test_the_box_is_where_the_object_is() -> None:
    mask = changed(marks=[MARK])

    rows, columns = np.nonzero(mask[160:])
    assert abs(columns.min() - 160) <= 5
    assert abs(rows.max() + 160 - 323) <= 5
    assert not mask[200:310, 170:310].any()  # the object itself is not drawn over


def test_the_label_is_above_the_box_or_inside_where_there_is_no_room() -> None:
    above = changed(marks=[MARK])
    at_top = changed(marks=[Mark(box=(0.25, 0.0, 0.5, 0.5), label="person", score=0.5)])
    at_right = changed(marks=[Mark(box=(0.98, 0.5, 1.0, 0.9), label="person", score=0.5)])

    assert above[126:140, 162:200].mean() > 0.9
    assert at_top[2:14, 162:200].mean() > 0.9
    assert at_right[165:178, 560:640].mean() > 0.9


def test_a_zone_is_tinted_inside_and_a_line_is_not() -> None:
    plain = np.full((360, 640, 3), GREY, dtype=np.uint8)
    zone = draw(plain, outlines=[ZONE]).astype(int)

    assert 3 < np.abs(zone[200, 320] - GREY).max() < 40
    assert (zone[5, 5] == GREY).all()
    assert changed(outlines=[LINE])[72, 200:440].all()
    assert not changed(outlines=[LINE])[200:].any()


def test_the_arrow_points_to_the_right_of_the_line() -> None:
    """From a to b to the right of the picture, forward is down."""
    mask = changed(outlines=[LINE])
    back = changed(outlines=[Outline(points=LINE.points[::-1], closed=False)])

    assert mask[76:120].sum() > 3 * mask[40:68].sum()
    assert back[40:68].sum() > 3 * back[76:120].sum()


def test_the_caption_fits_at_any_width() -> None:
    for width in (64, 320, 1920):
        plain = np.full((200, width, 3), 255, dtype=np.uint8)
        picture = draw(plain, caption="Front door - presence - 2026-01-01 12:00:00 UTC")
        assert picture[-3, 3].max() < 160
        assert (picture[:100] == 255).all()
        if width >= 320:
            assert (picture[-30:, -4:] < 160).all(axis=2).any()  # no ink at the right edge


def test_lines_and_text_grow_with_the_picture() -> None:
    small, large = np.zeros((180, 320, 3), np.uint8), np.zeros((2160, 3840, 3), np.uint8)
    thick = [
        int((draw(picture, marks=[MARK])[round(picture.shape[0] * 0.7)].max(axis=1) > 60).sum())
        for picture in (small, large)
    ]

    assert thick[0] >= 2
    assert thick[1] >= 4 * thick[0]


def test_drawing_changes_only_its_copy_and_is_the_same_each_time() -> None:
    plain = np.full((360, 640, 3), GREY, dtype=np.uint8)
    everything = {"marks": [MARK], "outlines": [ZONE, LINE], "caption": "yard"}
    first = draw(plain, **everything)  # type: ignore[arg-type]

    assert (plain == GREY).all()
    assert np.array_equal(first, draw(plain, **everything))  # type: ignore[arg-type]
    frame = a_frame()
    assert annotated(frame, marks=[MARK]) == annotated(frame, marks=[MARK])


@pytest.mark.parametrize(
    "odd",
    [
        Mark(box=(0.0, 0.0, 0.0, 0.0), label=""),
        Mark(box=(0.9, 0.9, 1.0, 1.0), label="x" * 200, score=1.0),
        Outline(points=((0.5, 0.5),)),
        Outline(points=()),
        Outline(points=((0.5, 0.5), (0.5, 0.5)), closed=False, name="point"),
        Outline(points=((-1.0, -1.0), (2.0, -1.0), (2.0, 2.0)), name="outside"),
    ],
)
def test_odd_input_is_drawn_without_harm(odd: Mark | Outline) -> None:
    for size in ((1, 1, 3), (9, 16, 3), (360, 640, 3)):
        plain = np.full(size, GREY, dtype=np.uint8)
        if isinstance(odd, Mark):
            assert draw(plain, marks=[odd], caption="c").shape == size
        else:
            assert draw(plain, outlines=[odd], caption="c").shape == size


def test_a_class_always_has_the_same_colour() -> None:
    assert colour_of("person") == colour_of("person") != colour_of("car")
    assert colour_of("zebra") == colour_of("zebra")


def test_many_cameras_that_draw_share_their_fonts() -> None:
    """Each thread that writes text would keep 6.5 MB."""
    threads = 16
    plain, together = np.full((36, 64, 3), GREY, dtype=np.uint8), threading.Barrier(threads)

    def draws() -> None:
        draw(plain, marks=[MARK], caption="yard")
        together.wait()  # until each has drawn, so that each is a thread of its own

    draw(plain, marks=[MARK], caption="yard")
    before = psutil.Process().memory_info().rss
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(draws) for _ in range(threads)]:
            done.result()
        grown_mb = (psutil.Process().memory_info().rss - before) / 2**20

    assert grown_mb < 2 * threads
