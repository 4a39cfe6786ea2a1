"""Finds moving things in simulated scenes without a network: what differs from a plain background.

Made for rendered pixels (one background brightness, things that are brighter, darker or coloured),
so that zones and rules can be proved on real decoded frames in milliseconds.
"""

from collections.abc import Sequence
from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from vedette.contracts.frame import U8, Frame
from vedette.contracts.sight import Bools, Detections
from vedette.plugins.registry import PluginConfig


class BlobConfig(PluginConfig):
    """Settings of `{type: blob}`."""

    tall: str = Field(default="person", min_length=1, description="Label of what is taller.")
    wide: str = Field(default="car", min_length=1, description="Label of what is wider than tall.")
    contrast: int = Field(
        default=24, ge=1, le=255, description="Difference from the background, in levels of 255."
    )
    smallest: float = Field(
        default=0.0004, gt=0.0, lt=1.0, description="Smallest area, as a part of the frame."
    )


class BlobDetector:
    """Connected components of what differs from the median of the frame."""

    Config: ClassVar[type[PluginConfig]] = BlobConfig

    def __init__(self, config: BlobConfig) -> None:
        self._config = config
        self.labels: tuple[str, ...] = tuple(dict.fromkeys((config.tall, config.wide)))

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """See `Detector`. The score is the part of its box that a thing fills."""
        return [self._one(frame) for frame in frames]

    def _one(self, frame: Frame) -> Detections:
        mask = self._different(frame)
        count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        parts = np.asarray(stats[1:count], dtype=np.float32)  # row 0 is the background
        parts = parts[parts[:, cv2.CC_STAT_AREA] >= self._config.smallest * mask.size]
        left, top, width, height, area = parts.T
        size = np.array((frame.width, frame.height) * 2, dtype=np.float32)
        boxes = np.stack((left, top, left + width, top + height), axis=1) / size
        scores = area / np.maximum(width * height, 1.0)
        return Detections(
            boxes=boxes.astype(np.float32),
            scores=scores.astype(np.float32),
            classes=np.where(height >= width, 0, len(self.labels) - 1).astype(np.int16),
            labels=self.labels,
        )

    def _different(self, frame: Frame) -> U8:
        """(height, width) 1 where brightness or colour differs from the background."""
        shape = (frame.width, frame.height)
        different = self._far(frame.y)
        for plane in (frame.u, frame.v):
            coloured = self._far(plane).astype(np.uint8)
            different |= np.asarray(
                cv2.resize(coloured, shape, interpolation=cv2.INTER_NEAREST), dtype=np.bool_
            )
        speckled = different.astype(np.uint8)
        return np.asarray(cv2.medianBlur(speckled, 3), dtype=np.uint8)  # noise and thin rain go

    def _far(self, plane: U8) -> Bools:
        level = float(np.median(plane))
        return np.asarray(np.abs(plane - np.float32(level)) > self._config.contrast, np.bool_)
