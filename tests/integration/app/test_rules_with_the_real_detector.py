"""Rules on drawn people with the default model: pixels, H.264, motion, network, tracker, rule."""

from pathlib import Path
from typing import Any

import pytest

from tests.scenes import camera
from vedette.app.analyze import Analysis, Findings, analyze
from vedette.kit.clock import SystemClock
from vedette.sources.scene import Actor, Scene
from vedette.sources.scene_file import render_scene

RIGHT = {"id": "right", "polygon": [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]}
MIDDLE = {"id": "middle", "a": [0.5, 0.0], "b": [0.5, 1.0]}
WALKER = Actor(
    shape="figure", size=(0.06, 0.22), colour=(60, 60, 140), path=((0.0, 0.1, 0.6), (7.0, 0.9, 0.6))
)
"""From left to right in seven seconds; at the middle after three and a half."""


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("drawn") / "walker.mp4"
    scene = Scene(width=640, height=360, duration_s=8.0, actors=(WALKER,), shadow=True)
    render_scene(scene, path, codec="libx264")
    return path


def look_at(video: Path, *rules: dict[str, Any]) -> Findings:
    settings = camera(
        video,
        detect={"fps": 5, "labels": ["person"]},
        zones=[RIGHT],
        lines=[MIDDLE],
        rules=list(rules),
    )
    wanted = Analysis(camera=settings, detector={"type": "onnx"})
    return analyze(wanted, SystemClock(), seen=lambda frames, in_all: None)


def test_one_drawn_walker_is_one_person_to_every_rule(video: Path) -> None:
    zone = {"zone": "right"}
    result = look_at(
        video,
        {"id": "presence", "type": "presence", "for_s": 1},
        {"id": "enter", "type": "enter", **zone},
        {"id": "loiter", "type": "loiter", "dwell_s": 2, **zone},
        {"id": "count", "type": "count", "at_least": 1, **zone},
        {"id": "cross", "type": "line_crossing", "line": "middle"},
        {"id": "two", "type": "count", "at_least": 2},
        {"id": "leave", "type": "leave", **zone},
    )

    assert len(result.tracks) == 1
    opened = {held.event.rule_id: held.event for held in result.events}
    assert set(opened) == {"presence", "enter", "loiter", "count", "cross"}
    assert 3.0 <= opened["cross"].opened_at.timestamp() <= 4.6
    assert 2.0 <= (opened["loiter"].opened_at - opened["loiter"].started_at).total_seconds() <= 2.5
