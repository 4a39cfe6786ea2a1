"""Cameras of all kinds side by side: each delivers or says why not, and no event is mixed up."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.scenes import BLOB, film, walker
from tests.servers.rtsp import RtspServer
from tests.surroundings import around
from vedette.app.build import build_camera
from vedette.app.camera_settings import CameraSettings
from vedette.app.detectors import build_detector
from vedette.contracts.facts import CameraState
from vedette.kit.clock import SystemClock, to_us
from vedette.models.fetch import silent
from vedette.pipeline.camera import CameraPipeline
from vedette.pipeline.fleet import Fleet
from vedette.testing.scripted import RecordingSink

SEEN = {"id": "seen", "type": "presence", "for_s": 0, "end_after_s": 1}


@contextmanager
def cameras(sources: Mapping[str, Any], sink: RecordingSink) -> Iterator[dict[str, CameraPipeline]]:
    """One detector, one sink, and a camera for each source."""
    clock = SystemClock()
    with build_detector(BLOB, clock, silent) as detector:
        surroundings = around(sink, detector, clock)
        yield {
            name: build_camera(
                CameraSettings.model_validate(
                    {"id": name, "source": source, "detect": {"fps": 10}, "rules": [SEEN]}
                ),
                surroundings,
            )
            for name, source in sources.items()
        }


def until(condition: Callable[[], bool], within_s: float = 20.0) -> None:
    end, turn = time.monotonic() + within_s, threading.Event()
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        turn.wait(0.01)


def test_usb_rtsp_http_file_and_simulator_begin_together(tmp_path: Path) -> None:
    """A device that is not there, and a camera that does not answer, hold nobody up."""
    video = film(tmp_path / "yard.mp4", walker((0.0, 0.0, 0.5), (12.0, 1.0, 0.5)))
    with RtspServer(tmp_path) as server:
        sources = {
            "network": server.url("yard.mp4"),
            "recorded": {"type": "file", "path": str(video), "pace": "realtime"},
            "drawn": {"type": "simulator", "scene": {"duration_s": 20}},
            "unplugged": {"type": "usb", "device": "/dev/video99"},
            "away": "http://127.0.0.1:9/video.mjpg",
        }
        with cameras(sources, RecordingSink()) as built:
            fleet = Fleet(list(built.values()), SystemClock())
            fleet.start()
            good = ("network", "recorded", "drawn")
            until(lambda: all(built[name].stats.analysed > 5 for name in good))
            gone = {CameraState.LOST, CameraState.RETRYING, CameraState.FAILED}
            until(lambda: {built[n].stats.state for n in ("unplugged", "away")} <= gone)

            assert {built[name].stats.state for name in good} == {CameraState.ONLINE}
            assert "/dev/video99" in built["unplugged"].stats.detail
            assert "127.0.0.1:9" in built["away"].stats.detail
            assert fleet.stop() == []


def test_two_cameras_see_their_own_people_at_their_own_times(tmp_path: Path) -> None:
    early = film(tmp_path / "early.mp4", walker((2.0, 0.0, 0.5), (4.0, 1.0, 0.5)))
    late = film(tmp_path / "late.mp4", walker((8.0, 1.0, 0.5), (10.0, 0.0, 0.5)))
    sink = RecordingSink()
    with cameras({"early": str(early), "late": str(late)}, sink) as built:
        threads = [
            threading.Thread(target=camera.watch, args=(threading.Event(),))
            for camera in built.values()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for camera in built.values():
            camera.finish("source_ended")

    opened = {(e.camera_id, round(to_us(e.started_at) / 1e6)) for e in sink.events}
    assert opened == {("early", 2), ("late", 8)}
    for event in sink.events:
        assert all(track.startswith(f"{event.camera_id}/") for track in event.track_ids)
