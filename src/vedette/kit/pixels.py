"""Pixels between colour layouts: planes as decoders give them, BGR as drawing wants them."""

import cv2
import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]

cv2.setNumThreads(1)  # one thread per camera already keeps every core busy


def bgr_from_planes(y: U8, u: U8, v: U8, *, rgb: bool = False) -> U8:
    """Colour picture of 4:2:0 planes (BT.601, limited range).

    Args:
        y: (h, w) luma.
        u, v: ((h + 1) // 2, (w + 1) // 2) chroma.
        rgb: the colours in the other order, which costs nothing here.
    Returns:
        (h, w, 3) BGR, or RGB.
    """
    height, width = y.shape
    if height % 2 or width % 2:
        y = np.pad(y, ((0, height % 2), (0, width % 2)), mode="edge")
    stacked = np.concatenate((y.ravel(), u.ravel(), v.ravel()))
    sheet = stacked.reshape(y.shape[0] * 3 // 2, y.shape[1])
    order = cv2.COLOR_YUV2RGB_I420 if rgb else cv2.COLOR_YUV2BGR_I420
    picture = cv2.cvtColor(sheet, order)
    return np.asarray(picture[:height, :width], dtype=np.uint8)


def planes_from_bgr(bgr: U8) -> tuple[U8, U8, U8]:
    """The inverse of `bgr_from_planes` for pictures of even width and height."""
    height, width = bgr.shape[:2]
    sheet = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420), dtype=np.uint8)
    chroma = sheet[height:].reshape(2, height // 2, width // 2)
    return sheet[:height], chroma[0], chroma[1]
