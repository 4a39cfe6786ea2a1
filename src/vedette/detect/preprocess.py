"""From a frame's planes to the input tensor, and from its pixels back to fractions.

Planes are resized before colours are converted: the work is done on the small picture. The tensor
holds bytes; the graph itself subtracts and scales (`vedette.detect.graph`).
"""

from dataclasses import dataclass

import cv2
import numpy as np

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
        """(..., 2 or 4) x y ... in pixels of the tensor to fractions of the frame, within 0..1."""
        times = boxes.shape[-1] // 2
        offset = np.array((self.left, self.top) * times, dtype=np.float32)
        size = np.array((self.inner_width, self.inner_height) * times, dtype=np.float32)
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


def picture(frame: Frame, width: int, height: int, *, rgb: bool = False) -> U8:
    """(height, width, 3) BGR, or RGB, of the frame, resized."""
    chroma = ((width + 1) // 2, (height + 1) // 2)
    return bgr_from_planes(
        _resized(frame.y, (width, height)),
        _resized(frame.u, chroma),
        _resized(frame.v, chroma),
        rgb=rgb,
        matrix=frame.matrix,
    )


def _resized(plane: U8, size: tuple[int, int]) -> U8:
    """Halved as often as possible, each time by the mean of four pixels, then interpolated.

    The mean over any other area would take ten times as long, and looks the same to a network.
    """
    width, height = size
    while plane.shape[1] >= 2 * width and plane.shape[0] >= 2 * height:
        half = (plane.shape[1] // 2, plane.shape[0] // 2)
        even = plane[: half[1] * 2, : half[0] * 2]
        plane = np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    if (plane.shape[1], plane.shape[0]) == size:
        return plane
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def blank(model: ModelInput, place: Fit, count: int) -> U8:
    """The input tensor of `count` frames, before `fill`."""
    sizes = (place.height, place.width)
    shape = (count, 3, *sizes) if model.layout == "nchw" else (count, *sizes, 3)
    return np.empty(shape, dtype=np.uint8)


def fill(tensor: U8, frame: Frame, model: ModelInput, place: Fit) -> None:
    """Write a frame into its part of the input tensor: (3, h, w) or (h, w, 3)."""
    shown = picture(frame, place.inner_width, place.inner_height, rgb=model.channels == "rgb")
    if (place.inner_width, place.inner_height) != (place.width, place.height):
        tensor[...] = GREY
    rows = slice(place.top, place.top + place.inner_height)
    columns = slice(place.left, place.left + place.inner_width)
    if model.layout == "nchw":
        cv2.split(shown, [tensor[channel, rows, columns] for channel in range(3)])
    else:
        tensor[rows, columns] = shown


def black_frame(width: int, height: int) -> Frame:
    """An empty picture, to try a model on."""
    chroma = np.full(((height + 1) // 2, (width + 1) // 2), 128, np.uint8)
    luma = np.zeros((height, width), dtype=np.uint8)
    return Frame(camera_id="-", number=1, at_us=0, y=luma, u=chroma, v=chroma)
