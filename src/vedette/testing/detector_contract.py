"""What every detector must do: subclass DetectorContract, provide `make`, and run pytest."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from vedette.contracts.frame import Frame
from vedette.contracts.sight import KEYPOINTS, Detections
from vedette.detect.crop import crop
from vedette.detect.port import Detector
from vedette.kit.pixels import planes_from_bgr

SIZES = [(640, 360), (360, 640), (64, 48), (1000, 30)]


def frame_of(bgr: npt.NDArray[np.uint8], *, number: int = 1) -> Frame:
    """A frame with the pixels of an (h, w, 3) BGR picture of even width and height."""
    y, u, v = planes_from_bgr(bgr)
    return Frame(camera_id="yard", number=number, at_us=number * 200_000, y=y, u=u, v=v)


def a_scene(width: int = 640, height: int = 360, *, seed: int = 0) -> Frame:
    """Grey, with a few bright, dark and coloured rectangles."""
    random = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 110, dtype=np.uint8)
    for _ in range(4):
        x, y = int(random.integers(0, width * 3 // 4)), int(random.integers(0, height // 2))
        colour = random.integers(0, 256, 3, dtype=np.uint8)
        picture[y : y + height // 3, x : x + width // 8] = colour
    return frame_of(picture)


def odd_frame(width: int, height: int) -> Frame:
    """A frame of odd size: chroma is half of it, rounded up."""
    half = ((height + 1) // 2, (width + 1) // 2)
    luma = np.full((height, width), 90, dtype=np.uint8)
    luma[: height // 2, : width // 3] = 210
    chroma = np.full(half, 128, dtype=np.uint8)
    return Frame(camera_id="yard", number=1, at_us=0, y=luma, u=chroma, v=chroma)


def check(found: Detections, labels: tuple[str, ...]) -> None:
    """Columns of equal length, fractions, scores and classes within bounds."""
    count = len(found)
    assert found.boxes.shape == (count, 4)
    assert found.scores.shape == (count,)
    assert found.classes.shape == (count,)
    assert str(found.boxes.dtype) == str(found.scores.dtype) == "float32"
    assert str(found.classes.dtype) == "int16"
    assert found.labels == labels
    assert np.isfinite(found.boxes).all()
    assert np.all((found.boxes >= 0.0) & (found.boxes <= 1.0))
    assert np.all(found.boxes[:, :2] < found.boxes[:, 2:])
    assert np.all((found.scores >= 0.0) & (found.scores <= 1.0))
    assert np.all((found.classes >= 0) & (found.classes < len(labels)))
    if found.keypoints is not None:
        assert found.keypoints.shape == (count, len(KEYPOINTS), 3)
        assert found.keypoints.dtype == np.float32
        assert np.all((found.keypoints >= 0.0) & (found.keypoints <= 1.0))


class DetectorContract:
    """The promises of `vedette.detect.port.Detector`."""

    def make(self) -> Detector:
        """A detector, ready."""
        raise NotImplementedError

    def test_it_names_its_labels_once_each(self) -> None:
        labels = self.make().labels

        assert labels
        assert len(set(labels)) == len(labels)

    def test_it_answers_once_per_frame(self) -> None:
        detector = self.make()

        answers = detector.detect([a_scene(seed=1), a_scene(320, 240, seed=2)])

        assert len(answers) == 2
        for found in answers:
            check(found, detector.labels)

    def test_no_frames_no_answers(self) -> None:
        assert self.make().detect([]) == []

    @pytest.mark.parametrize(("width", "height"), SIZES)
    def test_any_shape_of_frame_gives_fractions_of_it(self, width: int, height: int) -> None:
        detector = self.make()

        check(detector.detect([a_scene(width, height)])[0], detector.labels)

    @pytest.mark.parametrize(("width", "height"), [(321, 241), (33, 17)])
    def test_odd_sizes_are_as_good_as_even_ones(self, width: int, height: int) -> None:
        detector = self.make()

        check(detector.detect([odd_frame(width, height)])[0], detector.labels)

    def test_the_same_frame_gives_the_same_answer_alone_or_in_a_batch(self) -> None:
        detector = self.make()
        frame = a_scene(seed=3)

        alone = detector.detect([frame])[0]
        together = detector.detect([a_scene(seed=4), frame])[1]

        np.testing.assert_array_equal(alone.boxes, together.boxes)
        np.testing.assert_array_equal(alone.scores, together.scores)
        np.testing.assert_array_equal(alone.classes, together.classes)

    def test_a_part_of_a_frame_is_a_frame_too(self) -> None:
        """Planes may be views of larger ones."""
        detector = self.make()
        whole = a_scene(640, 360, seed=6)
        box = np.array([0.2, 0.1, 0.9, 0.9], dtype=np.float32)
        part = crop(whole, box).frame
        planes = {name: getattr(part, name).copy() for name in ("y", "u", "v")}

        seen, same = detector.detect([part])[0], detector.detect([replace(part, **planes)])[0]

        check(seen, detector.labels)
        np.testing.assert_array_equal(seen.boxes, same.boxes)

    def test_it_leaves_the_frame_as_it_was(self) -> None:
        frame = a_scene(seed=5)
        before = [plane.copy() for plane in (frame.y, frame.u, frame.v)]

        self.make().detect([frame])

        for plane, copy in zip((frame.y, frame.u, frame.v), before, strict=True):
            np.testing.assert_array_equal(plane, copy)
