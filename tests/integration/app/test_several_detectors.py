"""A camera with two detectors in the real pipeline: rules see the classes of both."""

from pathlib import Path

from tests.scenes import BLOB, camera, film, walker
from vedette.app.analyze import Analysis, analyze
from vedette.kit.clock import SystemClock


def test_rules_see_what_either_detector_finds_and_nothing_twice(tmp_path: Path) -> None:
    video = film(
        tmp_path / "scene.mp4",
        walker((0, -0.1, 0.4), (6, 1.1, 0.4)),
        walker((0, 1.1, 0.8), (6, -0.1, 0.8), label="car"),
        duration_s=6.0,
    )
    settings = camera(
        video,
        detect={"fps": 10, "detectors": ["default", "dogs"], "labels": ["person", "dog"]},
        rules=[
            {"id": "people", "type": "presence", "labels": ["person"]},
            {"id": "dogs", "type": "presence", "labels": ["dog"]},
        ],
    )

    found = analyze(
        Analysis(camera=settings, detector=BLOB, more={"dogs": {**BLOB, "wide": "dog"}}),
        SystemClock(),
        seen=lambda frames, in_all: None,
    )

    assert {event.event.rule_id for event in found.events} == {"people", "dogs"}
    assert sorted(track.label for track in found.tracks) == ["dog", "person"]
