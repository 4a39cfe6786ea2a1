"""Motion as Frigate finds it: a 100 lines high picture, contrast stretched, against an average.

Written after its documentation (frame height 100, threshold 30, contour area 10, alpha 0.01,
improved contrast, lightning guard 0.8), not copied from its code.
"""

import cv2
import numpy as np


class Motion:
    """Belongs to one camera; give it luma planes."""

    def __init__(self, shape: tuple[int, int]) -> None:
        height, width = shape
        self._size = (100 * width // height, 100)
        self._average = np.zeros((self._size[1], self._size[0]), dtype=np.float32)
        self._moving = np.zeros_like(self._average)
        self._still = 0
        self._begun = False

    def detect(self, luma: "np.ndarray[tuple[int, int], np.dtype[np.uint8]]") -> list[list[int]]:
        """Boxes of what moves, left top right bottom in pixels of the small picture."""
        small = cv2.resize(luma, self._size, interpolation=cv2.INTER_NEAREST)
        low, high = np.percentile(small, (4, 96))
        if high > low:
            small = np.clip((small - low) * (255.0 / (high - low)), 0, 255).astype(np.uint8)
        small = cv2.GaussianBlur(small, (5, 5), 0)
        if not self._begun:
            self._begun = True
            self._average[:] = small
            return []
        delta = cv2.absdiff(small, cv2.convertScaleAbs(self._average))
        _, changed = cv2.threshold(delta, 30, 255, cv2.THRESH_BINARY)
        changed = cv2.dilate(changed, np.ones((3, 3), dtype=np.uint8))
        boxes = []
        fraction = cv2.countNonZero(changed) / changed.size
        if fraction < 0.8:
            contours, _ = cv2.findContours(changed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
            for contour in contours:
                if cv2.contourArea(contour) > 10:
                    left, top, width, height = cv2.boundingRect(contour)
                    boxes.append([left, top, left + width, top + height])
        rate = 0.2 if fraction >= 0.8 else 0.01
        cv2.accumulateWeighted(small, self._average, rate)
        return boxes
