"""What every motion gate must do. Subclass `MotionContract`, provide `make`, and run pytest."""

import numpy as np
import pytest

from vedette.contracts.frame import Frame
from vedette.contracts.sight import Motion
from vedette.motion.port import MotionGate

CODES = {"motion", "quiet", "light_change", "learning"}
STEP_US = 200_000


def grey_frame(number: int, *, width: int = 320, height: int = 240, block: int = -1) -> Frame:
    """A grey picture with a little noise; a bright block stands at column `block`, if any."""
    rng = np.random.default_rng(number)
    y = rng.integers(98, 103, (height, width)).astype(np.uint8)
    if block >= 0:
        y[height // 4 : height // 4 * 3, block : block + width // 8] = 220
    y.setflags(write=False)
    chroma = np.full(((height + 1) // 2, (width + 1) // 2), 128, dtype=np.uint8)
    return Frame(camera_id="yard", number=number, at_us=number * STEP_US, y=y, u=chroma, v=chroma)


def looks(gate: MotionGate, *, still: int = 60, moving: int = 10) -> list[Motion]:
    """A still picture, then a block that moves to the right, one sixteenth of the width a look."""
    story = [grey_frame(i) for i in range(1, still + 1)]
    story += [grey_frame(still + 1 + i, block=20 + 20 * i) for i in range(moving)]
    return [gate.look(frame) for frame in story]


class MotionContract:
    """Gates at their default settings."""

    def make(self) -> MotionGate:
        """A new gate that has seen nothing."""
        raise NotImplementedError

    def test_it_learns_first_and_is_not_active(self) -> None:
        first = self.make().look(grey_frame(1))

        assert first.code == "learning"
        assert not first.active

    def test_a_still_picture_becomes_quiet(self) -> None:
        last = looks(self.make(), moving=0)[-1]

        assert (last.code, last.active, len(last.boxes)) == ("quiet", False, 0)

    def test_a_moving_block_is_found_at_once_with_a_box_around_it(self) -> None:
        found = looks(self.make())[60:]

        assert all(motion.active and motion.code == "motion" for motion in found)
        for i, motion in enumerate(found):
            left, right = (20 + 20 * i) / 320, (60 + 20 * i) / 320
            assert motion.boxes[:, 0].min() <= left
            assert motion.boxes[:, 2].max() >= right
            assert motion.fraction > 0.01

    def test_after_motion_it_becomes_quiet_again(self) -> None:
        gate = self.make()
        looks(gate)
        later = [gate.look(grey_frame(i)) for i in range(100, 400)]

        assert not later[-1].active
        assert later[-1].code == "quiet"

    def test_boxes_are_fractions_of_the_frame(self) -> None:
        for motion in looks(self.make()):
            boxes = motion.boxes
            assert boxes.dtype == np.float32
            assert boxes.shape == (len(boxes), 4)
            assert ((boxes >= 0) & (boxes <= 1)).all()
            assert (boxes[:, :2] < boxes[:, 2:]).all()
            assert 0.0 <= motion.fraction <= 1.0
            assert motion.code in CODES

    @pytest.mark.parametrize("size", [(16, 16), (33, 17), (1, 1), (2000, 31), (1920, 1080)])
    def test_any_size_of_picture_will_do(self, size: tuple[int, int]) -> None:
        gate = self.make()
        for number in range(1, 20):
            motion = gate.look(grey_frame(number, width=size[0], height=size[1]))
        assert motion.code == "quiet"

    def test_another_size_of_picture_is_learnt_anew(self) -> None:
        gate = self.make()
        looks(gate)
        motion = gate.look(grey_frame(100, width=640, height=480))

        assert (motion.code, motion.active) == ("learning", False)

    def test_the_frame_is_left_as_it_was(self) -> None:
        gate, frame = self.make(), grey_frame(1)
        before = frame.y.copy()
        for _ in range(3):
            gate.look(frame)

        assert np.array_equal(frame.y, before)

    def test_a_probe_says_what_a_look_would_and_leaves_no_trace(self) -> None:
        asked, unasked = self.make(), self.make()
        for number in range(1, 70):
            frame = grey_frame(number, block=20 + 3 * number if number > 60 else -1)
            later = grey_frame(number + 5, block=200)
            probed, far = asked.probe(frame), asked.probe(later)
            said = asked.look(frame)

            other = unasked.look(frame)
            assert (said.code, said.fraction) == (other.code, other.fraction)
            assert np.array_equal(said.boxes, other.boxes)
            if said.code != "learning":
                assert (probed.code, probed.fraction) == (said.code, said.fraction)
                assert np.array_equal(probed.boxes, said.boxes)
                assert probed.active == (said.code == "motion")
                assert far.active

    def test_two_gates_say_the_same_of_the_same_frames(self) -> None:
        one, two = looks(self.make()), looks(self.make())

        for a, b in zip(one, two, strict=True):
            assert np.array_equal(a.boxes, b.boxes)
            assert (a.fraction, a.active, a.code) == (b.fraction, b.active, b.code)
