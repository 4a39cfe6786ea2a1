"""The shared detector under stress: no memory, hangs, odd frames, greedy cameras, exchange."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as states

from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.frame import Frame
from vedette.contracts.sight import Detections
from vedette.detect.blob import BlobConfig, BlobDetector
from vedette.detect.limits import ServerLimits
from vedette.detect.memory import OutOfMemory, is_out_of_memory
from vedette.detect.port import Detector
from vedette.detect.queue import GROW_AFTER, Asked, BatchSize, FairQueue, Waits
from vedette.detect.server import DetectorServer
from vedette.kit.clock import SystemClock
from vedette.testing.detector_contract import a_scene
from vedette.testing.fakes import FakeClock

LONG_S = 30.0
CUDA_SAYS = (
    "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Non-zero status code returned while running Conv "
    "node. Name:'conv_1' Status Message: bfc_arena.cc:376 Failed to allocate memory for requested "
    "buffer of size 1073741824"
)


def scene_of(camera_id: str, seed: int = 0) -> Frame:
    return replace(a_scene(seed=seed), camera_id=camera_id)


@contextmanager
def serving(detector: Detector, **more: Any) -> Iterator[DetectorServer]:
    limits = ServerLimits(**{"per_camera": 64, **more})
    with DetectorServer(detector, clock=SystemClock(), limits=limits) as server:
        yield server


class Scripted:
    """A real detector that first does as the test says; the gate holds its first call back."""

    def __init__(self, before: Callable[[Sequence[Frame]], None] = lambda frames: None) -> None:
        self._inner = BlobDetector(BlobConfig())
        self._before = before
        self.labels = self._inner.labels
        self.gate = threading.Event()
        self.entered = threading.Event()
        self.calls: list[list[str]] = []
        self.closed = 0

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        self.entered.set()
        assert self.gate.wait(LONG_S)
        self.calls.append([frame.camera_id for frame in frames])
        self._before(frames)
        return self._inner.detect(frames)

    def close(self) -> None:
        self.closed += 1


def backed_up(server: DetectorServer, detector: Scripted, frames: Sequence[Frame]) -> list[Any]:
    """Submit while the detector is held in its first call, then let it go."""
    answers = [server.submit(scene_of("first"))]
    assert detector.entered.wait(LONG_S)
    answers += [server.submit(frame) for frame in frames]
    detector.gate.set()
    return answers


def no_more_than(most: int, error: Exception) -> Callable[[Sequence[Frame]], None]:
    def check(frames: Sequence[Frame]) -> None:
        if len(frames) > most:
            raise error

    return check


@pytest.mark.parametrize(
    "error",
    [
        states.RuntimeException(CUDA_SAYS),
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        ModelUnavailable("the model 'x' failed: [GPU] CL_OUT_OF_HOST_MEMORY"),
        OutOfMemory("std::bad_alloc"),
    ],
)
def test_memory_that_runs_out_halves_the_batch_and_every_frame_is_answered(
    error: Exception,
) -> None:
    detector = Scripted(no_more_than(2, error))
    frames = [scene_of(f"camera {number}", seed=number) for number in range(8)]
    with serving(detector, batch=8) as server:
        answers = backed_up(server, detector, frames)
        found = [answer.result(LONG_S) for answer in answers]
        counters = server.counters()

    assert [len(call) for call in detector.calls] == [1, 8, 4, 2, 2, 2, 2]
    assert (counters.out_of_memory, counters.answered, counters.failed) == (2, 9, 0)
    assert (counters.batch_limit, counters.largest_batch) == (2, 8)
    plain = BlobDetector(BlobConfig()).detect(frames)
    assert [f.boxes.tolist() for f in found[1:]] == [p.boxes.tolist() for p in plain]


def test_no_memory_for_a_single_frame_fails_it_in_words() -> None:
    detector = Scripted(no_more_than(0, MemoryError("no 3 GB left")))
    detector.gate.set()
    with serving(detector) as server:
        with pytest.raises(OutOfMemory, match="no 3 GB left"):
            server.submit(a_scene()).result(LONG_S)
        assert server.counters().out_of_memory == 1


def test_the_batch_grows_again_slowly_and_never_beyond_its_bound() -> None:
    size = BatchSize(8)
    size.too_large(8)
    assert size.now == 4
    size.too_large(2)
    assert size.now == 1
    for _ in range(GROW_AFTER):
        size.fitted(1)
    assert size.now == 2
    for _ in range(10 * GROW_AFTER):
        size.fitted(1)  # a batch that was not full says nothing about a fuller one
    assert size.now == 2
    for _ in range(10 * GROW_AFTER):
        size.fitted(size.now)
    assert size.now == 8


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (CUDA_SAYS, True),
        ("CUBLAS_STATUS_ALLOC_FAILED", True),
        ("CUDNN_STATUS_ALLOC_FAILED at conv", True),
        ("Available memory of 1048576 is smaller than requested bytes of 2097152", True),
        ("[GPU] Exceeded max size of memory object allocation", True),
        ("Got invalid dimensions for input: images", False),
        ("CUDA failure 700: an illegal memory access was encountered", False),
    ],
)
def test_what_counts_as_running_out_of_memory(sentence: str, expected: bool) -> None:
    assert is_out_of_memory(RuntimeError(sentence)) is expected
    wrapped = ModelUnavailable("the model failed")
    wrapped.__cause__ = RuntimeError(sentence)
    assert is_out_of_memory(wrapped) is expected


def test_one_cameras_odd_frame_costs_no_other_camera_its_answer() -> None:
    def refuse_odd(frames: Sequence[Frame]) -> None:
        if any(frame.camera_id == "odd" for frame in frames):
            raise ModelUnavailable("this frame is odd")

    detector = Scripted(refuse_odd)
    with serving(detector, batch=4) as server:
        answers = backed_up(server, detector, [scene_of(name) for name in ("a", "odd", "b")])
        assert len(answers[1].result(LONG_S)) > 0
        with pytest.raises(ModelUnavailable, match="this frame is odd"):
            answers[2].result(LONG_S)
        assert len(answers[3].result(LONG_S)) > 0
        assert (server.counters().answered, server.counters().failed) == (3, 1)


def test_a_greedy_camera_waits_while_others_are_served_in_turn() -> None:
    detector = Scripted()
    greedy = [scene_of("greedy", seed) for seed in range(6)]
    modest = [scene_of("modest"), scene_of("shy")]
    with serving(detector, batch=2) as server:
        answers = backed_up(server, detector, [*greedy, *modest])
        for answer in answers:
            answer.result(LONG_S)

    assert detector.calls == [
        ["first"],
        ["greedy", "modest"],
        ["shy", "greedy"],
        ["greedy", "greedy"],
        ["greedy", "greedy"],
    ]


def test_a_camera_may_have_only_so_many_frames_waiting() -> None:
    detector = Scripted()
    with serving(detector, per_camera=2) as server:
        server.submit(scene_of("other"))
        assert detector.entered.wait(LONG_S)
        server.submit(scene_of("a"))
        server.submit(scene_of("a"))
        third = threading.Thread(target=lambda: server.submit(scene_of("a")).result(LONG_S))
        third.start()
        while not server.counters().waits:
            assert third.is_alive()
        server.submit(scene_of("b"))  # at once: it has a line of its own
        assert server.counters().waiting == 3
        past = server.submit_now(scene_of("a"))  # crops of a look that was granted already
        detector.gate.set()
        past.result(LONG_S)
        third.join(LONG_S)
        assert not third.is_alive()


def test_a_full_queue_refuses_what_cannot_wait_and_what_has_waited_too_long() -> None:
    detector = Scripted()
    with serving(detector, capacity=1, batch=1, hang_s=0.5) as server:
        server.submit(scene_of("a"))
        assert detector.entered.wait(LONG_S)
        waiting = server.submit(scene_of("b"))
        with pytest.raises(ModelUnavailable, match="no room: 1 frames wait"):
            server.submit_now(scene_of("c"))
        assert server.counters().refused == 1
        detector.gate.set()
        waiting.result(LONG_S)


def test_an_incomplete_batch_waits_for_more_only_as_long_as_it_may() -> None:
    detector = Scripted()
    detector.gate.set()
    with serving(detector, batch=3, max_wait_s=LONG_S) as server:
        answers = [server.submit(scene_of(name)) for name in "abc"]
        for answer in answers:
            answer.result(LONG_S / 2)  # a full batch goes at once
    assert detector.calls == [["a", "b", "c"]]

    late = Scripted()
    late.gate.set()
    with serving(late, batch=8, max_wait_s=0.02) as server:
        server.submit(scene_of("a")).result(LONG_S)
    assert late.calls == [["a"]]


def test_a_call_that_never_returns_fails_its_frames_and_is_left_behind() -> None:
    hanging, fresh = Scripted(), Scripted()
    fresh.gate.set()
    limits = ServerLimits(hang_s=0.2, batch=1)
    with DetectorServer(
        hanging, clock=SystemClock(), limits=limits, rebuild=lambda: fresh
    ) as server:
        stuck, waiting = server.submit(scene_of("a")), server.submit(scene_of("b"))
        for answer in (stuck, waiting):
            with pytest.raises(ModelUnavailable, match=r"has not answered for 0\.2 s"):
                answer.result(LONG_S)
        while not server.healthy:
            threading.Event().wait(0.01)
        assert len(server.submit(scene_of("c")).result(LONG_S)) > 0
        assert (server.counters().hangs, server.counters().restarts) == (1, 1)
        hanging.gate.set()  # it returns after all: nobody listens, and nothing breaks
        assert len(server.submit(scene_of("d")).result(LONG_S)) > 0
    assert fresh.calls == [["c"], ["d"]]


def test_without_another_detector_the_server_says_so_until_the_call_returns() -> None:
    hanging = Scripted()
    with serving(hanging, hang_s=0.2) as server:
        stuck = server.submit(scene_of("a"))
        with pytest.raises(ModelUnavailable, match="has not answered"):
            stuck.result(LONG_S)
        assert "has not answered for 0.2 s" in server.problem
        with pytest.raises(ModelUnavailable, match="has not answered"):
            server.submit(scene_of("b"))
        hanging.gate.set()
        while not server.healthy:
            threading.Event().wait(0.01)
        assert len(server.submit(scene_of("c")).result(LONG_S)) > 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_serving_thread_that_dies_is_replaced() -> None:
    def die(frames: Sequence[Frame]) -> None:
        if frames[0].camera_id == "deadly":
            raise SystemExit

    detector = Scripted(die)
    detector.gate.set()
    with serving(detector, hang_s=1.0) as server:
        with pytest.raises(ModelUnavailable, match="thread ended"):
            server.submit(scene_of("deadly")).result(LONG_S)
        assert len(server.submit(scene_of("a")).result(LONG_S)) > 0
        assert server.counters().restarts == 1


def test_failures_in_a_row_make_it_unwell_and_one_success_well_again() -> None:
    wrong: list[Exception] = [ModelUnavailable(f"failure {number}") for number in range(3)]

    def fail(frames: Sequence[Frame]) -> None:
        if wrong:
            raise wrong.pop(0)

    detector = Scripted(fail)
    detector.gate.set()
    with serving(detector) as server:
        for _ in range(3):
            assert server.healthy
            with pytest.raises(ModelUnavailable):
                server.submit(a_scene()).result(LONG_S)
        assert server.problem == "the detector failed 3 times in a row: failure 2"
        server.submit(a_scene()).result(LONG_S)
        assert server.healthy
    assert server.problem == "the detector is closed"


class Cats(BlobDetector):
    """Another detector, with labels of its own."""

    def __init__(self) -> None:
        super().__init__(BlobConfig(tall="cat", wide="dog"))


def test_a_detector_is_exchanged_between_two_batches_while_cameras_go_on() -> None:
    old = Scripted()
    old.gate.set()
    clock, stop = SystemClock(), threading.Event()
    seen: list[list[tuple[float, str]]] = [[] for _ in range(4)]
    with DetectorServer(old, clock=clock) as server:

        def camera(number: int) -> None:
            while not stop.is_set():
                found = server.submit(scene_of(f"camera {number}")).result(LONG_S)
                seen[number].append((clock.monotonic(), found.labels[0]))

        threads = [threading.Thread(target=camera, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        while min(len(answers) for answers in seen) < 5:
            stop.wait(0.001)
        exchange = server.exchange(Cats())
        after = [len(answers) for answers in seen]
        while any(len(a) < n + 5 for a, n in zip(seen, after, strict=True)):
            stop.wait(0.001)
        stop.set()
        for thread in threads:
            thread.join(LONG_S)
        assert (server.labels, server.counters().exchanges) == (("cat", "dog"), 1)
        assert server.counters().failed == 0

    assert (exchange.before, exchange.after) == (("person", "car"), ("cat", "dog"))
    assert exchange.gap_s < 1.0
    assert old.closed == 1
    for answers in seen:
        labels = [label for _, label in answers]
        assert labels == sorted(labels, reverse=True)  # persons, then cats, never mixed
        gaps = np.diff([at for at, _ in answers])
        assert gaps.max() < 1.0


def test_an_exchange_waits_for_the_running_batch_which_the_old_one_finishes() -> None:
    old = Scripted()
    with serving(old, batch=1) as server:
        running, waiting = server.submit(scene_of("a")), server.submit(scene_of("b"))
        assert old.entered.wait(LONG_S)
        done = threading.Thread(target=server.exchange, args=(Cats(),))
        done.start()
        while server.labels != ("cat", "dog"):
            assert done.is_alive()
        assert old.closed == 0
        old.gate.set()
        done.join(LONG_S)

        assert running.result(LONG_S).labels == ("person", "car")
        assert waiting.result(LONG_S).labels == ("cat", "dog")
        assert (old.calls, old.closed) == ([["a"]], 1)


def test_an_exchange_heals_a_server_whose_detector_hangs() -> None:
    hanging = Scripted()
    with serving(hanging, hang_s=0.2) as server:
        with pytest.raises(ModelUnavailable):
            server.submit(scene_of("a")).result(LONG_S)
        server.exchange(Cats())
        assert server.submit(scene_of("b")).result(LONG_S).labels == ("cat", "dog")
        assert server.healthy
        hanging.gate.set()


def test_a_closed_server_takes_no_new_detector() -> None:
    with serving(Scripted()) as server:
        pass
    with pytest.raises(ModelUnavailable, match="closed"):
        server.exchange(Cats())


def test_the_wait_in_the_queue_is_measured() -> None:
    clock = FakeClock()
    detector = Scripted(lambda frames: clock.advance(0.25))
    limits = ServerLimits(batch=1, per_camera=8)
    with DetectorServer(detector, clock=clock, limits=limits) as server:
        answers = backed_up(server, detector, [a_scene() for _ in range(4)])
        for answer in answers:
            answer.result(LONG_S)
        counters = server.counters()

        assert counters.wait_p50_s == pytest.approx(0.5)
        assert counters.wait_p95_s == pytest.approx(1.0)
        assert server.wait_s() == pytest.approx(1.0)
        clock.advance(60.0)
        assert server.wait_s() == 0.0  # what was long ago says nothing


def test_the_age_of_what_waits_counts_before_it_is_served() -> None:
    clock = FakeClock()
    detector = Scripted()
    with DetectorServer(detector, clock=clock, limits=ServerLimits(batch=1)) as server:
        answers = [server.submit(scene_of("a"))]
        assert detector.entered.wait(LONG_S)
        answers.append(server.submit(scene_of("b")))
        clock.advance(3.0)
        assert server.wait_s() == pytest.approx(3.0)
        detector.gate.set()
        for answer in answers:
            answer.result(LONG_S)


def test_percentiles_of_nothing_are_zero() -> None:
    assert Waits().percentiles(5.0, 0.5, 0.95) == [0.0, 0.0]


def test_lines_are_bounded_each_and_together() -> None:
    queue = FairQueue(capacity=3, per_camera=2)

    def add(camera_id: str, since_s: float) -> None:
        frame = scene_of(camera_id)
        answer: Any = threading.Event()
        queue.add(Asked(frame=frame, answer=answer, since_s=since_s))

    assert queue.oldest_s() is None
    add("a", 2.0)
    add("a", 3.0)
    assert not queue.has_room("a")
    assert queue.has_room("b")
    add("b", 1.0)
    assert not queue.has_room("c")
    assert queue.oldest_s() == 1.0
    assert [asked.frame.camera_id for asked in queue.take(9)] == ["a", "b", "a"]
    assert len(queue) == 0
