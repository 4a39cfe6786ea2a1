"""A camera's own events open its decode gate in the running product, and nothing else does."""

import threading
import time

from tests.servers.onvif_camera import OnvifCamera
from tests.unit.pipeline.rig import pipeline
from vedette.kit.clock import SystemClock
from vedette.pipeline.camera import CameraPipeline
from vedette.pipeline.fleet import Fleet
from vedette.plugins.registry import build
from vedette.testing.scripted import RecordingSink

PERSON = "tns1:RuleEngine/MyRuleDetector/PeopleDetect"
STILL = {"width": 160, "height": 120, "fps": 10, "duration_s": 4, "actors": []}


def settled(built: CameraPipeline, camera: OnvifCamera) -> bool:
    return not built.gate.is_open and camera.subscribers == 1


def until(condition: object, within_s: float = 20.0) -> None:
    end, turn = time.monotonic() + within_s, threading.Event()
    assert callable(condition)
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        turn.wait(0.01)


def test_the_gate_opens_for_what_the_camera_sees_and_closes_after_it() -> None:
    clock = SystemClock()
    source = build("source", {"type": "simulator", "scene": STILL}, camera_id="yard", clock=clock)
    with (
        OnvifCamera(user="admin", password="p@ss") as camera,  # noqa: S106
        pipeline(
            source,
            sink=RecordingSink(),
            clock=clock,  # type: ignore[arg-type]
            onvif={"url": camera.url_as("admin", "p%40ss")},
            gate={"mode": "keyframe", "close_after_s": 1, "triggers": ["onvif"]},
        ) as built,
    ):
        fleet = Fleet([built], clock)
        fleet.start()
        until(lambda: settled(built, camera))
        assert built.gate.opened.total() == 1

        camera.emit(PERSON, "State=true", operation="Changed")
        until(lambda: built.gate.is_open)
        assert built.gate.opened["onvif_person"] == 1
        told = built.stats.trigger
        assert told is not None
        assert (told.connected, told.detail, told.changes) == (True, "connected", 1)
        camera.emit(PERSON, "State=false", operation="Changed")
        until(lambda: not built.gate.is_open)

        assert fleet.stop() == []
        assert camera.subscribers == 0


def test_without_the_setting_the_camera_is_not_asked() -> None:
    clock = SystemClock()
    source = build("source", {"type": "simulator", "scene": STILL}, camera_id="yard", clock=clock)
    with (
        OnvifCamera() as camera,
        pipeline(source, sink=RecordingSink(), clock=clock, onvif={"url": camera.url}) as built,  # type: ignore[arg-type]
    ):
        assert built.beside == ()
        assert built.stats.trigger is None
