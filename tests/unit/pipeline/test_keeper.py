"""A camera that was lost is tried again, ever more slowly; what it held open is closed in time."""

import gc
import random
import threading
import weakref
from collections.abc import Callable
from typing import Any

from tests.unit.pipeline.rig import SECOND, START, film, pipeline, walk
from vedette.bus.memory import MemoryBus
from vedette.contracts.errors import SourceLost, SourceRefused
from vedette.contracts.facts import CameraState, CameraStatus
from vedette.contracts.frame import Frame
from vedette.contracts.payload import Payload
from vedette.pipeline.keeper import keep_watching
from vedette.testing.fakes import FakeClock
from vedette.testing.scripted import RecordingSink, ScriptedSource, Step

LOST = SourceLost("the cable is out")
REFUSED = SourceRefused("no video in it")


class Camera:
    """A camera with its keeper, played to the end of the script."""

    def __init__(self, *openings: list[Step] | SourceLost | SourceRefused, live: bool = True):
        self.clock = FakeClock()
        self.sink = RecordingSink()
        self.stop = threading.Event()
        self.source = ScriptedSource(*openings, live=live, over=self.stop.set)
        self.states: list[CameraStatus] = []
        self.open_at_loss: list[int] = []

    async def play(self) -> None:
        bus = MemoryBus(clock=self.clock)
        bus.subscribe("camera.yard.status", self._note, name="test")
        with pipeline(self.source, sink=self.sink, clock=self.clock, bus=bus) as built:
            self.stats = built.stats
            keep_watching(built, self.stop, self.clock, random.Random(1))  # noqa: S311
        await bus.drain()

    async def _note(self, topic: str, fact: Payload) -> None:
        assert topic == "camera.yard.status"
        assert isinstance(fact, CameraStatus)
        self.states.append(fact)

    @property
    def reasons(self) -> list[tuple[str, str | None]]:
        return [(e.state.value, e.end_reason) for e in self.sink.events]


def after(clock: Callable[[float], None], seconds: float) -> Step:
    return lambda: clock(seconds)


def shown(start_s: float, seconds: float = 4.0) -> list[Step]:
    frames: list[Frame] = walk(start_us=START + round(start_s * SECOND), seconds=seconds)
    return [*frames]


async def test_a_camera_that_cannot_be_reached_is_tried_ever_more_slowly() -> None:
    camera = Camera(*[LOST] * 6)

    await camera.play()

    assert len(camera.clock.waits) == 6
    pauses = camera.clock.waits
    assert all(1.0 <= pause <= 30.0 for pause in pauses)
    assert pauses[5] > 3 * pauses[0]
    assert camera.stats.reconnects == 6
    assert len(camera.stats.problems) == 5, "only the latest are kept"
    told = [(s.state, round(s.retry_in_s, 3)) for s in camera.states[:3]]
    assert told == [
        (CameraState.CONNECTING, 0.0),
        (CameraState.LOST, 0.0),
        (CameraState.RETRYING, round(pauses[0], 3)),
    ]
    assert camera.states[1].detail == "the cable is out"
    assert camera.states[-1].state is CameraState.ENDED


async def test_a_short_loss_keeps_the_person_and_the_event() -> None:
    camera = Camera([*shown(0), LOST], [*film_from_walk_end(5.0)])

    await camera.play()

    assert len(camera.sink.events) == 1
    assert {record.id.rpartition("/")[2] for record, _ in camera.sink.stories} == {"1"}
    online = [s.state for s in camera.states].count(CameraState.ONLINE)
    assert online == 2


def film_from_walk_end(start_s: float, seconds: float = 2.0) -> list[Step]:
    """Somebody who stands where `walk` ended."""
    left = 0.40 + 0.08 * 3.8 - 0.2
    box = (left, 0.30, left + 0.10, 0.80)
    return [*film(box, start_us=START + round(start_s * SECOND), seconds=seconds)]


async def test_events_close_after_the_second_failure() -> None:
    camera = Camera([*shown(0), LOST], LOST, LOST)

    await camera.play()

    assert camera.reasons == [("closed", "camera_lost")]
    assert len(camera.sink.stories) == 1


async def test_one_failure_closes_nothing() -> None:
    camera = Camera([*shown(0), LOST])
    camera.source = ScriptedSource([*shown(0), LOST], [camera.stop.set, *shown(6, 0.2)])

    await camera.play()

    assert camera.reasons == [("closed", "stopped")]


