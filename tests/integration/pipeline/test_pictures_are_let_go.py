"""A picture that was looked at leaves memory at once, not when Python looks for cycles: a decoder
keeps as many pictures as were ever in use together, and each is megabytes."""

import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.scenes import BLOB, film, walker
from tests.surroundings import around
from vedette.app.build import build_camera
from vedette.app.camera_settings import CameraSettings
from vedette.app.detectors import build_detector
from vedette.contracts.frame import Frame
from vedette.contracts.sight import Detections
from vedette.kit.clock import SystemClock
from vedette.models.fetch import silent
from vedette.testing.scripted import RecordingSink

FEW = 4
"""The latest picture, and what is on its way through the stages."""


@contextmanager
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("ahead", [False, True])
def test_few_pictures_are_kept_while_a_camera_is_watched(tmp_path: Path, ahead: bool) -> None:
    video = film(tmp_path / "yard.mp4", walker((0.0, 0.0, 0.5), (12.0, 1.0, 0.5)))
    clock, sink = SystemClock(), RecordingSink()
    camera = CameraSettings.model_validate(
        {
            "id": "yard",
            "source": str(video),
            "detect": {"fps": 10},
            "gate": {"mode": "always"},
            "rules": [{"id": "seen", "type": "presence", "for_s": 0.2}],
        }
    )
    kept: list[weakref.ref[object]] = []
    alive: list[int] = []
    with build_detector(BLOB, clock, silent) as detector:
        built = build_camera(camera, around(sink, detector, clock))
        built.ahead = ahead
        detect = built.look.detect

        def noted(frame: Frame) -> Future[Detections]:
            kept.append(weakref.ref(frame.y))
            alive.append(sum(each() is not None for each in kept))
            return detect(frame)

        built.look.detect = noted
        with no_collector():
            built.watch(threading.Event())

    assert len(kept) > 60, "nothing was looked at"
    assert sink.events
    assert max(alive) <= FEW
