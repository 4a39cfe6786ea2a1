"""One decoded frame. Frames stay inside the process that decoded them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vedette.kit.pixels import Matrix, bgr_from_planes

U8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Three planes (4:2:0, limited range, upright), a number and a time; read-only."""

    camera_id: str
    number: int
    """Counts the decoded frames of one opening of the source, from 1."""
    at_us: int
    """When the light hit the sensor, best estimate: microseconds since 1970, UTC."""
    y: U8
    """(height, width) luma."""
    u: U8
    """((height + 1) // 2, (width + 1) // 2) chroma, blue."""
    v: U8
    """((height + 1) // 2, (width + 1) // 2) chroma, red."""
    matrix: Matrix = Matrix.BT601
    """What its colours mean."""

    @property
    def width(self) -> int:
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        return int(self.y.shape[0])

    def bgr(self) -> U8:
        """(height, width, 3) BGR; computed at each call, so keep it if you need it twice."""
        return bgr_from_planes(self.y, self.u, self.v, matrix=self.matrix)
