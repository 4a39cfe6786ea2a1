"""A simulated scene: its truth is where its pixels are."""

from pathlib import Path

import numpy as np
import pytest

from vedette.sources.draw_scene import Painter
from vedette.sources.scene import Actor, Scene, default_scene, mot_rows, truth_at

BLUE_CAR = Actor(
    label="car", size=(0.2, 0.2), colour=(10, 20, 250), path=((0.0, 0.0, 0.5), (4.0, 1.0, 0.5))
)


def scene(*actors: Actor, **changes: object) -> Scene:
    plain = {"width": 320, "height": 240, "duration_s": 4.0, "noise": 0.0, "actors": actors}
    return Scene.model_validate({**plain, **changes})


@pytest.mark.parametrize("frame", range(0, 40, 3))
def test_truth_is_where_the_pixels_are(frame: int) -> None:
    seen = scene(BLUE_CAR)
    bgr = Painter(seen).paint(frame).astype(int)
    rows, columns = np.nonzero((bgr[:, :, 0] == 250) & (bgr[:, :, 2] == 10))
    [truth] = truth_at(seen, frame)

    found = (
        columns.min() / 320,
        rows.min() / 240,
        (columns.max() + 1) / 320,
        (rows.max() + 1) / 240,
    )
    assert found == pytest.approx(truth.box, abs=1 / 240)
    assert (truth.id, truth.label) == (1, "car")


def test_nobody_is_there_before_the_first_and_after_the_last_waypoint() -> None:
    late = Actor(path=((1.0, 0.5, 0.5), (2.0, 0.6, 0.5)))
    counts = [len(truth_at(scene(late), frame)) for frame in range(40)]

    assert counts == [0] * 10 + [1] * 11 + [0] * 19


def test_nobody_is_there_outside_of_the_frame() -> None:
    passing = Actor(size=(0.2, 0.2), path=((0.0, -0.53, 0.5), (4.0, 1.47, 0.5)))
    frames = [frame for frame in range(40) if truth_at(scene(passing), frame)]

    assert frames == list(range(9, 33))
    for frame in frames:
        [truth] = truth_at(scene(passing), frame)
        assert 0.0 <= truth.box[0] < truth.box[2] <= 1.0
        assert truth.visible > 0.0


def test_visible_part_counts_edges_occluders_and_those_in_front() -> None:
    still = ((0.0, 0.5, 0.5), (4.0, 0.5, 0.5))
    half_out = Actor(size=(0.2, 0.2), path=((0.0, 0.0, 0.5), (4.0, 0.0, 0.5)))
    behind = Actor(size=(0.2, 0.2), path=still)
    in_front = Actor(size=(0.1, 0.2), path=((0.0, 0.45, 0.5), (4.0, 0.45, 0.5)))

    [edge] = truth_at(scene(half_out), 0)
    back, front = truth_at(scene(behind, in_front), 0)
    [hidden] = truth_at(scene(behind, occluders=((0.3, 0.3, 0.7, 0.7),)), 0)
    assert edge.visible == pytest.approx(0.5)
    assert (back.visible, front.visible) == pytest.approx((0.5, 1.0))
    assert hidden.visible == 0.0


def test_who_comes_back_in_a_loop_is_someone_else() -> None:
    seen = scene(BLUE_CAR, BLUE_CAR)

    assert [t.id for t in truth_at(seen, 5)] == [1, 2]
    assert [t.id for t in truth_at(seen, 45)] == [3, 4]
    assert [t.box for t in truth_at(seen, 5)] == [t.box for t in truth_at(seen, 45)]


def test_the_same_seed_gives_the_same_pixels() -> None:
    hard = scene(BLUE_CAR, noise=6.0, rain=40, shadow=True, light_steps=((1.0, 0.6),))
    other = hard.model_copy(update={"seed": 2})

    first, second = Painter(hard), Painter(hard)
    assert all(np.array_equal(first.paint(n), second.paint(n)) for n in (3, 17))
    assert np.array_equal(first.paint(3), second.paint(3))
    assert not np.array_equal(first.paint(3), Painter(other).paint(3))


def test_the_weather_shows() -> None:
    calm = Painter(scene()).paint(20).astype(int)
    dark = Painter(scene(light_steps=((1.0, 0.5),))).paint(20).astype(int)
    rainy = Painter(scene(rain=60)).paint(20).astype(int)
    noisy = Painter(scene(noise=5.0)).paint(20).astype(int)
    shady = Painter(scene(BLUE_CAR, shadow=True)).paint(20).astype(int)
    plain = Painter(scene(BLUE_CAR)).paint(20).astype(int)

    assert dark.mean() == pytest.approx(calm.mean() / 2, rel=0.02)
    assert 0.002 < (rainy != calm).any(axis=2).mean() < 0.2
    assert (noisy - calm).std() == pytest.approx(5.0, rel=0.1)
    assert (shady - plain).min() < -20


def test_every_shape_stays_in_its_box() -> None:
    for shape in ("rectangle", "ellipse", "figure", "person"):
        actor = Actor(shape=shape, size=(0.2, 0.5), path=((0.0, 0.5, 0.5), (4.0, 0.5, 0.5)))
        changed = (Painter(scene(actor)).paint(7) != Painter(scene()).paint(7)).any(axis=2)
        rows, columns = np.nonzero(changed)
        [truth] = truth_at(scene(actor), 7)
        left, top, right, bottom = truth.box
        assert left * 320 - 5 <= columns.min() <= columns.max() <= right * 320 + 5
        assert top * 240 - 5 <= rows.min() <= rows.max() <= bottom * 240 + 5


def test_who_stands_moves_no_limb() -> None:
    path = ((0.0, 0.2, 0.5), (1.0, 0.6, 0.5), (3.0, 0.6, 0.5), (4.0, 0.6, 0.75))
    actor = Actor(shape="person", size=(0.1, 0.25), path=path)
    assert [actor.travelled(t_s) for t_s in (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 9.0)] == pytest.approx(
        [0.0, 0.8, 1.6, 1.6, 1.6, 2.6, 2.6]
    )
    painter = Painter(scene(actor, noise=0.0))
    assert (painter.paint(22) == painter.paint(28)).all()
    assert (painter.paint(2) != painter.paint(8)).any()


def test_truth_rows_count_frames_from_one_and_boxes_in_pixels() -> None:
    rows = mot_rows(scene(BLUE_CAR))

    assert rows[0] == "frame,id,left,top,width,height,score,label,visibility"
    assert rows[21] == "21,1,128.00,96.00,64.00,48.00,1,car,1.000"
    assert len(rows) == 41


def test_waypoints_must_be_in_order() -> None:
    with pytest.raises(ValueError, match="must grow"):
        Actor(path=((1.0, 0.0, 0.0), (1.0, 1.0, 1.0)))


def test_the_default_scene_has_people_and_a_car(tmp_path: Path) -> None:
    rows = "\n".join(mot_rows(default_scene()))

    assert ",person," in rows
    assert ",car," in rows
