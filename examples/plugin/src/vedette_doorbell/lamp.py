"""Finds lamps that are on: the part of the picture that is much brighter than the rest."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from vedette.contracts.frame import Frame
from vedette.contracts.sight import Detections
from vedette.plugins.registry import PluginConfig


class LampConfig(PluginConfig):
    """Settings of `{type: lamp}`."""

    brighter: int = Field(
        default=80, ge=1, le=255, description="Than the middle of the picture, in levels of 255."
    )


class LampDetector:
    """One box around everything that shines. No network, a few microseconds."""

    Config: ClassVar[type[PluginConfig]] = LampConfig

    def __init__(self, config: LampConfig) -> None:
        self._brighter = config.brighter
        self.labels: tuple[str, ...] = ("lamp",)

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """One answer for each frame: boxes as fractions of it, scores, classes."""
        return [self._one(frame) for frame in frames]

    def _one(self, frame: Frame) -> Detections:
        luma = frame.y.astype(np.int16)
        shines = luma > np.median(luma) + self._brighter
        rows, columns = np.flatnonzero(shines.any(axis=1)), np.flatnonzero(shines.any(axis=0))
        boxes = np.empty((0, 4), dtype=np.float32)
        if len(rows):
            box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
            size = (frame.width, frame.height) * 2
            boxes = np.array([box], dtype=np.float32) / np.array(size, dtype=np.float32)
        count = len(boxes)
        return Detections(
            boxes=boxes,
            scores=np.ones(count, dtype=np.float32),
            classes=np.zeros(count, dtype=np.int16),
            labels=self.labels,
        )