async def test_also_a_steady_camera_closes_its_events_after_the_second_failure() -> None:
    camera = Camera()
    half_a_minute: list[Step] = [after(camera.clock.advance, 31.0)]
    camera.source = ScriptedSource(
        [*shown(0), *half_a_minute, LOST],
        LOST,
        [*film_from_walk_end(40.0), camera.stop.set],
        over=camera.stop.set,
    )

    await camera.play()

    assert camera.reasons == [("closed", "camera_lost"), ("closed", "stopped")]


async def test_a_steady_connection_makes_the_next_pause_short_again() -> None:
    steady = Camera()
    minute: list[Step] = [after(steady.clock.advance, 60.0)]
    steady.source = ScriptedSource(*[LOST] * 5, [*shown(0), *minute, LOST], over=steady.stop.set)

    await steady.play()

    assert steady.clock.waits[4] > 8.0
    assert steady.clock.waits[5] <= 2.0


async def test_a_camera_that_is_slow_to_refuse_is_not_steady() -> None:
    camera = Camera()
    source = ScriptedSource([*shown(0), LOST], *[LOST] * 4, over=camera.stop.set)
    opening = source.open

    def slowly() -> object:
        camera.clock.advance(120.0)
        return opening()

    source.open = slowly  # type: ignore[method-assign,assignment]
    camera.source = source

    await camera.play()

    assert camera.reasons == [("closed", "camera_lost")]
    assert camera.clock.waits[-1] > 4.0, "pauses grow all the same"


async def test_a_live_source_that_ends_is_lost_and_a_recording_is_over() -> None:
    live, file = Camera(shown(0)), Camera(shown(0), live=False)

    await live.play()
    await file.play()

    assert live.source.opened == 2
    assert live.stats.reconnects == 1
    assert file.source.opened == 1
    assert file.reasons == [("closed", "source_ended")]
    assert file.states[-1].detail == "source_ended"


async def test_a_recording_that_is_refused_has_failed_and_nothing_is_raised() -> None:
    camera = Camera(REFUSED, live=False)

    await camera.play()

    assert camera.stats.state is CameraState.FAILED
    assert camera.stats.detail == "no video in it"
    assert camera.clock.waits == []


async def test_a_camera_that_refuses_is_asked_again() -> None:
    camera = Camera(REFUSED, shown(0))

    await camera.play()

    assert CameraState.ONLINE in {s.state for s in camera.states}
    assert CameraState.FAILED not in {s.state for s in camera.states}


async def test_who_stops_while_waiting_is_not_kept_waiting() -> None:
    camera = Camera(LOST)

    class StoppedWhileWaiting(FakeClock):
        def wait(self, stop: threading.Event, seconds: float) -> bool:
            stop.set()
            return super().wait(stop, seconds)

    camera.clock = StoppedWhileWaiting()
    await camera.play()

    assert camera.source.opened == 1
    assert camera.clock.waits == [], "no time passed"
    assert camera.states[-1].detail == "stopped"


async def test_who_stops_while_it_opens_sees_no_frame() -> None:
    camera = Camera(shown(0))
    opening = camera.source.open

    def stopped_meanwhile() -> object:
        camera.stop.set()
        return opening()

    camera.source.open = stopped_meanwhile  # type: ignore[method-assign,assignment]
    await camera.play()

    assert camera.stats.packets == 0
    assert camera.source.streams[0].closed.is_set()
    assert camera.states[-1].state is CameraState.ENDED


def test_a_lost_camera_keeps_no_stream_while_it_waits() -> None:
    """A decoder of 4K holds 50 MB of pictures."""
    alive: list[bool] = []
    streams: list[weakref.ref[Any]] = []

    class Collecting(FakeClock):
        def wait(self, stop: threading.Event, seconds: float) -> bool:
            gc.collect()
            alive.extend(stream() is not None for stream in streams)
            return super().wait(stop, seconds)

    def cut() -> None:
        streams.append(weakref.ref(source.streams.pop()))
        raise SourceLost("the cable is out")  # a new one: an error keeps where it was raised

    clock, stop = Collecting(), threading.Event()
    source = ScriptedSource([*shown(0), cut], [*shown(9), cut], live=True, over=stop.set)
    with pipeline(source, sink=RecordingSink(), clock=clock) as built:
        keep_watching(built, stop, clock, random.Random(1))  # noqa: S311

    assert alive
    assert not any(alive)
