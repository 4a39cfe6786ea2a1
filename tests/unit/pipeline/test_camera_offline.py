"""A camera that gives no pictures: rules about that count the time, others do not even look."""

import random
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.unit.pipeline.rig import SECOND, START, pipeline, walk
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import SourceLost
from vedette.contracts.event import Event
from vedette.contracts.frame import Frame
from vedette.kit.clock import from_us
from vedette.pipeline.keeper import keep_watching
from vedette.rules.when import WhenConfig
from vedette.testing.fakes import FakeClock
from vedette.testing.scripted import RecordingSink, ScriptedSource, Step

LOST = SourceLost("the cable is out")
OFFLINE = {"id": "offline", "type": "when", "when": {"camera": "offline", "for": "10s"}}
NOBODY = {
    "id": "nobody",
    "type": "when",
    "when": {"nobody": {"score": {"above": 0.1}}, "for": "10s"},
}


class Camera:
    """A camera whose clock is that of its pictures, played to the end of the script."""

    def __init__(self, *openings: list[Step] | SourceLost, live: bool = True) -> None:
        self.clock = FakeClock(from_us(START))
        self.sink = RecordingSink()
        self.stop = threading.Event()
        self.source = ScriptedSource(*openings, live=live, over=self.stop.set)

    def play(self, folder: Path, rules: list[dict[str, Any]]) -> None:
        with pipeline(
            self.source, sink=self.sink, clock=self.clock, parts=folder, rules=rules
        ) as built:
            keep_watching(built, self.stop, self.clock, random.Random(1))  # noqa: S311

    def of(self, rule: str) -> list[Event]:
        """Each change of each event."""
        return [c.event for c in self.sink.changes if c.event.rule_id == rule]


def shown(start_s: float, clock: FakeClock, seconds: float = 4.0) -> list[Step]:
    """Pictures at the time that the clock says then."""
    frames: list[Frame] = walk(start_us=START + round(start_s * SECOND), seconds=seconds)

    def until_then() -> None:
        wanted = from_us(frames[-1].at_us)
        clock.advance(max(0.0, (wanted - clock.now()).total_seconds()))

    return [*frames, until_then]


def test_an_outage_is_one_event_from_its_beginning_to_the_first_picture(tmp_path: Path) -> None:
    camera = Camera()
    camera.source = ScriptedSource(
        [*shown(0.0, camera.clock), LOST],
        *[LOST] * 5,
        [*shown(200.0, camera.clock)],
        live=True,
        over=camera.stop.set,
    )
    camera.play(tmp_path, [OFFLINE])

    opened, closed = camera.of("offline")
    assert opened.id == closed.id
    assert opened.label == "camera"
    assert opened.numbers["cause"] == "the cable is out"
    assert opened.opened_at - opened.started_at >= timedelta(seconds=10)
    assert opened.opened_at - opened.started_at < timedelta(seconds=12)
    assert closed.end_reason == "not_camera_is"
    assert closed.ended_at is not None
    assert closed.ended_at >= from_us(START + 200 * SECOND)
    kinds = [a.kind for change in camera.sink.changes for a in change.artifacts]
    assert kinds == [ArtifactKind.SNAPSHOT_ANNOTATED], "the last picture that there was"


def test_a_short_loss_is_none(tmp_path: Path) -> None:
    camera = Camera()
    camera.source = ScriptedSource(
        [*shown(0.0, camera.clock), LOST],
        LOST,
        [*shown(30.0, camera.clock)],
        live=True,
        over=camera.stop.set,
    )
    camera.play(tmp_path, [OFFLINE])
    assert camera.of("offline") == []


def test_one_that_never_gave_a_picture_is_offline_too_and_has_none(tmp_path: Path) -> None:
    camera = Camera(*[LOST] * 6)
    camera.play(tmp_path, [OFFLINE])
    opened, closed = camera.of("offline")
    assert opened.id == closed.id
    assert closed.end_reason == "stopped"
    assert [a for change in camera.sink.changes for a in change.artifacts] == []


def test_who_sees_nothing_does_not_say_that_nobody_is_there(tmp_path: Path) -> None:
    camera = Camera()
    camera.source = ScriptedSource(
        [*shown(0.0, camera.clock), LOST], *[LOST] * 8, live=True, over=camera.stop.set
    )
    camera.play(tmp_path, [OFFLINE, NOBODY])
    assert camera.of("nobody") == []
    assert len({event.id for event in camera.of("offline")}) == 1


def test_the_end_of_a_film_is_no_outage(tmp_path: Path) -> None:
    camera = Camera(shown(0.0, FakeClock(from_us(START))), live=False)
    camera.play(tmp_path, [OFFLINE])
    assert camera.of("offline") == []


@pytest.mark.parametrize(
    ("when", "seen"),
    [
        ({"camera": "offline", "inside": "yard"}, "inside"),
        ({"all": [{"camera": "offline"}, {"nobody": {"score": {"above": 0.5}}}]}, "nobody"),
        ({"camera": "offline", "unless": {"score": {"above": 0.5}}}, "score"),
    ],
)
def test_it_cannot_be_together_with_what_needs_pictures(when: dict[str, Any], seen: str) -> None:
    with pytest.raises(ValidationError, match=f"`{seen}` cannot be together"):
        WhenConfig.model_validate({"id": "offline", "when": when})


def test_tampered_or_offline_may_be_together() -> None:
    when = {"any": [{"camera": "tampered"}, {"camera": "offline"}], "for": "5s"}
    assert WhenConfig.model_validate({"id": "unwell", "when": when}).blind
