"""From a frame's planes to the input tensor, and from its pixels back to fractions.

Planes are resized before colours are converted: the work is done on the small picture.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from vedette.contracts.frame import U8, Frame
from vedette.contracts.model import ModelInput
from vedette.contracts.sight import F32
from vedette.kit.pixels import bgr_from_planes

GREY = 114
"""Colour of the bars of a letterbox."""
WIDEST = 4.0
"""A frame more elongated than this gets bars, where the input could follow its shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Where the frame lies in the input tensor, in pixels of the tensor."""

    width: int
    """Of the tensor."""
    height: int
    left: int
    top: int
    inner_width: int
    """Of the frame's picture in the tensor."""
    inner_height: int

    def fractions(self, boxes: F32) -> F32:
        """(n, 4) pixels of the tensor to fractions of the frame, clipped to 0..1."""
        offset = np.array((self.left, self.top) * 2, dtype=np.float32)
        size = np.array((self.inner_width, self.inner_height) * 2, dtype=np.float32)
        return np.asarray(np.clip((boxes - offset) / size, 0.0, 1.0), dtype=np.float32)


def fit(model: ModelInput, width: int, height: int) -> Fit:
    """How a frame of `width` x `height` goes into the model's input.

    A model whose input may have any size (`step`) gets about as many pixels as its entry says,
    in the shape of the frame.
    """
    into_w, into_h = _tensor_size(model, width, height)
    if model.fit == "stretch":
        inner_w, inner_h = into_w, into_h
    else:
        scale = min(into_w / width, into_h / height)
        inner_w = min(into_w, _even(width * scale))
        inner_h = min(into_h, _even(height * scale))
    return Fit(
        width=into_w,
        height=into_h,
        left=(into_w - inner_w) // 2,
        top=(into_h - inner_h) // 2,
        inner_width=inner_w,
        inner_height=inner_h,
    )


def _tensor_size(model: ModelInput, width: int, height: int) -> tuple[int, int]:
    if not model.step:
        return model.width, model.height
    aspect = min(max(width / height, 1 / WIDEST), WIDEST)
    pixels = model.width * model.height
    ideal = (pixels * aspect) ** 0.5
    wide = max(1, round(ideal / model.step)) * model.step
    high = max(1, round(pixels / wide / model.step)) * model.step
    return wide, high


def _even(size: float) -> int:
    """The nearest even number, at least 2: chroma has half the resolution."""
    return max(2, round(size / 2) * 2)


def picture(frame: Frame, width: int, height: int) -> U8:
    """(height, width, 3) BGR of the frame, resized; both sizes even."""
    if (frame.width, frame.height) == (width, height):
        return frame.bgr()
    chroma = (width // 2, height // 2)
    return bgr_from_planes(
        _resized(frame.y, (width, height)), _resized(frame.u, chroma), _resized(frame.v, chroma)
    )


def _resized(plane: U8, size: tuple[int, int]) -> U8:
    if (plane.shape[1], plane.shape[0]) == size:
        return plane
    smaller = plane.shape[1] >= size[0] and plane.shape[0] >= size[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, size, interpolation=how), dtype=np.uint8)


def tensor(frame: Frame, model: ModelInput, place: Fit) -> npt.NDArray[Any]:
    """The input tensor of one frame, batch axis included, in the model's layout and type."""
    bgr = picture(frame, place.inner_width, place.inner_height)
    if (place.inner_width, place.inner_height) != (place.width, place.height):
        whole = np.full((place.height, place.width, 3), GREY, dtype=np.uint8)
        bottom, right = place.top + place.inner_height, place.left + place.inner_width
        whole[place.top : bottom, place.left : right] = bgr
        bgr = whole
    ordered = bgr[..., ::-1] if model.channels == "rgb" else bgr
    if model.dtype != "float32":
        whole_numbers = ordered.astype(model.dtype)[None]
        return np.ascontiguousarray(
            whole_numbers.transpose(0, 3, 1, 2) if model.layout == "nchw" else whole_numbers
        )
    planes = np.empty((1, 3, place.height, place.width), dtype=np.float32)
    for channel in range(3):
        np.subtract(ordered[..., channel], np.float32(model.mean[channel]), out=planes[0, channel])
        planes[0, channel] *= np.float32(model.scale[channel])
    return planes if model.layout == "nchw" else np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
