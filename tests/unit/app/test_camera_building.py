"""Settings that only show in how a camera is built, and analyses with nothing to tell."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from tests.scenes import BLOB, camera, film, look, walker
from tests.surroundings import around
from tests.unit.pipeline.rig import pipeline
from vedette.app.analyze import Analysis, analyze
from vedette.app.build import build_camera
from vedette.app.camera_settings import CameraSettings, EventSettings
from vedette.blobs.names import DEFAULT_PATTERN
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import InvalidConfig, ModelUnavailable, StorageFailed
from vedette.contracts.frame import Frame
from vedette.contracts.lifecycle import Lifecycle, RetentionClass
from vedette.contracts.sight import Detections
from vedette.detect.blob import BlobConfig, BlobDetector
from vedette.detect.server import DetectorServer
from vedette.kit.clock import SystemClock
from vedette.testing.scripted import RecordingSink, ScriptedSource

LAWN = {"id": "lawn", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]], "inertia_s": 1.0}


def ring_s(**settings: Any) -> float:
    with pipeline(ScriptedSource(), sink=RecordingSink(), **settings) as built:
        return built.ring.max_s


@pytest.mark.parametrize(
    ("rules", "seconds"),
    [
        ([], 10.0),
        ([{"id": "a", "type": "presence", "for_s": 30}], 40.0),
        ([{"id": "a", "type": "enter", "zone": "lawn"}], 10.0),
        (
            [
                {"id": "a", "type": "presence", "for_s": 5},
                {"id": "b", "type": "loiter", "dwell_s": 60},
            ],
            70.0,
        ),
        ([{"id": "a", "type": "loiter", "dwell_s": 3600}], 159.0),
    ],
)
def test_the_ring_remembers_back_to_the_first_sample_of_an_event(
    rules: list[dict[str, Any]], seconds: float
) -> None:
    events = {"pre_roll_s": 7}

    assert ring_s(rules=rules, events=events, zones=[LAWN]) == seconds


def test_the_clip_of_someone_who_lingers_begins_before_they_came(tmp_path: Path) -> None:
    video = film(
        tmp_path / "v.mp4", walker((2, -0.1, 0.5), (4, 0.5, 0.5), (14, 0.5, 0.5)), duration_s=14.0
    )
    settings = camera(
        video,
        rules=[{"id": "lingering", "type": "loiter", "dwell_s": 8}],
        events={"pre_roll_s": 1, "post_roll_s": 1},
    )

    [found] = look(settings, artifacts=tmp_path / "out").events

    clip = found.files[ArtifactKind.CLIP]
    began_s = found.event.started_at.timestamp()
    assert 2.0 < began_s < 3.0
    ended_s = (found.event.ended_at or found.event.started_at).timestamp()
    assert clip["duration_s"] >= ended_s - began_s + 1.0, "the way in belongs to the story"


def test_the_settings_say_how_long_an_animation_lasts(tmp_path: Path) -> None:
    video = film(tmp_path / "v.mp4", walker((0, 0.1, 0.5), (6, 0.9, 0.5)), duration_s=6.0)
    settings = camera(
        video,
        rules=[{"id": "visitor", "type": "presence", "for_s": 0.5}],
        events={"preview_s": 4},
    )

    [found] = look(settings, artifacts=tmp_path / "out").events

    for kind in (ArtifactKind.GIF, ArtifactKind.PREVIEW):
        made = (tmp_path / "out" / found.files[kind]["file"]).read_bytes()
        done, shown = cv2.imdecodeanimation(np.frombuffer(made, np.uint8))
        assert done
        assert len(shown.frames) > 1
        assert sum(shown.durations) / 1000 == pytest.approx(4.0, abs=0.05)
        assert found.files[kind]["duration_s"] == 4.0


@pytest.mark.parametrize(
    ("rule", "lifecycle"),
    [
        ({}, Lifecycle(keep_days=7, tag="barn")),
        ({"tag": "thieves"}, Lifecycle(keep_days=7, tag="thieves")),
        ({"keep": True}, Lifecycle(retention_class=RetentionClass.KEEP, tag="barn")),
    ],
    ids=["as the camera says", "the rule's word", "kept by the rule"],
)
def test_camera_and_rule_say_how_long_files_are_kept(
    tmp_path: Path, rule: dict[str, Any], lifecycle: Lifecycle
) -> None:
    video = film(tmp_path / "v.mp4", walker((0, 0.1, 0.5), (2, 0.9, 0.5)), duration_s=2.0)
    settings = camera(
        video,
        rules=[{"id": "visitor", "type": "presence", "for_s": 0.5, **rule}],
        events={"keep_days": 7, "tag": "barn"},
    )

    [found] = look(settings).events

    assert found.event.lifecycle == lifecycle


def test_an_analysis_names_its_files_as_it_is_told(tmp_path: Path) -> None:
    video = film(
        tmp_path / "v.mp4",
        walker((0, 0.1, 0.3), (2, 0.9, 0.3)),
        walker((0, 0.1, 0.7), (2, 0.9, 0.7)),
        duration_s=2.0,
    )
    settings = camera(video, rules=[{"id": "visitor", "type": "presence", "for_s": 0.5}])

    found = look(settings, artifacts=tmp_path / "out", names=DEFAULT_PATTERN).events

    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert len(found) == 2
    assert files == {known["file"] for each in found for known in each.files.values()}
    assert len(files) == 10, "two events of one second share no file"
    assert len(list((tmp_path / "out").glob(f"{settings.id}_person*_19700101_00000?.gif"))) == 2


@pytest.mark.parametrize("wrong", [{"keep_days": 0}, {"tag": "two\nlines"}, {"tag": "x" * 65}])
def test_a_lifecycle_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        EventSettings(**wrong)


@pytest.mark.parametrize("kind", ["file", "folder", "simulator"])
@pytest.mark.parametrize(("pace", "ahead"), [("realtime", True), ("fast", False)])
def test_what_plays_at_the_pace_of_a_camera_is_read_like_one(
    kind: str, pace: str, *, ahead: bool
) -> None:
    """Else a slow look would hold the recording back, and keeping packets with it."""
    where = {} if kind == "simulator" else {"path": "nowhere"}
    settings = CameraSettings.model_validate(
        {"id": "yard", "source": {"type": kind, "pace": pace, **where}}
    )
    with DetectorServer(BlobDetector(BlobConfig()), clock=SystemClock()) as server:
        built = build_camera(
            settings,
            around(RecordingSink(), server, SystemClock()),
        )

    assert built.ahead is ahead
    assert not built.source.live


def test_an_unknown_class_is_refused() -> None:
    with (
        pytest.raises(InvalidConfig, match="does not know 'unicorn'"),
        pipeline(ScriptedSource(), sink=RecordingSink(), detect={"labels": ["unicorn"]}),
    ):
        pass


def analysis(video: Path, folder: Path, **settings: Any) -> Analysis:
    return Analysis(
        camera=camera(video, rules=[{"id": "seen", "type": "presence"}], **settings),
        detector=BLOB,
        tracks=folder / "tracks.csv",
        json=folder / "events.jsonl",
    )


def run(wanted: Analysis) -> None:
    analyze(wanted, SystemClock(), seen=lambda frames, in_all: None)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return film(tmp_path / "v.mp4", walker((0, 0.3, 0.5), (2, 0.5, 0.5)), duration_s=2.0)


def test_where_detection_is_off_the_results_are_empty_files(video: Path, tmp_path: Path) -> None:
    run(analysis(video, tmp_path, detect={"enabled": False}))

    header = "frame,id,left,top,width,height,score,label\n"
    assert (tmp_path / "tracks.csv").read_text() == header
    assert (tmp_path / "events.jsonl").read_text() == ""


def test_a_detector_that_never_answers_is_no_empty_scene(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: BlobDetector, frames: Sequence[Frame]) -> list[Detections]:
        raise ModelUnavailable("the card fell off the bus")

    monkeypatch.setattr(BlobDetector, "detect", broken)

    with pytest.raises(ModelUnavailable, match=r"answered for no frame: .*fell off the bus"):
        run(analysis(video, tmp_path))

    assert not (tmp_path / "tracks.csv").exists()


def test_a_folder_for_artifacts_that_cannot_be_is_said_before_the_work(
    video: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    looked: list[int] = []
    wanted = Analysis(camera=camera(video), detector=BLOB, artifacts=tmp_path / "file")

    with pytest.raises(StorageFailed, match="cannot write"):
        analyze(wanted, SystemClock(), seen=lambda frames, in_all: looked.append(frames))

    assert looked == []
