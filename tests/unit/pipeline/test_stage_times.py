"""How long each stage of a camera takes, and the trace of a picture that opened an event."""

import threading
from collections.abc import Sequence
from typing import Any

from tests.unit.pipeline.rig import SECOND, START, film, pipeline, walk
from vedette.bus.memory import MemoryBus
from vedette.contracts.frame import Frame
from vedette.contracts.payload import Payload
from vedette.contracts.sight import Detections
from vedette.contracts.span import Span
from vedette.detect.blob import BlobConfig, BlobDetector
from vedette.kit.clock import from_us, to_us
from vedette.pipeline.stopwatch import Stopwatch, Timed
from vedette.testing.fakes import FakeClock
from vedette.testing.scripted import RecordingSink, ScriptedSource

LOOK_S = 0.2


class SlowDetector(BlobDetector):
    """Takes its time, by the clock of the test."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(BlobConfig())
        self._clock = clock

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        self._clock.advance(LOOK_S)
        return super().detect(frames)


async def traced(
    frames: Sequence[Frame], clock: FakeClock, *, listening: bool = True
) -> tuple[list[Span], dict[Timed, int], RecordingSink]:
    """Spans that were told, how often each stage was timed, and what was seen."""
    bus, sink, told = MemoryBus(clock=clock), RecordingSink(), list[Span]()

    async def hear(topic: str, fact: Payload) -> None:
        assert isinstance(fact, Span), topic
        told.append(fact)

    if listening:
        bus.subscribe("telemetry.span", hear, name="collector")
    source = ScriptedSource(list(frames), live=False)
    with pipeline(source, sink=sink, clock=clock, bus=bus, detector=SlowDetector(clock)) as built:
        built.watch(threading.Event())
        built.finish("source_ended")
        counts = {stage: took.count for stage, took in built.stopwatch.stages.items()}
        slow = built.stopwatch.stages[Timed.DETECT]
        assert slow.total_s > LOOK_S * built.stats.looked - 0.001
        assert dict(slow.cumulative())["0.1"] == 0
    await bus.drain()
    return told, counts, sink


async def test_each_stage_of_each_picture_is_timed() -> None:
    frames = walk(seconds=4.0)

    _, counts, _ = await traced(frames, FakeClock())

    for stage in (Timed.MOTION, Timed.TRACK, Timed.JUDGE, Timed.EVENT):
        assert counts[stage] == len(frames), stage
    assert 0 < counts[Timed.DETECT] <= len(frames)


async def test_the_picture_that_opened_an_event_is_told_stage_by_stage() -> None:
    told, _, sink = await traced(walk(seconds=4.0), FakeClock())

    event = sink.events[0]
    assert {span.correlation_id for span in told} == {event.correlation_id}, "no other picture"
    by_name = {span.name: span for span in told}
    whole = by_name.pop("frame")
    assert whole.whole
    assert whole.attributes["events"] == str(event.id)
    assert whole.attributes["rules"] == "seen"
    assert list(by_name) == ["decode", "motion", "detect", "track", "judge", "event"]
    detect = by_name["detect"]
    assert (detect.ended - detect.began).total_seconds() >= LOOK_S
    for span in by_name.values():
        assert whole.began <= span.began <= span.ended <= whole.ended, span.name


async def test_a_picture_that_is_late_is_told_from_when_it_was_taken() -> None:
    clock = FakeClock(start=from_us(START + 2 * SECOND))

    told, _, _ = await traced(walk(seconds=1.0), clock)

    whole, first = told[0], told[1]
    assert START <= to_us(whole.began) < START + SECOND
    assert (first.began - whole.began).total_seconds() > 1.0, "it waited before it was decoded"


async def test_of_a_recording_the_time_of_work_is_told() -> None:
    clock = FakeClock(start=from_us(START + 86_400 * SECOND))

    told, _, _ = await traced(walk(seconds=1.0), clock)

    assert told[0].began == told[1].began


async def test_nobody_who_collects_nothing_told() -> None:
    told, counts, sink = await traced(film((0.4, 0.3, 0.5, 0.8)), FakeClock(), listening=False)

    assert sink.events
    assert told == []
    assert counts[Timed.JUDGE] > 0, "it is timed all the same"


def test_pictures_that_nobody_looks_at_leave_nothing_behind() -> None:
    watch: Any = Stopwatch(clock=FakeClock())
    for _ in range(1000):
        watch.picture()
        watch.lap(Timed.DECODE)

    assert len(watch.laps) == 1
