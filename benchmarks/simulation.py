"""A fleet in virtual time: many cameras of the product in one thread, each with its own demuxer
and decoder, one clock that jumps from packet to packet, a detector whose time is only counted.

Each camera runs the product's own `watch` in a coroutine (greenlet); where it would wait for its
next packet, the next camera goes on. So nothing is faked but time, and CPU time is real.
"""

import heapq
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import av
import greenlet
import numpy as np

from benchmarks.contest import cpu_s
from benchmarks.media import FPS, HEIGHT, WIDTH
from benchmarks.product import LABELS, WATCH, Kept
from benchmarks.scenes import Seen
from benchmarks.splice import LEARN_S, Feed, Shift
from vedette.app.build import Surroundings, build_camera
from vedette.app.camera_settings import CameraSettings, DetectSettings
from vedette.bus.memory import MemoryBus
from vedette.contracts.errors import SourceLost
from vedette.contracts.event import Event
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.sight import Detections
from vedette.kit.clock import to_us
from vedette.pipeline.camera import CameraPipeline
from vedette.pipeline.capture import at_once
from vedette.sources.address import Address
from vedette.sources.av_stream import AvStream
from vedette.sources.container import Opened, Target
from vedette.sources.stats import SourceStats
from vedette.sources.template import keep_parameters
from vedette.sources.timemap import LiveTime

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
VISIBLE = 0.35
"""Part of a person that must be in the picture for the detector to find it."""


class VirtualClock:
    """Time that others set."""

    def __init__(self) -> None:
        self.at_us = 0

    def now(self) -> datetime:
        return BEGIN + timedelta(microseconds=self.at_us)

    def monotonic(self) -> float:
        return self.at_us / 1e6

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody sleeps in virtual time")

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        """Nobody else runs meanwhile; who waits is a coroutine and goes on at once."""
        return stop.is_set()


@dataclass(slots=True, kw_only=True)
class CountedDetector:
    """A detector that knows the truth; its queue and its time exist only in figures."""

    clock: VirtualClock
    service_us: int
    """Of one frame, measured beside."""
    labels: tuple[str, ...] = LABELS
    free_us: int = 0
    """When it has done what was asked so far."""
    waits_us: list[int] = field(default_factory=list)
    """From asking to the answer, per frame."""
    busy_us: int = 0
    shifts: dict[str, tuple[Shift, int]] = field(default_factory=dict)
    """By camera: its script, and UTC of its begin."""

    def for_camera(self, detect: DetectSettings) -> "CountedDetector":
        """See `DetectorPool`: all cameras share it."""
        return self

    def submit(self, frame: Frame) -> Future[Detections]:
        """The answer, at once."""
        begin_us = max(self.clock.at_us, self.free_us)
        self.free_us = begin_us + self.service_us
        self.busy_us += self.service_us
        self.waits_us.append(self.free_us - self.clock.at_us)
        script, opened_us = self.shifts[frame.camera_id]
        answer: Future[Detections] = Future()
        answer.set_result(detections(script.seen(frame.at_us - opened_us), frame.at_us))
        return answer


