"""Looks: unit vectors of clothes' colours, the same for the same clothes, unlike for others."""

import numpy as np

from vedette.contracts.frame import Frame
from vedette.contracts.sight import NO_BOXES, Detections
from vedette.kit.pixels import planes_from_bgr
from vedette.track.looks import LENGTH, describe, looks

SIZE = (240, 320)


def scene(*people: tuple[int, int, tuple[int, int, int], tuple[int, int, int]]) -> Frame:
    """Grey ground with people 20 wide and 60 high at (left, top), in jacket and trousers (BGR)."""
    picture = np.full((*SIZE, 3), 120, dtype=np.uint8)
    for left, top, jacket, trousers in people:
        picture[top : top + 30, left : left + 20] = jacket
        picture[top + 30 : top + 60, left : left + 20] = trousers
    y, u, v = planes_from_bgr(picture)
    return Frame(camera_id="yard", number=1, at_us=0, y=y, u=u, v=v)


def boxes(*corners: tuple[int, int]) -> np.ndarray:
    height, width = SIZE
    rows = [(x / width, y / height, (x + 20) / width, (y + 60) / height) for x, y in corners]
    return np.array(rows, dtype=np.float32).reshape(-1, 4)


RED, BLUE, BLACK = (30, 30, 200), (180, 60, 30), (25, 25, 25)


def test_looks_are_unit_vectors_without_negative_numbers() -> None:
    seen = looks(scene((40, 50, RED, BLACK)), boxes((40, 50), (200, 100)))
    assert seen.shape == (2, LENGTH)
    assert seen.dtype == np.float32
    assert (seen >= 0.0).all()
    np.testing.assert_allclose(np.linalg.norm(seen, axis=1), 1.0, rtol=1e-5)


def test_the_same_clothes_look_alike_elsewhere_and_others_do_not() -> None:
    frame = scene((40, 50, RED, BLACK), (150, 90, RED, BLACK), (250, 40, BLUE, BLACK))
    one, same, other = looks(frame, boxes((40, 50), (150, 90), (250, 40)))
    assert one @ same > 0.95
    assert one @ other < 0.85


def test_jacket_and_trousers_are_told_apart() -> None:
    frame = scene((40, 50, RED, BLUE), (150, 90, BLUE, RED))
    one, swapped = looks(frame, boxes((40, 50), (150, 90)))
    assert one @ swapped < 0.6


def test_a_little_more_light_changes_little() -> None:
    dark = looks(scene((40, 50, (100, 60, 60), BLACK)), boxes((40, 50)))[0]
    light = looks(scene((40, 50, (106, 66, 66), (31, 31, 31))), boxes((40, 50)))[0]
    assert dark @ light > 0.95


def test_boxes_may_reach_over_the_edge_or_have_no_size() -> None:
    rows = np.array([[-0.2, -0.2, 0.1, 0.1], [0.9, 0.9, 1.3, 1.3], [0.5, 0.5, 0.5, 0.5]])
    assert np.isfinite(looks(scene(), rows.astype(np.float32))).all()


def test_describe_fills_in_the_looks_and_nothing_else() -> None:
    frame = scene((40, 50, RED, BLACK))
    bare = Detections(
        boxes=boxes((40, 50)),
        scores=np.array([0.7], dtype=np.float32),
        classes=np.array([0], dtype=np.int16),
        labels=("person",),
    )
    told = describe(frame, bare)
    assert told.boxes is bare.boxes
    assert told.looks is not None
    picked = told.pick(np.array([False])).looks
    assert picked is not None
    assert picked.shape == (0, LENGTH)
    nobody = describe(frame, Detections.none(("person",)))
    assert nobody.looks is not None
    assert nobody.looks.shape == (0, LENGTH)
    assert looks(frame, NO_BOXES).shape == (0, LENGTH)
