"""Every stage says what it did, on the catalogue's topics, in order; or nobody builds a word."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.pipeline.rig import (
    PERSON,
    SECOND,
    START,
    ended,
    film,
    pipeline,
    sight,
    tracks,
    walk,
)
from vedette.bus.memory import MemoryBus
from vedette.contracts.facts import CameraState, DetectionFact, FrameFact, MotionFact
from vedette.contracts.payload import Payload
from vedette.contracts.sight import Detections, Motion
from vedette.contracts.topics import TOPICS
from vedette.pipeline.announce import Announcer
from vedette.testing.fakes import FakeClock
from vedette.testing.scripted import RecordingSink, ScriptedSource, drawn

PORCH = {"id": "porch", "polygon": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]], "inertia_s": 0}
ATTIC = {"id": "attic", "polygon": [[0.0, 0.0], [1.0, 0.0], [1.0, 0.1], [0.0, 0.1]], "inertia_s": 0}
KNOWN = {topic.name.replace("{id}", "yard"): topic.payload for topic in TOPICS}


class Heard:
    """Everything that was said on a real bus."""

    def __init__(self, *patterns: str) -> None:
        self.bus = MemoryBus(clock=FakeClock())
        self.facts: list[tuple[str, Payload]] = []
        for pattern in patterns:
            self.bus.subscribe(pattern, self._hear, name=pattern)

    async def _hear(self, topic: str, fact: Payload) -> None:
        self.facts.append((topic, fact))

    async def topics(self) -> list[str]:
        await self.bus.drain()
        return [topic for topic, _ in self.facts]


def voice(heard: Heard) -> Announcer:
    return Announcer(
        camera_id="yard",
        zone_ids=("attic", "porch"),
        bus=heard.bus,
        clock=FakeClock(),
        session="s1",
    )


def say_one_frame(speaker: Announcer, number: int = 1, *ids: int) -> None:
    frame = drawn(START + number * SECOND, PERSON, number=number)
    box = np.array([PERSON], dtype=np.float32)
    moved = Motion(fraction=0.05, boxes=box, active=True, code="motion")
    found = Detections(
        boxes=box,
        scores=np.array([0.9], dtype=np.float32),
        classes=np.zeros(1, dtype=np.int16),
        labels=("person", "car"),
    )
    speaker.frame(frame)
    speaker.motion(frame, moved)
    speaker.detections(frame, found)
    speaker.zoned(sight(frame, tracks(frame.at_us, *(ids or (1,))), zones=[ATTIC, PORCH]))


ORDER = [
    "camera.yard.frame",
    "process.motion.detected",
    "process.detected",
    "process.motion.unique",
    "process.motion.zoned",
]


async def test_a_frame_is_told_from_cause_to_effect_with_one_correlation_id() -> None:
    heard = Heard("*")

    say_one_frame(voice(heard))

    assert await heard.topics() == ORDER
    ids = set()
    for topic, fact in heard.facts:
        assert type(fact) is KNOWN[topic], "the payload of the catalogue"
        assert isinstance(fact, FrameFact | MotionFact | DetectionFact)
        assert fact.camera_id == "yard"
        assert fact.at.timestamp() == START / SECOND + 1
        ids.add(fact.correlation_id)
    assert ids == {"yard/s1/1"}


async def test_the_whole_pipeline_tells_the_same_order() -> None:
    heard = Heard("camera.*.frame", "process.*")
    empty, person = film(seconds=2.0), walk(start_us=START + 2 * SECOND, seconds=3.0)
    frames = [replace(f, number=n) for n, f in enumerate([*empty, *person], start=1)]
    source = ScriptedSource(frames, live=False)

    with pipeline(source, sink=RecordingSink(), bus=heard.bus, zones=[PORCH]) as built:
        built.watch(threading.Event())
    await heard.bus.drain()

    by_frame: dict[str, list[str]] = {}
    for topic, fact in heard.facts:
        assert isinstance(fact, FrameFact | MotionFact | DetectionFact)
        by_frame.setdefault(fact.correlation_id, []).append(topic)
    assert len(by_frame) == 25
    for said in by_frame.values():
        assert said == [topic for topic in ORDER if topic in said], "once each, and in order"
    assert ORDER in by_frame.values(), "one frame told everything"
    assert sum("process.motion.unique" in said for said in by_frame.values()) == 1


async def test_who_is_new_is_told_once() -> None:
    heard = Heard("process.motion.unique")
    speaker = voice(heard)
    for number, ids in enumerate([(1,), (1,), (1, 2), (2,), (1, 2)], start=1):
        say_one_frame(speaker, number, *ids)
    await heard.bus.drain()

    told = [fact.objects for _, fact in heard.facts if isinstance(fact, DetectionFact)]
    assert [[each.track_id for each in objects] for objects in told] == [
        ["yard/s1/1"],
        ["yard/s1/2"],
    ]


async def test_who_is_still_there_after_the_window_is_announced_again() -> None:
    """The same object at ten moments: once within the window, a second time after it."""
    heard = Heard("process.motion.unique")
    speaker = voice(heard)
    speaker.unique_us = 8 * SECOND
    for number in range(10):
        say_one_frame(speaker, number, 1)
    await heard.bus.drain()

    times = [fact.at for _, fact in heard.facts if isinstance(fact, DetectionFact)]
    assert [(time - times[0]).total_seconds() for time in times] == [0.0, 8.0]


async def test_tracks_that_ended_are_forgotten() -> None:
    speaker = voice(Heard("process.motion.unique"))
    say_one_frame(speaker, 1, 1, 2)
    gone = tracks(START + 2 * SECOND, ended=[ended(1)])
    speaker.zoned(sight(drawn(START + 2 * SECOND), gone))
    assert set(speaker._announced) == {2}

    speaker.forget()

    assert speaker._announced == {}, "else every reconnect leaves some behind"


async def test_objects_say_in_which_zones_they_are() -> None:
    heard = Heard("process.motion.zoned")

    say_one_frame(voice(heard))
    await heard.bus.drain()

    [(_, fact)] = heard.facts
    assert isinstance(fact, DetectionFact)
    [person] = fact.objects
    assert person.attributes == {"zone_matches": ["porch"]}
    assert (person.label, person.box, person.track_id) == ("person", PERSON, "yard/s1/1")


async def test_quiet_and_empty_pictures_say_nothing_but_that_they_were_looked_at() -> None:
    heard = Heard("*")
    speaker = voice(heard)
    frame = drawn(START)
    no_motion = Motion(fraction=0.0, boxes=np.zeros((0, 4), np.float32), active=False, code="quiet")
    speaker.frame(frame)
    speaker.motion(frame, no_motion)
    speaker.detections(frame, Detections.none(("person",)))
    speaker.zoned(sight(frame, tracks(START)))

    assert await heard.topics() == ["camera.yard.frame"]


async def test_a_state_is_told_with_its_reason() -> None:
    heard = Heard("camera.*.status")

    voice(heard).status(CameraState.RETRYING, "no answer", 2.5)

    assert await heard.topics() == ["camera.yard.status"]
    said = heard.facts[0][1].model_dump()
    assert (said["state"], said["detail"], said["retry_in_s"]) == ("retrying", "no answer", 2.5)


@pytest.fixture
def no_facts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes every fact that is built."""
    built: list[str] = []
    for kind in (FrameFact, MotionFact, DetectionFact):
        original = kind.__init__

        def noted(self: Payload, _original: object = original, **data: object) -> None:
            built.append(type(self).__name__)
            _original(self, **data)  # type: ignore[operator]

        monkeypatch.setattr(kind, "__init__", noted)
    return built


def test_nothing_is_built_when_nobody_listens(no_facts: list[str]) -> None:
    say_one_frame(voice(Heard()))

    assert no_facts == []


def test_a_listener_has_facts_built(no_facts: list[str]) -> None:
    say_one_frame(voice(Heard("camera.*.frame", "process.detected")))

    assert no_facts == ["FrameFact", "DetectionFact"]
