"""One frame's way through the real, threaded pipeline: each stage once, in the product's order."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from tests.scenes import BLOB, camera, film, walker
from vedette.app.build import Surroundings, build_camera
from vedette.app.collect import Collector
from vedette.app.detectors import build_detector
from vedette.bus.memory import MemoryBus
from vedette.kit.clock import SystemClock
from vedette.models.fetch import silent
from vedette.pipeline.camera import CameraPipeline
from vedette.pipeline.desk import MediaDesk
from vedette.pipeline.fleet import Fleet

STAGES = {"sources", "motion", "detect", "track", "zones", "rules", "media"}
MARKS = {
    ("vedette.pipeline.book", "packet", "return"): "decoding",
    ("vedette.pipeline.camera", "see", "return"): "seen",
}
"""A packet is kept for clips first; then it is decoded, and its frame begins to walk."""
OF_PACKETS = {"vedette.motion.sizes", "vedette.motion.slices"}
"""The decode gate asks these before there is a frame."""
ORDER = ["sources", "motion", "detect", "track", "zones", "rules", "media"]


def called_by_pipeline(frame: FrameType) -> bool:
    """True where a stage is entered, False for calls within and below it."""
    caller = frame.f_back
    module = str(caller.f_globals.get("__name__", "")) if caller is not None else ""
    return module.startswith("vedette.pipeline.")


@contextmanager
def watched(steps: list[str]) -> Iterator[None]:
    """Note every stage that any thread enters, one entry per run of the same stage."""

    def note(frame: FrameType, happening: str, _: Any) -> None:
        module = str(frame.f_globals.get("__name__", ""))
        ours = module.startswith("vedette.") and module not in OF_PACKETS
        if happening not in {"call", "return"} or not ours:
            return
        stage, name = module.split(".")[1], frame.f_code.co_name
        if stage in STAGES and happening == "call":
            if called_by_pipeline(frame) and steps[-1:] != [stage]:
                steps.append(stage)
        elif (module, name, happening) in MARKS:
            steps.append(MARKS[module, name, happening])

    threading.setprofile(note)
    try:
        yield
    finally:
        threading.setprofile(None)
        sys.setprofile(None)


def walks(steps: list[str]) -> list[list[str]]:
    """The stages from the decoding of each packet until its frame was seen."""
    found: list[list[str]] = []
    inside = False
    for step in steps:
        if step in {"decoding", "seen"}:
            inside = step == "decoding"
            if inside:
                found.append([])
        elif inside and found[-1][-1:] != [step]:
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

    with watched(steps), build_detector(BLOB, clock, silent) as detector:
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
