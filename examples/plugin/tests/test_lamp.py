"""The lamp detector keeps the contract of detectors, and finds a lamp."""

import numpy as np

from vedette.testing.detector_contract import DetectorContract, frame_of
from vedette_doorbell.lamp import LampConfig, LampDetector


class TestLamp(DetectorContract):
    def make(self) -> LampDetector:
        return LampDetector(LampConfig())


def test_a_lamp_is_where_it_shines() -> None:
    picture = np.full((360, 640, 3), 30, dtype=np.uint8)
    picture[90:180, 320:480] = 250
    [found] = LampDetector(LampConfig()).detect([frame_of(picture)])

    assert np.allclose(found.boxes, [[0.5, 0.25, 0.75, 0.5]], atol=0.01)
    assert len(LampDetector(LampConfig(brighter=255)).detect([frame_of(picture)])[0]) == 0
