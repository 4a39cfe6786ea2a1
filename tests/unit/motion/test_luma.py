"""The luma gate on rendered scenes and on real people."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from pydantic import ValidationError

from tests.unit.motion.scenes import (
    Change,
    Plane,
    Scene,
    cloud,
    drift,
    frame_of,
    gamma,
    headlights,
    infrared,
    rain,
    step,
    walker,
    watch,
)
from vedette.contracts.frame import Frame
from vedette.contracts.sight import Motion
from vedette.motion.luma import LumaConfig, LumaMotion

EXCERPT = Path(__file__).parents[3] / "examples" / "pedestrians.mp4"


def gate(**settings: object) -> LumaMotion:
    return LumaMotion(LumaConfig.model_validate(settings))


def active(said: list[tuple[float, Motion]]) -> list[float]:
    return [at_s for at_s, motion in said if motion.active]


def moving(said: list[tuple[float, Motion]]) -> list[float]:
    return [at_s for at_s, motion in said if motion.code == "motion"]


@pytest.mark.parametrize("noise", [0.0, 2.0, 6.0, 12.0])
@pytest.mark.parametrize("seed", [1, 2])
def test_noise_alone_stays_quiet(noise: float, seed: int) -> None:
    said = watch(gate(), Scene(noise=noise, seed=seed).frames(20))

    assert active(said) == []
    assert [motion.code for _, motion in said[:5]] == ["learning"] * 5
    assert {motion.code for _, motion in said[5:]} == {"quiet"}


@pytest.mark.parametrize("noise", [2.0, 6.0])
@pytest.mark.parametrize("size", [(640, 360), (1280, 720)])
def test_a_walker_is_found_in_the_first_frame_and_boxed(
    noise: float, size: tuple[int, int]
) -> None:
    scene = Scene(width=size[0], height=size[1], noise=noise)
    said = watch(gate(), scene.frames(10, walker(since_s=6.0)))

    assert moving(said) == [at_s for at_s, _ in said if at_s >= 6.0]
    for at_s, motion in said:
        if motion.code == "motion":
            left = 0.1 + 0.08 * (at_s - 6.0)
            box = motion.boxes[0]
            assert box[0] <= left + 0.02
            assert box[2] >= left + 0.03
            assert box[1] == pytest.approx(0.4, abs=0.05)
            assert box[3] == pytest.approx(0.6, abs=0.05)
            assert 0.002 < motion.fraction < 0.1


def test_a_faint_walker_needs_more_sensitivity() -> None:
    faint = walker(since_s=6.0, contrast=9)

    assert moving(watch(gate(sensitivity=0.9), Scene().frames(16, faint)))
    assert not moving(watch(gate(sensitivity=0.2), Scene().frames(16, faint)))


@pytest.mark.parametrize(
    "change",
    [
        step(8.0, offset=25),
        step(8.0, offset=-25),
        step(8.0, gain=1.25),
        step(8.0, gain=0.6),
        step(8.0, gain=0.7, offset=40),
        gamma(8.0, 0.7),
        gamma(8.0, 1.5),
    ],
    ids=["brighter", "darker", "gain", "dim", "haze", "gamma-up", "gamma-down"],
)
def test_a_change_of_light_is_called_one_and_opens_nothing(change: Change) -> None:
    said = watch(gate(), Scene().frames(20, change))

    assert active(said) == []
    codes = [motion.code for at_s, motion in said if at_s >= 8.0]
    assert codes[0] == "light_change"
    assert set(codes[5:]) == {"quiet"}


def test_somebody_who_walks_is_seen_through_a_change_of_light() -> None:
    changes = (walker(since_s=6.0), step(8.0, gain=0.7))
    said = watch(gate(), Scene().frames(12, *changes))

    assert moving(said) == [at_s for at_s, _ in said if at_s >= 6.0]


def test_somebody_who_comes_with_the_change_of_light_is_seen() -> None:
    changes = (walker(since_s=8.0), step(8.0, offset=25))
    said = watch(gate(), Scene().frames(12, *changes))

    assert moving(said)[0] == 8.0
    assert len(moving(said)) == 20


def test_a_lamp_that_goes_on_and_off_opens_nothing() -> None:
    def lamp(picture: Plane, at_s: float) -> Plane:
        return picture * 1.3 if int(at_s) % 4 >= 2 else picture

    assert active(watch(gate(), Scene().frames(30, lamp))) == []


def test_another_scene_is_learnt_without_an_alarm() -> None:
    """As when a camera goes over to infrared, or turns."""
    other = Scene(seed=9).still

    def cut(picture: Plane, at_s: float) -> Plane:
        return other if at_s >= 8.0 else picture

    said = watch(gate(), Scene().frames(16, cut))

    assert active(said) == []
    assert next(motion.code for at_s, motion in said if at_s >= 8.0) == "light_change"


def campus() -> Scene:
    """The place of the excerpt, without people."""
    scene = Scene(width=768, height=576, noise=2.0)
    pictures = [frame.y for frame in excerpt()][::6]
    scene.still = np.median(np.stack(pictures), axis=0)
    return scene


def test_the_shadow_of_a_cloud_opens_little() -> None:
    """Its hard edge crosses the picture in 17 s, worse than real ones."""
    said = watch(gate(), campus().frames(60, cloud(8.0)))

    assert len(moving(said)) <= 0.5 * 17 * 5
    assert {motion.code for _, motion in said} >= {"light_change", "quiet"}


def test_somebody_who_walks_while_the_shadow_of_a_cloud_passes_is_seen() -> None:
    changes = (cloud(8.0), walker(since_s=10.0))
    said = watch(gate(), campus().frames(20, *changes))

    assert len([at_s for at_s in moving(said) if at_s >= 10.0]) >= 45
    assert [at_s for at_s, motion in said if at_s >= 10.0 and not motion.active] == []


def test_headlights_that_sweep_over_the_ground_open_little() -> None:
    said = watch(gate(), Scene(detail=12).frames(60, headlights(10.0), headlights(30.0)))

    assert len(moving(said)) <= 0.06 * len(said)


def test_going_over_to_infrared_opens_nothing() -> None:
    said = watch(gate(), Scene(detail=12).frames(30, infrared(10.0)))

    assert len(moving(said)) <= 0.06 * len(said)
    assert [motion.code for at_s, motion in said if at_s >= 15.0] == ["quiet"] * 75


def test_in_the_dark_less_contrast_is_enough() -> None:
    def night(picture: Plane, at_s: float) -> Plane:
        return picture * 0.3

    changes = (walker(since_s=8.0), night)
    said = watch(gate(), Scene(noise=2.0).frames(14, *changes))

    assert moving(said) == [at_s for at_s, _ in said if at_s >= 8.0]


@pytest.mark.parametrize("levels_per_s", [0.1, 0.5, 2.0, -2.0])
def test_a_slow_change_of_light_is_absorbed(levels_per_s: float) -> None:
    said = watch(gate(), Scene(fps=5).frames(25, drift(levels_per_s)))

    assert active(said) == []


@pytest.mark.parametrize("size", [(640, 360), (1280, 720)])
def test_rain_opens_little(size: tuple[int, int]) -> None:
    drops = round(size[0] * size[1] / 4000)  # half a percent of all pixels
    said = watch(gate(), Scene(width=size[0], height=size[1]).frames(12, rain(drops)))

    assert len(active(said)) <= 0.06 * len(said)


def test_somebody_who_walks_in_the_rain_is_seen() -> None:
    said = watch(gate(), Scene().frames(16, walker(since_s=6.0), rain(60)))

    assert [at_s for at_s, _ in said if at_s >= 6.0 and at_s not in moving(said)] == []


def test_a_masked_area_does_not_count() -> None:
    mask = [[0.0, 0.3], [1.0, 0.3], [1.0, 0.7], [0.0, 0.7]]
    covered = watch(gate(masks=[mask]), Scene().frames(12, walker(since_s=6.0)))
    beside = watch(gate(masks=[mask]), Scene().frames(12, walker(since_s=6.0, at=(0.1, 0.75))))

    assert active(covered) == []
    assert len(moving(beside)) == 30


def test_a_picture_that_is_masked_as_a_whole_is_quiet() -> None:
    everything = [[0, 0], [1, 0], [1, 1], [0, 1]]
    said = watch(gate(masks=[everything]), Scene().frames(12, walker(since_s=6.0)))

    assert active(said) == []


def test_small_things_do_not_count() -> None:
    story = list(Scene().frames(12, walker(since_s=6.0)))

    assert not moving(watch(gate(min_area=0.05), iter(story)))
    assert moving(watch(gate(min_area=0.001), iter(story)))


@pytest.mark.parametrize("fps", [2.0, 5.0, 25.0])
def test_motion_is_held_in_seconds(fps: float) -> None:
    def gone(picture: Plane, at_s: float) -> Plane:
        return walker(since_s=6.0)(picture, at_s) if at_s < 7.0 else picture

    said = watch(gate(hold_s=3.0), Scene(fps=fps, width=320, height=180).frames(14, gone))
    last_motion, last_active = moving(said)[-1], active(said)[-1]

    assert 6.5 <= last_motion < 8.0
    assert last_active - last_motion == pytest.approx(3.0, abs=1 / fps)
    held = [motion for at_s, motion in said if last_motion < at_s <= last_active]
    assert all(motion.active and motion.code == "quiet" for motion in held)


def test_what_stands_still_becomes_background() -> None:
    def parked(picture: Plane, at_s: float) -> Plane:
        return walker(since_s=6.0, speed=0.0)(picture, at_s)

    said = watch(gate(background_s=4.0), Scene().frames(40, parked))

    assert moving(said)[0] == 6.0
    assert moving(said)[-1] < 20.0


def test_after_a_long_gap_the_background_is_learnt_anew() -> None:
    watcher = gate()
    watch(watcher, Scene().frames(10))
    said = watch(watcher, Scene(seed=5).frames(3, start_s=1000.0))

    assert [motion.code for _, motion in said[:5]] == ["learning"] * 5
    assert active(said) == []


def test_keyframes_alone_are_enough() -> None:
    """One look every two seconds, as an idle decode gate gives."""
    said = watch(gate(), Scene(fps=0.5).frames(60, walker(since_s=40.0, speed=0.02)))

    assert moving(said) == [at_s for at_s, _ in said if at_s >= 40.0]


def test_time_that_stands_still_is_no_trouble() -> None:
    watcher = gate()
    y = np.full((90, 160), 100, dtype=np.uint8)
    for at_us in (5_000_000, 5_000_000, 9_000_000, 9_200_000, 9_400_000):
        motion = watcher.look(frame_of(y, at_us))

    assert motion.code == "quiet"


def test_when_the_clock_goes_back_it_learns_anew_and_then_sees() -> None:
    watcher = gate()
    watch(watcher, Scene().frames(10, start_s=5000.0))
    said = watch(watcher, Scene().frames(8, walker(since_s=1003.0), start_s=1000.0))

    assert [motion.code for at_s, motion in said if at_s < 1001.0] == ["learning"] * 5
    assert moving(said) == [at_s for at_s, _ in said if at_s >= 1003.0]


@pytest.mark.parametrize(
    "settings",
    [
        {"sensitivity": 1.5},
        {"min_area": 0},
        {"hold_s": -1},
        {"background_s": float("nan")},
        {"masks": [[[0, 0], [1, 1], [1, 0], [0, 1]]]},
        {"masks": [[[0, 0], [1, 1]]]},
        {"threshold": 3},
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LumaConfig.model_validate(settings)


def excerpt() -> Iterator[Frame]:
    """The luma of the excerpt, 5 frames a second."""
    with av.open(str(EXCERPT)) as container:
        for i, picture in enumerate(container.decode(video=0)):
            if i % 2 == 0:
                sheet = picture.to_ndarray(format="yuv420p")
                y = sheet[: picture.height].astype(np.uint8)
                yield frame_of(y, i * 100_000, i + 1)


def test_real_people_move_where_they_walk() -> None:
    """People walk through the whole excerpt, on the paths of its lower three quarters."""
    said = watch(gate(), excerpt())
    after = [motion for at_s, motion in said if at_s >= 1.0]

    assert all(motion.code == "motion" for motion in after)
    boxes = np.concatenate([motion.boxes for motion in after])
    assert 2 <= len(boxes) / len(after) <= 12
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    assert np.quantile(areas, 0.95) < 0.1
    assert np.mean([motion.fraction for motion in after]) < 0.05
