"""Detection and tracking on drawn scenes with exact truth: drawn, encoded as an IP camera does,
decoded, gated, detected by the default model, tracked, scored. No figure may fall below its floor.

The floors lie a little below what was measured (`vedette eval --scenes`), so that a frame or two
may differ between machines; raise them when something gets better.
"""

from dataclasses import dataclass

import pytest

from vedette.app.scenes import score_scenes
from vedette.kit.clock import SystemClock
from vedette.sources.scene_set import SCENES


@dataclass(frozen=True, kw_only=True)
class Floor:
    """What a scene must reach with every frame looked at; and with the gates, at 5 frames a
    second, in the moments looked at."""

    mota: float
    idf1: float
    gated_idf1: float
    switches: int = 0
    looks: int
    """At most so many looks with the gates, closer ones included."""


FLOORS = {
    "calm": Floor(mota=0.95, idf1=0.97, gated_idf1=0.97, looks=70),
    "noise": Floor(mota=0.95, idf1=0.97, gated_idf1=0.97, looks=70),
    "rain": Floor(mota=0.95, idf1=0.97, gated_idf1=0.97, looks=70),
    "shadow": Floor(mota=0.95, idf1=0.97, gated_idf1=0.97, looks=70),
    "light steps": Floor(mota=0.95, idf1=0.97, gated_idf1=0.97, looks=70),
    "night": Floor(mota=0.93, idf1=0.95, gated_idf1=0.95, looks=70),
    "crossing": Floor(mota=0.94, idf1=0.96, gated_idf1=0.93, looks=70),
    "crossing alike": Floor(mota=0.95, idf1=0.97, gated_idf1=0.95, looks=70),
    "turning": Floor(mota=0.95, idf1=0.97, gated_idf1=0.95, looks=65),
    "occluded": Floor(mota=0.88, idf1=0.93, gated_idf1=0.90, looks=70),
    "standing": Floor(mota=0.97, idf1=0.98, gated_idf1=0.97, looks=90),
    "returning": Floor(mota=0.95, idf1=0.97, gated_idf1=0.95, looks=70),
    "far": Floor(mota=0.95, idf1=0.97, gated_idf1=0.95, looks=150),
}


def test_every_scene_has_a_floor() -> None:
    assert list(FLOORS) == list(SCENES)


@pytest.mark.parametrize("name", FLOORS)
def test_a_scene_is_understood_as_well_as_before(name: str) -> None:
    floor = FLOORS[name]
    (got,) = score_scenes({"type": "onnx"}, SystemClock(), names=[name], codec="libx264")

    every, gated = got.every_frame.scores, got.gated.scores
    assert every.mota >= floor.mota
    assert every.idf1 >= floor.idf1
    assert every.switches <= floor.switches
    assert gated.idf1 >= floor.gated_idf1
    assert got.event_recall == 1.0, "the gates hide no event"
    assert len(got.gated.events) == len(got.every_frame.events), "nor do they make one"
    assert got.gated.looked + got.gated.closer_looks <= floor.looks