def detections(seen: Sequence[Seen], at_us: int) -> Detections:
    """What a fair detector says: who is visible enough, a little beside, with a middling score."""
    there = [one for one in seen if one.visible >= VISIBLE]
    if not there:
        return Detections.none(LABELS)
    rng = np.random.default_rng(at_us // 1000)
    boxes = np.array([one.box for one in there], dtype=np.float32)
    boxes += rng.normal(0.0, 0.002, boxes.shape).astype(np.float32)
    return Detections(
        boxes=np.clip(boxes, 0.0, 1.0),
        scores=rng.uniform(0.6, 0.85, len(there)).astype(np.float32),
        classes=np.zeros(len(there), dtype=np.int16),
        labels=LABELS,
    )


class SplicedAddress(Address):
    """Says which camera it is."""

    def __init__(self, camera_id: str) -> None:
        super().__init__(f"splice:{camera_id}")
        self.public = camera_id

    def scrub(self, text: str) -> str:
        """Nothing is secret."""
        return text


@dataclass(slots=True)
class VirtualStream:
    """The product's own stream; each packet waits for its time by letting others run."""

    inner: AvStream
    wait: Callable[[int], None]
    begin_us: int

    @property
    def info(self) -> StreamInfo:
        return self.inner.info

    @property
    def stats(self) -> SourceStats:
        return self.inner.stats

    def packets(self) -> Iterator[Packet]:
        """See `Stream`; the end of the script is the end of the camera."""
        due_us = self.begin_us
        packets = self.inner.packets()
        while True:
            self.wait(due_us)
            try:
                packet = next(packets, None)
            except SourceLost:
                return
            if packet is None:
                return
            yield packet
            due_us += 1_000_000 // FPS

    def decode(self, packet: Packet) -> Sequence[Frame]:
        return self.inner.decode(packet)

    def flush(self) -> Sequence[Frame]:
        return self.inner.flush()

    def close(self) -> None:
        self.inner.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@dataclass(slots=True, kw_only=True)
class VirtualSource:
    """A camera that sends its script once."""

    camera_id: str
    script: Shift
    pictures: int
    begin_us: int
    clock: VirtualClock
    wait: Callable[[int], None]
    live: bool = True

    def __str__(self) -> str:
        return self.camera_id

    def open(self) -> Any:
        """A demuxer and a decoder of its own."""
        container = av.open(
            Feed(self.script, self.pictures),
            "r",
            format="flv",
            options={
                "analyzeduration": "0",
                "probesize": "32",
                "threads": "1",
            },
        )
        stream = container.streams.video[0]
        info = StreamInfo(
            codec="h264",
            width=WIDTH,
            height=HEIGHT,
            time_base=stream.time_base or 1,  # type: ignore[arg-type]
            frame_rate=float(FPS),
            template=keep_parameters(stream),
        )
        stats = SourceStats()
        inner = AvStream(
            Target(address=SplicedAddress(self.camera_id)),
            Opened(container=container, stream=stream, info=info),
            camera_id=self.camera_id,
            clock=self.clock,
            stats=stats,
            timeline=LiveTime(time_base=info.time_base, frame_rate=float(FPS), stats=stats),
        )
        return VirtualStream(inner, self.wait, self.begin_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a simulation cost, and what it saw."""

    cpu_s: float
    """Of everything after the first seconds, in which cameras are opened and learn."""
    simulated_s: float
    """Without those seconds."""
    events: dict[str, list[tuple[float, float]]]
    """By camera: begin and end of each event, in seconds of the camera's stream."""
    opened_us: dict[str, int]
    packets: int
    decoded: int
    looked: int
    waits_us: list[int]
    """Of the detector's answers."""
    busy: float
    """Part of the time that the detector computed."""
    by_ten_s: list[tuple[float, float]]
    """Second of the simulation, and CPU seconds from there to ten seconds later."""


@dataclass(slots=True, kw_only=True)
class Simulation:
    """Cameras by script. Runs once."""

    scripts: Sequence[Shift]
    length_s: float
    """With the first seconds."""
    warm_s: float = LEARN_S
    """These first seconds are not counted."""
    service_us: int = 20_000
    settings: dict[str, Any] = field(default_factory=dict)
    """Of every camera, beside WATCH."""
    told: Callable[[str], None] = lambda text: None
    _clock: VirtualClock = field(default_factory=VirtualClock)
    _due: list[tuple[int, int, Any]] = field(default_factory=list)
    _turn: int = 0
    _by_ten_s: list[tuple[float, float]] = field(default_factory=list)

    def run(self) -> Outcome:
        """Until the last packet of the last camera."""
        clock = self._clock
        detector = CountedDetector(clock=clock, service_us=self.service_us)
        sinks = [Kept() for _ in self.scripts]
        pipelines = [
            self._camera(number, script, sinks[number], detector)
            for number, script in enumerate(self.scripts)
        ]
        hub = greenlet.getcurrent()
        for pipeline in pipelines:
            coroutine = greenlet.greenlet(lambda one=pipeline: _watch(one), hub)
            coroutine.switch()  # opens, and waits for its first packet
        spent_s = self._go()
        begins = {p.camera_id: detector.shifts[p.camera_id][1] for p in pipelines}
        return Outcome(
            cpu_s=spent_s,
            simulated_s=self.length_s - self.warm_s,
            events={
                pipeline.camera_id: _times(sink, begins[pipeline.camera_id])
                for pipeline, sink in zip(pipelines, sinks, strict=True)
            },
            opened_us=begins,
            packets=sum(p.stats.packets for p in pipelines),
            decoded=sum(p.stats.frames for p in pipelines),
            looked=sum(p.stats.looked for p in pipelines),
            waits_us=detector.waits_us,
            busy=detector.busy_us / 1e6 / self.length_s,
            by_ten_s=self._by_ten_s,
        )

    def _go(self) -> float:
        """Give every camera its packets in the order of time; CPU seconds after the first ones."""
        clock, began_s = self._clock, 0.0
        next_s, spent_s = self.warm_s, 0.0
        while self._due:
            due_us, _, coroutine = heapq.heappop(self._due)
            if due_us >= next_s * 1e6:
                if began_s:
                    self._by_ten_s.append((next_s - 10, cpu_s() - began_s - spent_s))
                began_s = began_s or cpu_s()
                spent_s = cpu_s() - began_s
                self.told(f"{next_s:.0f} of {self.length_s:.0f} s, {spent_s:.0f} s of CPU time")
                next_s += 10
            clock.at_us = max(clock.at_us, due_us)
            coroutine.switch()
        return cpu_s() - began_s

    def _camera(
        self, number: int, script: Shift, sink: Kept, detector: CountedDetector
    ) -> CameraPipeline:
        camera_id = f"c{number}"
        settings = CameraSettings.model_validate(
            {"id": camera_id, "source": "simulator:", **WATCH, **self.settings}
        )
        pipeline = build_camera(
            settings,
            Surroundings(
                clock=self._clock,
                bus=MemoryBus(clock=self._clock),
                sink=sink,
                detector=detector,  # type: ignore[arg-type]
                work=at_once,
                parts=None,
            ),
        )
        begin_us = number * 1_000_000 // max(1, len(self.scripts))  # opened one after the other
        pipeline.source = VirtualSource(
            camera_id=camera_id,
            script=script,
            pictures=round(self.length_s * FPS),
            begin_us=begin_us,
            clock=self._clock,
            wait=self._wait,
        )
        pipeline.ahead = False
        detector.shifts[camera_id] = script, to_us(BEGIN) + begin_us
        return pipeline

    def _wait(self, due_us: int) -> None:
        """Let the others run until then."""
        self._turn += 1
        here = greenlet.getcurrent()
        heapq.heappush(self._due, (due_us, self._turn, here))
        parent = here.parent
        assert parent is not None
        parent.switch()


def _watch(pipeline: CameraPipeline) -> None:
    pipeline.watch(threading.Event())
    pipeline.finish("source_ended")


def _times(sink: Kept, begin_us: int) -> list[tuple[float, float]]:
    return sorted(_time(event, begin_us) for event in sink.events.values())


def _time(event: Event, begin_us: int) -> tuple[float, float]:
    began_us, ended_us = to_us(event.started_at), to_us(event.ended_at or event.updated_at)
    return (began_us - begin_us) / 1e6, (ended_us - begin_us) / 1e6


def found(reference: Sequence[tuple[float, float]], seen: Sequence[tuple[float, float]]) -> int:
    """How many events of the reference have one that was there at the same time, give or take a
    second. (A track that breaks makes two events of one walk; nobody else walks at that time.)"""
    return sum(
        any(
            other_began_s <= ended_s + 1.0 and began_s - 1.0 <= other_ended_s
            for other_began_s, other_ended_s in seen
        )
        for began_s, ended_s in reference
    )
