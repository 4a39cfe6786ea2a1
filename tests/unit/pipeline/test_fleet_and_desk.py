"""Threads of cameras and of media: they end when asked, and one failure stops nobody else."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.pipeline.rig import START, film, pipeline, walk
from vedette.app.camera_health import loop_health
from vedette.contracts.errors import InvalidInput, SourceLost
from vedette.contracts.facts import CameraState
from vedette.contracts.health import HealthLevel
from vedette.contracts.packet import Packet, StreamInfo
from vedette.kit.clock import SystemClock
from vedette.link.box import BOX, BlackBox
from vedette.pipeline.camera import CameraPipeline
from vedette.pipeline.desk import CROWD, LEAST_PICTURES, MOST_LATER, PICTURES, MediaDesk
from vedette.pipeline.fleet import Fleet
from vedette.pipeline.watch import Patience
from vedette.testing.fakes import FakeClock
from vedette.testing.scripted import RecordingSink, ScriptedSource, ScriptedStream, drawn

PATIENCE_S = 10.0


class SilentStream(ScriptedStream):
    """A camera that says nothing more until it is closed."""

    def packets(self) -> Iterator[Packet]:
        yield from super().packets()
        assert self.closed.wait(PATIENCE_S), "nobody closed it"


class SilentSource(ScriptedSource):
    def open(self) -> ScriptedStream:
        self.streams.append(SilentStream(walk(seconds=2.0)))
        return self.streams[-1]


def until(found: Callable[[], bool]) -> None:
    turn = threading.Event()
    for _ in range(1000):
        if found():
            return
        turn.wait(0.01)
    raise AssertionError("it does not happen")


def running(pipelines: list[CameraPipeline], packets: int) -> None:
    """Wait until every camera has seen so much."""
    until(lambda: all(each.stats.packets >= packets for each in pipelines))


def test_a_fleet_stops_at_once_although_a_camera_is_silent() -> None:
    sink, clock = RecordingSink(), SystemClock()
    with pipeline(SilentSource(), sink=sink) as built:
        fleet = Fleet([built], clock)
        fleet.start()
        running([built], 10)
        began = clock.monotonic()

        assert fleet.stop() == []

    assert clock.monotonic() - began < PATIENCE_S / 2
    assert fleet.watching == 0
    assert [(e.state.value, e.end_reason) for e in sink.events] == [("closed", "stopped")]


def test_a_fleet_names_who_does_not_stop_in_time() -> None:
    held = threading.Event()

    class Stuck(ScriptedSource):
        def open(self) -> ScriptedStream:
            held.wait(PATIENCE_S)
            raise SourceLost("at last")

    with pipeline(Stuck(), sink=RecordingSink()) as built:
        fleet = Fleet([built], SystemClock())
        fleet.start()
        assert fleet.stop(within_s=0.05) == ["yard"]
        held.set()
        assert fleet.stop() == []


def test_a_fleet_that_never_started_stops() -> None:
    with pipeline(ScriptedSource(), sink=RecordingSink()) as built:
        assert Fleet([built], FakeClock()).stop() == []


def test_a_defect_is_said_and_the_camera_begins_again() -> None:
    sink = RecordingSink()
    states: list[CameraState] = []

    def defect() -> None:
        states.append(built.stats.state)
        raise ZeroDivisionError("nobody thought of that")

    class WatchedClock(FakeClock):
        def wait(self, stop: threading.Event, seconds: float) -> bool:
            if seconds:
                states.append(built.stats.state)
            return super().wait(stop, seconds)

    source = ScriptedSource(
        [*walk(seconds=1.0), defect], film(start_us=START + 9_000_000), live=False
    )
    with pipeline(source, sink=sink) as built:
        fleet = Fleet([built], WatchedClock())
        fleet.start()
        running([built], 25)
        assert fleet.stop() == []

    assert states == [CameraState.ONLINE, CameraState.LOST], "it must not look as if all were well"
    assert built.stats.problems == ["yard: stopped by a defect; see the log"]
    assert built.stats.state is CameraState.ENDED


def test_a_failing_camera_does_not_stop_its_neighbour() -> None:
    def defect() -> None:
        raise ZeroDivisionError("again and again")

    sick = ScriptedSource([defect], [defect], [defect], live=False)
    with (
        pipeline(sick, sink=RecordingSink()) as one,
        pipeline(SilentSource(), sink=RecordingSink(), id="other") as other,
    ):
        fleet = Fleet([one, other], SystemClock())
        fleet.start()
        running([other], 10)
        assert other.stats.state is CameraState.ONLINE
        assert fleet.stop() == []


def test_a_job_that_fails_is_logged_and_the_next_one_is_done(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done: list[int] = []
    desk = MediaDesk()

    desk.submit(lambda: done.append(1 // 0))
    desk.submit(lambda: done.append(2))
    desk.close()

    assert done == [2]
    assert desk.done == 2
    assert "a media job failed" in caplog.text


def test_a_desk_that_closes_finishes_what_waits() -> None:
    gate, done = threading.Event(), list[int]()
    desk = MediaDesk(depth=8)
    desk.submit(lambda: done.append(int(gate.wait(PATIENCE_S))))
    for number in range(5):
        desk.submit(lambda number=number: done.append(number))  # type: ignore[misc]
    assert desk.waiting >= 4
    gate.set()
    desk.close()

    assert done == [1, 0, 1, 2, 3, 4]
    assert desk.waiting == 0


class Drawing:
    """An animation: notes how many pictures it is made of, when it is made."""

    def __init__(self, made: list[int]) -> None:
        self.made, self.pictures = made, 1000

    def thin(self, most: int) -> None:
        self.pictures = min(self.pictures, most)

    def __call__(self) -> None:
        self.made.append(self.pictures)


class Held:
    """A job that takes until it is let go; it may be an animation, too."""

    def __init__(self) -> None:
        self.began, self.gate = threading.Event(), threading.Event()

    def thin(self, most: int) -> None:
        """It is as small as can be."""

    def __call__(self) -> None:
        self.began.set()
        assert self.gate.wait(PATIENCE_S)


def desk_at_an_animation() -> tuple[MediaDesk, Held]:
    """A desk that makes no other animation before this one is let go."""
    desk, held = MediaDesk(), Held()
    desk.later(held)
    assert held.began.wait(PATIENCE_S)
    return desk, held


def test_a_picture_does_not_wait_for_the_animation_that_is_being_made() -> None:
    desk, animation = desk_at_an_animation()
    picture = threading.Event()

    desk.submit(picture.set)

    assert picture.wait(PATIENCE_S), "whoever is alerted waits for somebody else's animation"
    animation.gate.set()
    assert desk.close(within_s=PATIENCE_S)


def test_no_animation_is_begun_while_pictures_wait() -> None:
    desk, first, second = MediaDesk(), Held(), Held()
    order: list[str] = []
    desk.submit(first)
    assert first.began.wait(PATIENCE_S)
    desk.submit(lambda: order.append("picture"))
    desk.submit(second)
    desk.later(Drawing([]))
    assert desk.waiting == 3, "an animation was begun before its turn"
    first.gate.set()
    assert second.began.wait(PATIENCE_S)
    second.gate.set()

    assert desk.close(within_s=PATIENCE_S)
    assert order == ["picture"]
    assert desk.done == 4


def test_an_animation_waits_while_there_is_more_urgent_work_and_not_for_ever() -> None:
    pressed, asked = [True], threading.Event()

    def busy() -> bool:
        asked.set()
        return pressed[0]

    desk, done = MediaDesk(pressed=busy), list[int]()
    desk.later(Drawing(done))
    assert asked.wait(PATIENCE_S)
    assert desk.waiting == 1
    pressed[0] = False
    until(lambda: len(done) == 1)

    pressed[0] = True
    for _ in range(CROWD + 1):
        desk.later(Drawing(done))
    until(lambda: len(done) >= 2)  # too many wait
    assert desk.close(within_s=PATIENCE_S)
    assert len(done) == CROWD + 2


def test_animations_keep_nobody_waiting_and_too_many_are_left_out() -> None:
    desk, held = desk_at_an_animation()
    done: list[int] = []
    taken = [desk.later(Drawing(done)) for _ in range(MOST_LATER + 5)]  # nobody waits here
    held.gate.set()
    desk.close()

    assert taken == [True] * MOST_LATER + [False] * 5
    assert desk.left_out == 5
    assert len(done) == MOST_LATER


def test_the_more_animations_wait_the_smaller_they_get() -> None:
    desk, held = desk_at_an_animation()
    done: list[int] = []
    for _ in range(3 * CROWD):
        desk.later(Drawing(done))
    held.gate.set()
    while len(done) < 3 * CROWD:
        assert desk.waiting <= 3 * CROWD
    desk.close()

    assert done[:1] == [PICTURES >> 2], "when its turn came, two crowds waited behind it"
    assert set(done[CROWD:]) <= {PICTURES >> 1, PICTURES >> 2}


def test_at_the_end_animations_are_as_small_as_they_can_be() -> None:
    desk, held = desk_at_an_animation()
    done: list[int] = []
    desk.later(Drawing(done))
    desk.hurry()
    desk.later(Drawing(done))
    held.gate.set()

    assert desk.close(within_s=PATIENCE_S)
    assert done == [LEAST_PICTURES, LEAST_PICTURES]
    desk.later(Drawing(done))
    assert len(done) == 3, "what comes after the end is done here and now"


def test_a_desk_that_does_not_end_in_time_says_so() -> None:
    desk, held = desk_at_an_animation()

    assert not desk.close(within_s=0.01)
    held.gate.set()
    assert desk.close(within_s=PATIENCE_S)


def test_a_live_picture_is_drawn_once_per_frame() -> None:
    with pipeline(ScriptedSource([drawn(START)], live=False), sink=RecordingSink()) as built:
        assert built.live.jpeg() is None
        built.watch(threading.Event())
        first = built.live.jpeg()

        assert first is not None
        assert first[:2] == b"\xff\xd8"
        assert built.live.jpeg() is first
        assert built.live.at_us == START


def test_a_job_that_comes_after_the_end_of_the_desk_is_done_here_and_now() -> None:
    desk, done = MediaDesk(), list[str]()
    desk.close()

    desk.submit(lambda: done.append(threading.current_thread().name))
    desk.submit(lambda: done.append(str(1 // 0)))

    assert done == [threading.current_thread().name]
    assert desk.waiting == 0


def test_no_job_is_lost_while_the_desk_closes() -> None:
    for _ in range(50):
        desk, done = MediaDesk(), list[int]()

        def work(desk: MediaDesk = desk, done: list[int] = done) -> None:
            for number in range(20):
                desk.submit(lambda number=number: done.append(number))  # type: ignore[misc]

        cameras = [threading.Thread(target=work) for _ in range(3)]
        for camera in cameras:
            camera.start()
        desk.close()
        for camera in cameras:
            camera.join()
        assert len(done) == 60


class FrozenTap:
    """Takes a packet, and does not come back from it."""

    def __init__(self) -> None:
        self.held = threading.Event()

    def packet(self, info: StreamInfo, packet: Packet) -> None:
        self.held.wait(PATIENCE_S)

    def lost(self, cause: str) -> None:
        """Nothing is noted."""


def test_a_loop_that_hangs_is_named_and_its_neighbour_is_not() -> None:
    tap, turn = FrozenTap(), threading.Event()
    with (
        pipeline(SilentSource(), sink=RecordingSink()) as one,
        pipeline(SilentSource(), sink=RecordingSink(), id="other") as other,
    ):
        one.taps = (tap,)
        fleet = Fleet([one, other], SystemClock(), patience=Patience(working_s=0.2))
        fleet.start()
        running([other], 10)
        while not fleet.stuck():
            assert not turn.wait(0.01)
        assert list(fleet.stuck()) == ["yard"]
        assert loop_health(fleet.stuck()).level is HealthLevel.UNHEALTHY
        assert loop_health(fleet.stuck()).detail.startswith("stuck: yard for")
        tap.held.set()
        assert fleet.stop() == []
        assert fleet.stuck() == {}
        assert loop_health(fleet.stuck()).level is HealthLevel.HEALTHY


def test_cameras_come_and_go_while_others_watch(tmp_path: Path) -> None:
    box = BlackBox(tmp_path)
    sink = RecordingSink()
    with (
        pipeline(SilentSource(), sink=sink) as one,
        pipeline(SilentSource(), sink=sink, id="other") as other,
    ):
        fleet = Fleet([one], SystemClock(), box=box)
        fleet.start()
        running([one], 10)
        fleet.add(other)
        with pytest.raises(InvalidInput, match="'other' is here already"):
            fleet.add(other)
        running([other], 10)
        assert fleet.watching == 2
        assert fleet.remove("other")
        assert fleet.remove("never there")
        assert fleet.watching == 1
        assert list(fleet.pipelines) == ["yard"]
        assert b"other" not in (tmp_path / BOX).read_bytes()
        assert fleet.stop() == []

    ends = {(e.camera_id, e.end_reason) for e in sink.events}
    assert ends == {("other", "stopped"), ("yard", "stopped")}
