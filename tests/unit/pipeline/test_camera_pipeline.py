"""What one camera makes of what it sees, when something is in the way."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from tests.unit.pipeline.rig import PERSON, SECOND, START, film, pipeline, walk
from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.frame import Frame
from vedette.contracts.packet import Packet
from vedette.contracts.sight import Detections, Motion
from vedette.detect.blob import BlobConfig, BlobDetector
from vedette.motion.port import MotionGate
from vedette.pipeline.camera import CameraPipeline
from vedette.testing.scripted import RecordingSink, ScriptedSource, Step, drawn


class FaultyDetector(BlobDetector):
    """Fails between two moments."""

    def __init__(self, from_us: int, to_us: int) -> None:
        super().__init__(BlobConfig())
        self._bad = range(from_us, to_us)

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        if any(frame.at_us in self._bad for frame in frames):
            raise ModelUnavailable("the card fell off the bus")
        return super().detect(frames)


def watch(built: CameraPipeline, *, end: str = "source_ended") -> None:
    built.watch(threading.Event())
    if end:
        built.finish(end)


def states(sink: RecordingSink) -> list[tuple[str, str | None]]:
    return [(event.state.value, event.end_reason) for event in sink.events]


def test_a_detector_that_fails_has_not_seen_that_nobody_is_there() -> None:
    sink = RecordingSink()
    bad = (START + 2 * SECOND, START + 12 * SECOND)
    source = ScriptedSource(walk(seconds=15.0, fps=5.0)[:70], live=False)

    with pipeline(source, sink=sink, detector=FaultyDetector(*bad)) as built:
        watch(built, end="")
        failures = built.stats.detector_failures
        assert [event.state for event in sink.events] == ["open"], "ten blind seconds ended nothing"
        built.finish("source_ended")

    assert failures == 50
    assert "the card fell off the bus" in built.stats.problems[-1]
    assert states(sink) == [("closed", "source_ended")]


def test_a_detector_that_fails_at_first_is_asked_again_although_nothing_moves() -> None:
    sink = RecordingSink()
    source = ScriptedSource(film(PERSON, seconds=8.0), live=False)
    detector = FaultyDetector(START, START + 2 * SECOND)

    with pipeline(source, sink=sink, detector=detector) as built:
        watch(built)

    assert built.stats.detector_failures > 0
    assert len(sink.events) == 1


def test_who_stands_still_for_minutes_is_one_track_and_one_event() -> None:
    sink = RecordingSink()
    arrival = walk(seconds=3.0)
    left = 0.40 + 0.08 * 2.8 - 0.2
    standing = film(
        (left, 0.30, left + 0.10, 0.80), start_us=START + 3 * SECOND, seconds=240.0, fps=2.0
    )
    source = ScriptedSource([*arrival, *standing], live=False)

    with pipeline(source, sink=sink, detect={"fps": 5, "recheck_s": 2.0}) as built:
        watch(built)
        looked, analysed = built.stats.looked, built.stats.analysed

    assert states(sink) == [("closed", "source_ended")]
    [(record, _)] = sink.stories
    assert record.t1_us - record.t0_us > 230 * SECOND
    assert looked < analysed / 5, "while nothing moves, it is only looked at every 10 s"


def test_who_vanishes_without_a_motion_is_noticed() -> None:
    sink = RecordingSink()
    still = film(PERSON, seconds=20.0)
    hardly = [drawn(frame.at_us, number=frame.number) for frame in film(seconds=40.0)[100:]]
    source = ScriptedSource([*still, *hardly], live=False)
    motion = {"type": "luma", "min_area": 0.9}  # nothing is large enough to be motion

    with pipeline(source, sink=sink, motion=motion) as built:
        watch(built)

    assert states(sink) == [("closed", "lost")]


def test_frames_that_go_back_are_counted_and_not_looked_at() -> None:
    sink = RecordingSink()
    frames = film(PERSON, seconds=2.0)
    source = ScriptedSource([*frames, frames[3], frames[-1]], live=False)

    with pipeline(source, sink=sink) as built:
        watch(built)

    assert (built.stats.frames, built.stats.stale, built.stats.analysed) == (12, 2, 10)


def test_a_clock_that_is_put_back_while_the_camera_is_away_does_not_blind_it() -> None:
    sink = RecordingSink()
    hour_us = 3600 * SECOND
    busy: list[bool] = []
    first_frame, *more = walk(start_us=START - hour_us, seconds=4.0)
    again: list[Step] = [first_frame, lambda: busy.append(built.book.busy), *more]
    source = ScriptedSource(walk(seconds=4.0), again)

    with pipeline(source, sink=sink) as built:
        watch(built, end="")
        watch(built)

    assert busy == [False], "clips of the other time are complete"

    assert built.stats.stale == 0
    assert states(sink) == [("closed", "clock_put_back"), ("closed", "source_ended")]
    first, second = sink.events
    assert second.started_at < first.started_at
    sessions = {event.track_ids[0].split("/")[1] for event in (first, second)}
    assert len(sessions) == 2, "a session is named after its first frame"


def test_a_small_step_back_after_a_reconnect_only_waits() -> None:
    sink = RecordingSink()
    again = film(PERSON, start_us=START + 3 * SECOND, seconds=4.0)
    source = ScriptedSource(film(PERSON, seconds=4.0), again)

    with pipeline(source, sink=sink, gate={"mode": "always"}) as built:
        watch(built, end="")
        watch(built)

    assert built.stats.stale == 5
    assert len(sink.events) == 1


def test_who_stands_there_when_the_camera_comes_back_is_seen_although_nothing_moves() -> None:
    sink = RecordingSink()
    later = film(PERSON, start_us=START + 40 * SECOND, seconds=6.0)
    source = ScriptedSource(film(PERSON, seconds=20.0), later)

    with pipeline(source, sink=sink) as built:
        watch(built, end="")
        built.forget("camera_lost")
        assert built.announcer._announced == {}
        watch(built)

    assert states(sink) == [("closed", "camera_lost"), ("closed", "source_ended")]


def test_where_detection_is_off_the_camera_is_only_shown() -> None:
    sink = RecordingSink()
    source = ScriptedSource(walk(), live=False)

    with pipeline(source, sink=sink, detect={"enabled": False}) as built:
        watch(built)

    assert built.stats.looked == 0
    assert built.stats.analysed == 20
    assert sink.changes == []
    assert built.live.jpeg()


def test_a_recording_from_1970_is_like_any_other() -> None:
    sinks = [RecordingSink(), RecordingSink()]
    for sink, start_us in zip(sinks, (0, START), strict=True):
        source = ScriptedSource(walk(start_us=start_us), live=False)
        with pipeline(source, sink=sink) as built:
            watch(built)
            assert built.stats.first_frame_us == start_us
            assert built.stats.stale == 0

    old, new = (sink.events[0] for sink in sinks)
    assert old.started_at.timestamp() == new.started_at.timestamp() - START / SECOND
    assert len(sinks[0].events) == len(sinks[1].events) == 1


def test_short_events_that_end_after_their_track_leave_nothing_behind() -> None:
    sink = RecordingSink()
    line = {"id": "gate", "a": [0.4, 0.1], "b": [0.4, 1.0]}
    rule = {"id": "passing", "type": "line_crossing", "line": "gate", "end_after_s": 30}
    empty = film(start_us=START + 8 * SECOND, seconds=40.0)
    steps: list[Step] = [*walk(seconds=8.0), *empty]
    source = ScriptedSource(steps, live=False)

    with pipeline(source, sink=sink, lines=[line], rules=[rule]) as built:
        watch(built, end="")
        left = built.ledger._stories

    assert states(sink) == [("closed", "done")]
    assert len(sink.stories) == 1
    assert left == {}, "a story of a track that is over would stay for ever"


def test_events_are_counted() -> None:
    sink = RecordingSink()
    with pipeline(ScriptedSource(walk(), live=False), sink=sink) as built:
        watch(built)

    assert built.stats.events == len(sink.events) == 1


def test_sound_counts_as_bytes_and_not_as_frames_that_arrive() -> None:
    sound = Packet(
        data=b"hush", pts=0, dts=0, duration=0, is_keyframe=False, at_us=START, is_audio=True
    )
    source = ScriptedSource(film(seconds=1.0))
    with pipeline(source, sink=RecordingSink()) as yard:
        yard.watch(threading.Event())
        before = (yard.stats.packets, yard.stats.bytes)
        yard.take(source.streams[0], sound)

    assert (yard.stats.packets, yard.stats.bytes) == (before[0], before[1] + 4)


class Starved:
    """A motion gate for which there is no memory at some moments."""

    def __init__(self, inner: MotionGate, *moments_us: int) -> None:
        self._inner = inner
        self._moments_us = moments_us

    def look(self, frame: Frame) -> Motion:
        if frame.at_us in self._moments_us:
            raise MemoryError("Unable to allocate 81.0 KiB")
        return self._inner.look(frame)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def test_a_camera_leaves_pictures_out_for_which_there_is_no_memory_and_goes_on() -> None:
    sink = RecordingSink()
    frames = walk(seconds=4.0)

    with pipeline(ScriptedSource(frames, live=False), sink=sink) as built:
        built.motion = Starved(built.motion, frames[7].at_us, frames[8].at_us)
        built.ahead = True
        watch(built)

    assert built.gate.skipped["memory"] == 2
    assert built.stats.problems[-1] == "yard: a picture was left out: Unable to allocate 81.0 KiB"
    assert states(sink) == [("closed", "source_ended")]
    assert built.stats.analysed == len(frames), "those that were left out count as taken up"


def test_a_recording_for_which_there_is_no_memory_is_not_understood_in_part() -> None:
    frames = walk(seconds=4.0)
    with pipeline(ScriptedSource(frames, live=False), sink=RecordingSink()) as built:
        built.motion = Starved(built.motion, frames[7].at_us)
        with pytest.raises(MemoryError):
            watch(built)
