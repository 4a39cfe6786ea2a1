"""One frame's way through the real, threaded pipeline: each stage once, in the product's order."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from tests.scenes import camera, film, walker
from vedette.app.build import Surroundings, build_camera, build_detector
from vedette.app.collect import Collector
from vedette.bus.memory import MemoryBus
from vedette.kit.clock import SystemClock
from vedette.models.fetch import silent
from vedette.pipeline.camera import CameraPipeline
from vedette.pipeline.desk import MediaDesk
from vedette.pipeline.fleet import Fleet

STAGES = {"sources", "motion", "detect", "track", "zones", "rules", "media"}
ORDER = ["sources", "motion", "detect", "track", "zones", "rules", "media"]


@contextmanager
def watched(steps: list[str]) -> Iterator[None]:
    """Note every stage that any thread enters, one entry per run of the same stage."""

    def note(frame: FrameType, happening: str, _: Any) -> None:
        if happening != "call":
            return
        module = str(frame.f_globals.get("__name__", ""))
        if not module.startswith("vedette."):
            return
        stage, name = module.split(".")[1], frame.f_code.co_name
        if stage == "pipeline" and name == "see" and module.endswith("camera"):
            steps.append("frame")
        elif stage == "pipeline" and name == "packet" and module.endswith("book"):
            steps.append("packet")
        elif stage in STAGES and steps[-1:] != [stage]:
            steps.append(stage)

    threading.setprofile(note)
    try:
        yield
    finally:
        threading.setprofile(None)
        sys.setprofile(None)


def walks(steps: list[str]) -> list[list[str]]:
    """The stages between one packet's decoding and the next packet."""
    found: list[list[str]] = []
    for step in steps:
        if step == "packet":
            found.append([])
        elif found and step != "frame" and found[-1][-1:] != [step]:
            found[-1].append(step)
    return found


def run(pipeline: CameraPipeline) -> None:
    fleet = Fleet([pipeline], SystemClock())
    fleet.start()
    while fleet.watching:
        threading.Event().wait(0.01)
    assert fleet.stop() == []


def test_one_frame_walks_every_stage_once_and_in_order(tmp_path: Path) -> None:
    video = film(tmp_path / "scene.mp4", walker((0, -0.1, 0.5), (3, 0.9, 0.5)), duration_s=3.0)
    settings = camera(video, rules=[{"id": "seen", "type": "presence", "for_s": 0}])
    collector = Collector(folder=tmp_path / "out")
    steps: list[str] = []
    clock = SystemClock()
    desk = MediaDesk()

    with watched(steps), build_detector({"type": "blob"}, clock, silent) as detector:
        pipeline = build_camera(
            settings,
            Surroundings(
                clock=clock,
                bus=MemoryBus(clock=clock),
                sink=collector,
                detector=detector,
                work=desk.submit,
                parts=tmp_path / "parts",
            ),
        )
        run(pipeline)
    desk.close()

    assert len(collector.events) == 1
    complete = [walk for walk in walks(steps) if "rules" in walk and "media" in walk]
    assert complete, "no frame opened an event"
    assert complete[0] == ORDER
    looked = [walk for walk in walks(steps) if "detect" in walk]
    assert all(walk == [s for s in ORDER if s in walk] for walk in looked)
