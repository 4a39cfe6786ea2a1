"""`analyze` takes one camera from a file, or a plain one, and refuses what is no source."""

from pathlib import Path

import pytest

from tests.command import EXAMPLES
from vedette.app.one_camera import FOLLOWED, camera_for, more_detectors
from vedette.contracts.errors import InvalidInput

DEMO = EXAMPLES / "demo.yaml"


def test_without_settings_what_people_ask_about_is_followed_everywhere() -> None:
    camera, detector = camera_for("visit.mp4", None, None, None)

    assert camera.source == {"type": "file", "path": "visit.mp4"}
    assert camera.detect.labels == FOLLOWED
    assert [rule["type"] for rule in camera.rules] == ["presence"]
    assert detector == {"type": "onnx"}


def test_a_file_gives_zones_and_rules_and_the_command_gives_the_source() -> None:
    camera, detector = camera_for("visit.mp4", DEMO, "campus", "other-model")

    assert camera.source == {"type": "file", "path": "visit.mp4"}
    assert [zone["id"] for zone in camera.zones] == ["crossroads", "side_road"]
    assert detector["model"] == "other-model"


def test_a_simulator_is_played_once_and_fast() -> None:
    camera, _ = camera_for("simulator:", None, None, None)

    assert camera.source == {"type": "simulator", "pace": "fast", "loop": False}


def test_a_camera_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(InvalidInput, match="no camera 'attic'; there are: campus"):
        camera_for("visit.mp4", DEMO, "attic", None)
    with pytest.raises(InvalidInput, match="give --config too"):
        camera_for("visit.mp4", None, "attic", None)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("rtsp://", "names no host"),
        ("rtsp://viewer:hunter2@", "names no host"),
        ("http://viewer:hunter2@host:99999/x", "port is no number"),
        ("rtsp://viewer:hunter2@ho st/x", "holds a blank"),
    ],
)
def test_what_is_no_address_is_a_sentence_without_the_password(source: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as refused:
        camera_for(source, None, None, None)

    assert "hunter2" not in str(refused.value)
    assert refused.value.__context__ is None, "nor may it hang on behind"
    assert refused.value.exit_code == 2


def test_settings_of_a_missing_file_say_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"missing\.yaml"):
        camera_for("visit.mp4", tmp_path / "missing.yaml", None, None)


def test_the_other_detectors_of_the_file_come_along(tmp_path: Path) -> None:
    file = tmp_path / "vedette.yaml"
    file.write_text(
        "cameras: [{id: yard, source: yard.mp4, detect: {detectors: [default, cats]}}]\n"
        "detectors: {cats: {type: blob, tall: cat}}\n",
        encoding="utf-8",
    )

    camera, _ = camera_for("visit.mp4", file, None, None)

    assert camera.detect.detectors == ("default", "cats")
    assert more_detectors(file) == {"cats": {"type": "blob", "tall": "cat"}}
    assert more_detectors(None) == {}
