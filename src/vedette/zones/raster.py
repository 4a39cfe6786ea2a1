"""Zones as one grid of bits: which zones hold a point is one look, however many zones there are."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from vedette.contracts.polygon import FINEST, fill
from vedette.contracts.sample import U64
from vedette.zones.config import ZoneConfig

I32 = npt.NDArray[np.int32]

SHIFT = 16 - (FINEST.bit_length() - 1)
"""Quantised coordinate (16 bits) to cell: 65535, which is exactly 1.0, falls in the last cell."""


class Raster:
    """1024 x 1024 cells, one bit per zone, as narrow as the number of zones allows.

    A cell belongs to a zone when its centre does; so a point nearer to an edge than half a
    cell (1/2048 of the picture: one pixel at 1080p) may be told to the other side, always the
    same one. Built once; 1 MiB for up to 8 zones.
    """

    def __init__(self, zones: Sequence[ZoneConfig], anchor: str) -> None:
        """Draw the zones that have this anchor; the others keep their bit but are never in."""
        chosen = [(bit, zone) for bit, zone in enumerate(zones) if zone.anchor == anchor]
        self.empty = not chosen
        side = 1 if self.empty else FINEST
        self._grid = np.zeros((side, side), dtype=np.min_scalar_type((1 << len(zones)) - 1))
        for bit, zone in chosen:
            value = np.array(1 << bit, dtype=np.uint64).astype(self._grid.dtype)
            self._grid[fill(zone.polygon, side, side)] |= value

    def bits(self, points: I32) -> U64:
        """Zones that hold each point.

        Args:
            points: (n, 2) x, y in 1/65535 of the frame.
        Returns:
            (n,) one bit per zone.
        """
        if self.empty:
            return np.zeros(len(points), dtype=np.uint64)
        cells = points >> SHIFT
        found: U64 = self._grid[cells[:, 1], cells[:, 0]].astype(np.uint64)
        return found
