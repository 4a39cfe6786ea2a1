"""Cameras that are due at once share a pass of the tracker, and notice nothing of it."""

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from vedette.contracts.errors import InvalidInput
from vedette.contracts.sight import Detections, Tracks
from vedette.pipeline.passes import Passes
from vedette.testing.tracker_contract import TICK_US, TrackerContract, detections, walker
from vedette.track.byte import ByteConfig, ByteTracker
from vedette.track.port import Tracker

CAMERAS, FRAMES = 8, 60


class TestSharedTracker(TrackerContract):
    """Alone it is any tracker."""

    def make(self) -> Tracker:
        return Passes().share(ByteTracker(ByteConfig()))


def scene(camera: int, tick: int) -> Detections:
    return detections([walker(tick, y=0.1 * lane, speed=0.001 * camera) for lane in range(camera)])


def in_step(work: Callable[[int, int], None]) -> None:
    """Each camera's thread does its work on each frame, all at the same time."""
    barrier = threading.Barrier(CAMERAS)

    def run(camera: int) -> None:
        for tick in range(FRAMES):
            barrier.wait()
            work(camera, tick)

    threads = [threading.Thread(target=run, args=(camera,)) for camera in range(CAMERAS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30.0)
        assert not thread.is_alive()


def test_all_get_what_they_would_have_got_alone() -> None:
    passes = Passes()
    trackers = [passes.share(ByteTracker(ByteConfig())) for _ in range(CAMERAS)]
    got: dict[tuple[int, int], Tracks] = {}

    def work(camera: int, tick: int) -> None:
        found = scene(camera, tick)
        got[camera, tick] = trackers[camera].update(found, tick * TICK_US)

    in_step(work)
    assert len(got) == CAMERAS * FRAMES
    for camera in range(CAMERAS):
        alone = ByteTracker(ByteConfig())
        for tick in range(FRAMES):
            wanted = alone.update(scene(camera, tick), tick * TICK_US)
            np.testing.assert_array_equal(got[camera, tick].ids, wanted.ids)
            np.testing.assert_array_equal(got[camera, tick].boxes, wanted.boxes)


def test_one_whose_time_goes_backwards_stops_no_other() -> None:
    passes = Passes()
    trackers = [passes.share(ByteTracker(ByteConfig())) for _ in range(CAMERAS)]
    refused: list[int] = []

    def work(camera: int, tick: int) -> None:
        at_us = (FRAMES - tick if camera == 3 else tick) * TICK_US
        try:
            trackers[camera].update(scene(camera, tick), at_us)
        except InvalidInput:
            refused.append(camera)

    in_step(work)
    assert set(refused) == {3}
    assert len(refused) == FRAMES - 1


def test_a_detector_that_breaks_its_contract_spoils_only_its_own_camera() -> None:
    passes = Passes()
    trackers = [passes.share(ByteTracker(ByteConfig())) for _ in range(CAMERAS)]
    failed: list[int] = []

    def work(camera: int, tick: int) -> None:
        found = scene(camera, tick)
        if camera == 3:
            found = replace(found, boxes=found.boxes[:, :3])
        try:
            trackers[camera].update(found, tick * TICK_US)
        except (InvalidInput, ValueError, IndexError):
            failed.append(camera)

    in_step(work)
    assert failed == [3] * FRAMES


def test_a_tracker_of_another_kind_stays_what_it_is() -> None:
    class Other:
        def update(self, detections: Detections, at_us: int) -> Tracks:
            raise NotImplementedError

        def finish(self, at_us: int) -> Tracks:
            raise NotImplementedError

    other = Other()
    assert Passes().share(other) is other
