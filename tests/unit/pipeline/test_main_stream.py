"""A camera of two streams: the large one is kept, the small one is looked at; either may fail."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.unit.pipeline.rig import SECOND, START, film, pipeline, walk
from vedette.contracts.errors import SourceLost, SourceRefused, VedetteError
from vedette.contracts.facts import CameraState, CameraStatus
from vedette.contracts.packet import Packet, StreamInfo
from vedette.contracts.payload import Payload
from vedette.pipeline.announce import Announcer
from vedette.pipeline.camera import CameraPipeline
from vedette.pipeline.keeper import keep_watching
from vedette.pipeline.main_stream import MainStream
from vedette.pipeline.standing import Standing
from vedette.pipeline.stats import CameraStats
from vedette.testing.fakes import FakeClock
from vedette.testing.scripted import RecordingSink, ScriptedSource, Step, drawn

AWAY = SourceLost("the cable is out")


@dataclass(slots=True)
class Tap:
    """Keeps what it is told."""

    infos: list[StreamInfo] = field(default_factory=list)
    times_us: list[int] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)

    def packet(self, info: StreamInfo, packet: Packet) -> None:
        self.infos.append(info)
        self.times_us.append(packet.at_us)

    def lost(self, cause: str) -> None:
        self.losses.append(cause)


@dataclass(slots=True)
class Ears:
    """A bus that keeps what cameras say of themselves."""

    states: list[tuple[CameraState, str]] = field(default_factory=list)

    def wanted(self, topic: str) -> bool:
        return topic.endswith(".status")

    def publish(self, topic: str, payload: Payload) -> None:
        assert isinstance(payload, CameraStatus)
        self.states.append((payload.state, payload.detail))


@dataclass(slots=True, kw_only=True)
class Both:
    """A camera with two scripted streams; the small one is played by `look`."""

    built: CameraPipeline
    main: ScriptedSource
    tap: Tap
    states: list[tuple[CameraState, str]]

    def look(self) -> None:
        self.built.watch(threading.Event())

    def kept(self) -> MainStream:
        assert self.built.main is not None
        return self.built.main

    def play_main(self) -> None:
        """Run the large stream to the end of its script, here."""
        self.kept()._run()


@contextmanager
def camera(
    small: list[Step], *openings: list[Step] | VedetteError, live: bool = True
) -> Iterator[Both]:
    over: list[MainStream] = []
    ears = Ears()
    main = ScriptedSource(*openings, live=live, over=lambda: _stop(over))
    sub = ScriptedSource(small, live=False)
    with pipeline(sub, sink=RecordingSink(), bus=ears, detect_source="sub.mp4") as built:
        tap = Tap()
        built.taps = (tap,)
        assert built.main is not None
        built.main.source = main
        over.append(built.main)
        yield Both(built=built, main=main, tap=tap, states=ears.states)


def _stop(streams: list[MainStream]) -> None:
    for stream in streams:
        stream.stop()


def large(seconds: float, start_s: float = 0.0) -> list[Step]:
    count = round(seconds * 5)
    start_us = START + round(start_s * SECOND)
    return [drawn(start_us + n * SECOND // 5, size=(640, 360), number=n + 1) for n in range(count)]


def test_only_the_large_stream_is_kept_and_only_the_small_one_is_looked_at() -> None:
    small: list[Step] = [*walk(seconds=4.0)]
    with camera(small, large(6.0), live=False) as both:
        both.play_main()
        both.look()

        assert both.built.ring.seconds > 5.0
        assert len(both.tap.times_us) == 30
        assert both.built.stats.frames == 20
        assert both.kept().packets == both.built.stats.main_packets == 30
        assert both.built.stats.main_bytes == 30 * len(b"frame")
        assert both.built.stats.packets == 20


def test_the_loss_of_the_large_stream_is_told_and_detection_goes_on() -> None:
    with camera([*film(seconds=4.0)], [*large(2.0), AWAY], large(2.0, 10.0)) as both:
        both.built.status(CameraState.ONLINE)
        both.play_main()

        degraded = [detail for state, detail in both.states if state is CameraState.DEGRADED]
        assert "the stream that is recorded is away: the cable is out" in degraded[0]
        assert both.tap.losses[0] == "the cable is out"
        assert both.kept().reconnects == both.built.stats.main_reconnects >= 2
        both.look()
        assert both.built.stats.frames == 20


def test_what_was_kept_before_a_loss_is_not_offered_to_new_clips() -> None:
    with camera([], [*large(4.0), AWAY], large(1.0, 100.0)) as both:
        at_loss: list[int] = []
        main_status = both.kept().tell

        def told(state: CameraState, detail: str) -> None:
            main_status(state, detail)
            if state is CameraState.LOST:
                at_loss.append(len(both.built.ring))

        both.kept().tell = told
        both.play_main()

        assert at_loss[0] == 0


def test_a_large_stream_that_can_never_be_used_is_said_to_have_failed() -> None:
    with camera([], SourceRefused("no video in it"), live=False) as both:
        both.built.status(CameraState.ONLINE)
        both.play_main()

        assert (
            CameraState.DEGRADED,
            "detection goes on, but the stream that is recorded is away: no video in it",
        ) in both.states


def test_a_recording_that_ends_is_no_loss() -> None:
    with camera([], large(2.0), live=False) as both:
        both.play_main()

        assert both.tap.losses == []
        assert len(both.built.ring) == 10


def test_it_runs_beside_the_camera_and_ends_with_it() -> None:
    with camera([*walk(seconds=4.0)], large(2.0)) as both:
        both.kept().start()
        keep_watching(both.built, threading.Event(), FakeClock(), random.Random(1))  # noqa: S311

        assert both.built.stats.frames == 20
        assert both.kept().stop()


@pytest.mark.parametrize(
    ("looked", "main", "state", "words"),
    [
        (CameraState.ONLINE, None, CameraState.ONLINE, "small"),
        (CameraState.ONLINE, CameraState.ONLINE, CameraState.ONLINE, "small"),
        (CameraState.ONLINE, CameraState.LOST, CameraState.DEGRADED, "detection goes on"),
        (CameraState.ONLINE, CameraState.FAILED, CameraState.DEGRADED, "large"),
        (CameraState.ONLINE, CameraState.ENDED, CameraState.ONLINE, "small"),
        (CameraState.RETRYING, CameraState.ONLINE, CameraState.RETRYING, "recording goes on"),
        (CameraState.LOST, CameraState.LOST, CameraState.LOST, "small"),
        (CameraState.CONNECTING, CameraState.ONLINE, CameraState.CONNECTING, "small"),
    ],
)
def test_two_streams_are_one_state_and_a_sentence(
    looked: CameraState, main: CameraState | None, state: CameraState, words: str
) -> None:
    ears, stats = Ears(), CameraStats()
    announcer = Announcer(camera_id="yard", zone_ids=(), bus=ears, clock=FakeClock())
    standing = Standing(stats=stats, announcer=announcer)
    if main is not None:
        standing.kept(main, "large")
    standing.looked(looked, "small")

    assert stats.state is state
    assert words in stats.detail
    assert ears.states[-1] == (stats.state, stats.detail)
