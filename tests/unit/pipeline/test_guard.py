"""A camera that is covered: people are told, with a picture, and told again when it is over."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.pipeline.rig import SECOND, START, pipeline
from vedette.alerts.wording import text_of, title_of
from vedette.contracts.event import Severity
from vedette.contracts.facts import TamperFact
from vedette.contracts.frame import Frame
from vedette.contracts.payload import Payload
from vedette.testing.scripted import RecordingSink, ScriptedSource, Step
from vedette.track.path import decode

RNG = np.random.default_rng(3)
WALL = RNG.integers(40, 200, (90, 160)).astype(np.uint8).repeat(4, axis=0).repeat(4, axis=1)
CHROMA = np.full((180, 320), 128, dtype=np.uint8)


class Ears:
    """A bus that keeps what is said of tampering."""

    def __init__(self) -> None:
        self.facts: list[tuple[str, TamperFact]] = []

    def wanted(self, topic: str) -> bool:
        return False

    def publish(self, topic: str, payload: Payload) -> None:
        if isinstance(payload, TamperFact):
            self.facts.append((topic, payload))


def shown(at_s: int, *, covered: bool) -> Frame:
    y = np.full_like(WALL, 30) if covered else WALL
    return Frame(
        camera_id="yard",
        number=at_s + 1,
        at_us=START + at_s * SECOND,
        y=y,
        u=CHROMA,
        v=CHROMA,
    )


def story(covered_s: int, after_s: int) -> list[Step]:
    return [
        shown(at_s, covered=60 <= at_s < 60 + covered_s) for at_s in range(60 + covered_s + after_s)
    ]


def watched(tmp_path: Path, steps: list[Step], **settings: Any) -> tuple[RecordingSink, Ears, Any]:
    sink, ears = RecordingSink(), Ears()
    source = ScriptedSource(steps, live=False)
    fixed: dict[str, Any] = {"rules": [], "events": {"clips": False}, "detect": {"enabled": False}}
    with pipeline(source, sink=sink, bus=ears, parts=tmp_path, **fixed, **settings) as built:
        built.watch(threading.Event())
        before = built.stats.tamper
        built.finish("source_ended")
    return sink, ears, before


def test_a_covered_camera_is_an_event_with_a_picture_and_a_story(tmp_path: Path) -> None:
    sink, ears, _ = watched(tmp_path, story(30, 20))

    [event] = sink.events
    assert (event.rule_id, event.event_type, event.label) == ("tamper", "tamper", "camera")
    assert event.severity is Severity.WARNING
    assert (event.state, event.end_reason) == ("closed", "cleared")
    assert event.started_at.timestamp() == pytest.approx(START / SECOND + 60, abs=2)
    assert 10 <= (event.opened_at - event.started_at).total_seconds() <= 14
    assert event.numbers["tampering"] == "covered"
    kinds = [a.kind.value for change in sink.changes for a in change.artifacts]
    assert "snapshot" in kinds
    [(record, verdicts)] = sink.stories
    assert (record.label, len(decode(record.path))) == ("camera", 0)
    assert [(v.track, v.stage, v.code) for v in verdicts] == [
        (0, "tamper", "covered"),
        (0, "tamper", "cleared"),
    ]
    assert [(topic, fact.kind) for topic, fact in ears.facts] == [
        ("camera.yard.tamper", "covered"),
        ("camera.yard.tamper", ""),
    ]


def test_people_are_told_in_plain_words(tmp_path: Path) -> None:
    sink, _, tamper = watched(tmp_path, story(30, 0))

    assert tamper == "covered"
    [event] = sink.events
    assert title_of(event, "Front door") == "The camera is covered (Front door)"
    assert text_of(event, "Front door").startswith("The camera is covered (Front door) since 20")
    assert event.end_reason == "source_ended"


def test_it_can_be_switched_off_and_waits_as_long_as_it_is_told(tmp_path: Path) -> None:
    off, _, _ = watched(tmp_path, story(40, 0), tamper={"enabled": False})
    patient, _, _ = watched(tmp_path, story(40, 0), tamper={"after_s": 60})
    quick, _, _ = watched(tmp_path, story(40, 0), tamper={"after_s": 5})

    assert (len(off.events), len(patient.events), len(quick.events)) == (0, 0, 1)
