"""One detector shared by many threads: batches, bounds, failures and the end."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.frame import Frame
from vedette.contracts.sight import Detections
from vedette.detect.blob import BlobConfig, BlobDetector
from vedette.detect.limits import ServerLimits
from vedette.detect.port import Detector
from vedette.detect.server import DetectorServer
from vedette.kit.clock import SystemClock
from vedette.testing.detector_contract import a_scene
from vedette.testing.fakes import FakeClock

LONG_S = 30.0


def limits(**more: Any) -> ServerLimits:
    return ServerLimits(**{"per_camera": 64, **more})


@contextmanager
def serving(detector: Detector, **more: Any) -> Iterator[DetectorServer]:
    with DetectorServer(detector, clock=SystemClock(), limits=limits(**more)) as server:
        yield server


def scene_of(camera_id: str, seed: int = 0) -> Frame:
    return replace(a_scene(seed=seed), camera_id=camera_id)


class GatedDetector:
    """A real detector behind a gate that the test opens; notes the size of each batch."""

    def __init__(self) -> None:
        self._inner = BlobDetector(BlobConfig())
        self.labels = self._inner.labels
        self.entered = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)
        self.batches: list[int] = []
        self.cameras: list[list[str]] = []
        self.threads: set[str] = set()
        self.errors: list[BaseException] = []
        """Raised instead of answers, first one first."""
        self.short = False

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        self.batches.append(len(frames))
        self.cameras.append([frame.camera_id for frame in frames])
        self.threads.add(threading.current_thread().name)
        self.entered.release()
        assert self.gate.acquire(timeout=LONG_S)
        if self.errors:
            raise self.errors.pop(0)
        return self._inner.detect(frames)[1 if self.short else 0 :]


def open_gate(detector: GatedDetector, times: int = 1000) -> None:
    detector.gate.release(times)


def test_answers_are_those_of_the_frame_that_was_submitted() -> None:
    frames = [a_scene(seed=seed) for seed in range(12)]
    plain = BlobDetector(BlobConfig())

    with serving(BlobDetector(BlobConfig()), batch=3) as server:
        answers = [server.submit(frame) for frame in frames]
        found = [answer.result(LONG_S) for answer in answers]

    assert server.labels == plain.labels
    for frame, detections in zip(frames, found, strict=True):
        assert detections.boxes.tolist() == plain.detect([frame])[0].boxes.tolist()


def test_what_waits_is_batched_and_nothing_is_held_back() -> None:
    detector = GatedDetector()
    with serving(detector, batch=4) as server:
        answers = [server.submit(a_scene())]
        assert detector.entered.acquire(timeout=LONG_S)  # the first one goes alone, at once
        answers += [server.submit(a_scene(seed=seed)) for seed in range(6)]
        assert server.counters().waiting == 6
        open_gate(detector)
        for answer in answers:
            answer.result(LONG_S)
        counters = server.counters()

    assert detector.batches == [1, 4, 2]
    assert detector.threads == {"detector"}
    assert (counters.submitted, counters.answered, counters.batches) == (7, 7, 3)
    assert (counters.failed, counters.cancelled, counters.waits, counters.waiting) == (0, 0, 0, 0)


def test_busy_time_is_counted_by_the_clock() -> None:
    clock = FakeClock()

    class Slow(BlobDetector):
        def detect(self, frames: Sequence[Frame]) -> list[Detections]:
            clock.wait(threading.Event(), 0.25)
            return super().detect(frames)

    with DetectorServer(Slow(BlobConfig()), clock=clock, limits=limits(batch=1)) as server:
        for answer in [server.submit(a_scene()) for _ in range(4)]:
            answer.result(LONG_S)
        assert server.counters().busy_s == pytest.approx(1.0)


def test_a_full_queue_makes_the_camera_wait() -> None:
    detector = GatedDetector()
    with serving(detector, capacity=2, batch=1) as server:
        server.submit(a_scene())
        assert detector.entered.acquire(timeout=LONG_S)
        server.submit(a_scene())
        server.submit(a_scene())
        done = threading.Event()

        def camera() -> None:
            server.submit(a_scene()).result(LONG_S)
            done.set()

        thread = threading.Thread(target=camera)
        thread.start()
        while server.counters().waits == 0:
            assert thread.is_alive()
        assert server.counters().waiting == 2
        assert not done.is_set()
        open_gate(detector)
        thread.join(LONG_S)

    assert done.is_set()
    assert server.counters().submitted == 4


def test_a_failing_model_fails_its_frames_and_the_server_lives_on() -> None:
    detector = GatedDetector()
    detector.errors = [ModelUnavailable("out of memory")]
    open_gate(detector)
    with serving(detector) as server:
        with pytest.raises(ModelUnavailable, match="out of memory"):
            server.submit(a_scene()).result(LONG_S)
        assert len(server.submit(a_scene()).result(LONG_S)) > 0
        assert (server.counters().failed, server.counters().answered) == (1, 1)


def test_too_few_answers_are_a_failure_not_a_mix_up() -> None:
    detector = GatedDetector()
    detector.short = True
    open_gate(detector)
    with (
        serving(detector) as server,
        pytest.raises(ModelUnavailable, match="0 answers came for 1 frames"),
    ):
        server.submit(a_scene()).result(LONG_S)


def test_an_error_that_no_detector_should_raise_costs_its_frame_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    detector = GatedDetector()
    detector.errors = [KeyError("a bug")]
    open_gate(detector)
    with serving(detector, batch=1) as server:
        with pytest.raises(ModelUnavailable, match="KeyError: 'a bug'"):
            server.submit(a_scene()).result(LONG_S)
        assert len(server.submit(a_scene()).result(LONG_S)) > 0
        assert (server.counters().unexpected, server.counters().restarts) == (1, 0)
        assert server.healthy
    assert "the detector failed" in caplog.text


def test_a_frame_that_nobody_waits_for_any_more_is_left_out() -> None:
    detector = GatedDetector()
    with serving(detector) as server:
        first = server.submit(a_scene())
        assert detector.entered.acquire(timeout=LONG_S)
        second, third = server.submit(a_scene()), server.submit(a_scene())
        assert second.cancel()
        open_gate(detector)
        first.result(LONG_S)
        third.result(LONG_S)

    assert detector.batches == [1, 1]
    assert server.counters().cancelled == 1


def test_closing_finishes_what_runs_and_refuses_what_waits() -> None:
    detector = GatedDetector()
    server = DetectorServer(detector, clock=SystemClock(), limits=limits(batch=1))
    running = server.submit(a_scene())
    assert detector.entered.acquire(timeout=LONG_S)
    waiting = server.submit(a_scene())
    closing = threading.Thread(target=server.close)
    closing.start()
    while True:  # until `close` has been noted
        try:
            server.submit(a_scene()).cancel()
        except ModelUnavailable:
            break
    open_gate(detector)
    closing.join(LONG_S)

    assert len(running.result(0)) > 0
    with pytest.raises(ModelUnavailable, match="closed"):
        waiting.result(0)
    server.close()  # again is harmless


def test_closing_wakes_a_camera_that_waits_for_room() -> None:
    detector = GatedDetector()
    server = DetectorServer(detector, clock=SystemClock(), limits=limits(capacity=1, batch=1))
    server.submit(a_scene())
    assert detector.entered.acquire(timeout=LONG_S)
    server.submit(a_scene())
    refused = threading.Event()

    def camera() -> None:
        try:
            server.submit(a_scene())
        except ModelUnavailable:
            refused.set()

    thread = threading.Thread(target=camera)
    thread.start()
    while server.counters().waits == 0:
        assert thread.is_alive()
    closing = threading.Thread(target=server.close)
    closing.start()
    thread.join(LONG_S)  # although the detector is still busy
    assert refused.is_set()

    open_gate(detector)
    closing.join(LONG_S)
    assert not closing.is_alive()


@pytest.mark.parametrize(
    "wrong", [{"capacity": 0}, {"batch": 0}, {"per_camera": 0}, {"max_wait_s": -1}, {"hang_s": 0}]
)
def test_bounds_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must"):
        limits(**wrong)


def test_many_cameras_at_once_all_get_their_own_answers() -> None:
    frames = [a_scene(seed=seed) for seed in range(8)]
    plain = [found.boxes.tolist() for found in BlobDetector(BlobConfig()).detect(frames)]
    wrong: list[int] = []

    with serving(BlobDetector(BlobConfig()), capacity=3, batch=4) as server:

        def camera(number: int) -> None:
            for _ in range(10):
                found = server.submit(frames[number]).result(LONG_S)
                if found.boxes.tolist() != plain[number]:
                    wrong.append(number)

        threads = [threading.Thread(target=camera, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LONG_S)

    assert wrong == []
    assert server.counters().answered == 80
