"""Pixels between colour layouts: planes as decoders give them, BGR as drawing wants them."""

from enum import Enum

import cv2
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]

cv2.setNumThreads(1)  # one thread per camera already keeps every core busy


class Matrix(Enum):
    """How much red and blue count in luma (limited range), by ITU-R recommendation."""

    BT601 = (0.299, 0.114)
    """Standard definition, and every JPEG."""
    BT709 = (0.2126, 0.0722)
    """High definition."""
    BT2020 = (0.2627, 0.0593)
    """Ultra high definition, where it says so."""


def bgr_from_planes(y: U8, u: U8, v: U8, *, rgb: bool = False, matrix: Matrix = Matrix.BT601) -> U8:
    """Colour picture of 4:2:0 planes (limited range).

    Args:
        y: (h, w) luma.
        u, v: ((h + 1) // 2, (w + 1) // 2) chroma.
        rgb: the colours in the other order, which costs nothing here.
    Returns:
        (h, w, 3) BGR, or RGB.
    """
    if matrix is not Matrix.BT601:  # OpenCV knows no other
        return _mixed(y, u, v, _MIXERS[matrix, rgb])
    height, width = y.shape
    if height % 2 or width % 2:
        y = np.pad(y, ((0, height % 2), (0, width % 2)), mode="edge")
    stacked = np.concatenate((y.ravel(), u.ravel(), v.ravel()))
    sheet = stacked.reshape(y.shape[0] * 3 // 2, y.shape[1])
    order = cv2.COLOR_YUV2RGB_I420 if rgb else cv2.COLOR_YUV2BGR_I420
    picture = cv2.cvtColor(sheet, order)
    return np.asarray(picture[:height, :width], dtype=np.uint8)


def _mixed(y: U8, u: U8, v: U8, mixer: npt.NDArray[np.float32]) -> U8:
    """Colours by any matrix, at three times the cost of OpenCV's own."""
    height, width = y.shape
    even = (u.shape[1] * 2, u.shape[0] * 2)
    wide = [cv2.resize(each, even, None, 0, 0, cv2.INTER_NEAREST) for each in (u, v)]
    sheet = cv2.merge((y, *(each[:height, :width] for each in wide)))
    return np.asarray(cv2.transform(sheet, mixer), dtype=np.uint8)


def _mixer(matrix: Matrix, *, rgb: bool) -> npt.NDArray[np.float32]:
    """(3, 4) from Y, Cb, Cr, 1 to blue, green, red (ITU-T H.273, 8.3)."""
    red, blue = matrix.value
    green = 1.0 - red - blue
    luma, chroma = 255 / 219, 2 * 255 / 224
    rows = np.array(
        [
            [luma, chroma * (1 - blue), 0.0],
            [luma, -chroma * blue * (1 - blue) / green, -chroma * red * (1 - red) / green],
            [luma, 0.0, chroma * (1 - red)],
        ]
    )
    rows = np.hstack([rows, -rows @ [[16.0], [128.0], [128.0]]])
    return np.ascontiguousarray(rows[::-1] if rgb else rows, dtype=np.float32)


_MIXERS = {(matrix, rgb): _mixer(matrix, rgb=rgb) for matrix in Matrix for rgb in (False, True)}


def planes_from_bgr(bgr: U8) -> tuple[U8, U8, U8]:
    """The inverse of `bgr_from_planes` for pictures of even width and height."""
    height, width = bgr.shape[:2]
    sheet = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420), dtype=np.uint8)
    chroma = sheet[height:].reshape(2, height // 2, width // 2)
    return sheet[:height], chroma[0], chroma[1]
