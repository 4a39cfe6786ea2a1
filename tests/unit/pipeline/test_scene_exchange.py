"""Other zones and rules while a camera watches: tracks go on, and so does what is not concerned."""

from pathlib import Path
from typing import Any

import pytest

from tests.surroundings import around
from tests.unit.pipeline.rig import SECOND, SEEN, START, walk
from vedette.app.build import build_camera, change_scene
from vedette.app.camera_settings import CameraSettings, changes_in_place
from vedette.contracts.errors import InvalidConfig
from vedette.contracts.event import EventState
from vedette.detect.blob import BlobConfig, BlobDetector
from vedette.detect.server import DetectorServer
from vedette.kit.clock import to_us
from vedette.testing.fakes import FakeClock
from vedette.testing.scripted import RecordingSink

LEFT = {"id": "left", "polygon": [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]}
RIGHT = {"id": "left", "polygon": [[0.5, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0]]}
IN_ZONE = {"id": "zone", "type": "presence", "zone": "left", "end_after_s": 1}


def camera(**settings: Any) -> CameraSettings:
    return CameraSettings.model_validate(
        {"id": "yard", "source": "nowhere.mp4", "rules": [SEEN, IN_ZONE], "zones": [LEFT]}
        | settings
    )


class Watch:
    """A camera that sees somebody walk, with a change after two seconds."""

    def __init__(self, folder: Path) -> None:
        self.sink = RecordingSink()
        self.clock = FakeClock()
        self.folder = folder

    def run(self, before: CameraSettings, after: CameraSettings) -> list[tuple[str, str, str]]:
        """Rule, state and reason of each change of an event, in order."""
        frames = walk(seconds=4.0)
        with DetectorServer(BlobDetector(BlobConfig()), clock=self.clock) as server:
            surroundings = around(self.sink, server, self.clock, parts=self.folder)
            pipeline = build_camera(before, surroundings)
            pipeline.ahead = False
            for frame in frames:
                if frame.at_us == START + 2 * SECOND:
                    change_scene(pipeline, after, surroundings)
                pipeline.see(frame)
            self.tracks = {int(each) for each in pipeline.look._tracks.ids}  # type: ignore[union-attr]
            pipeline.finish("stopped")
        return [
            (each.event.rule_id, each.event.state.value, each.event.end_reason or "")
            for each in self.sink.changes
        ]


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


def test_a_rule_that_is_not_concerned_goes_on_and_others_begin_anew(watch: Watch) -> None:
    told = watch.run(camera(), camera(zones=[RIGHT]))

    seen = [each for each in told if each[0] == "seen"]
    zone = [each for each in told if each[0] == "zone"]
    assert [state for _, state, _ in seen].count("closed") >= 1
    assert ("seen", "closed", "reconfigured") not in seen
    assert len({each.event.id for each in watch.sink.changes if each.event.rule_id == "seen"}) == 1
    assert ("zone", "closed", "reconfigured") in zone
    assert len(watch.tracks) == 1, "whoever walks is still the same track"


def test_a_rule_that_is_gone_ends_its_events_and_a_new_one_begins(watch: Watch) -> None:
    other = {**SEEN, "id": "other"}

    told = watch.run(camera(rules=[SEEN]), camera(rules=[other]))

    assert ("seen", "closed", "reconfigured") in told
    opened = [each.event for each in watch.sink.changes if each.event.rule_id == "other"]
    assert opened[0].state is EventState.OPEN
    assert to_us(opened[0].opened_at) >= START + 2 * SECOND


def test_a_zone_that_makes_no_sense_leaves_everything_as_it_was(watch: Watch) -> None:
    broken = camera().model_copy(update={"rules": ({**IN_ZONE, "zone": "nowhere"},)})

    with pytest.raises(InvalidConfig, match="there is no zone 'nowhere'"):
        watch.run(camera(), broken)


def test_what_the_ledger_says_of_zones_has_their_names_then_and_now(watch: Watch) -> None:
    watch.run(camera(), camera(zones=[{**RIGHT, "id": "right"}], rules=[SEEN]))

    [story] = watch.sink.stories
    assert set(story[0].zones) == {"left", "right"}


@pytest.mark.parametrize(
    ("changes", "in_place"),
    [
        ({"zones": [RIGHT], "name": "Yard"}, True),
        ({"rules": []}, True),
        ({"detect": {"fps": 2}}, False),
        ({"source": "elsewhere.mp4"}, False),
    ],
)
def test_what_changes_in_place(changes: dict[str, Any], in_place: bool) -> None:
    assert changes_in_place(camera(), camera(**changes)) is in_place
