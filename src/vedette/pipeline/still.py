"""Which objects have not moved for a while? A parked car need not be looked at at every step."""

from dataclasses import dataclass, field

import numpy as np

from vedette.contracts.sight import F32, I64, Bools, Tracks

STILL_S = 5.0
"""An object that stayed in its place for so long is still."""
MOVED = 0.2
"""Part of its own size that it must leave its place by, or grow or shrink by, to have moved."""


@dataclass(slots=True, kw_only=True)
class Stillness:
    """Remembers since when each object has been in its place. Belongs to one camera."""

    _ids: I64 = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    _places: F32 = field(default_factory=lambda: np.zeros((0, 4), dtype=np.float32))
    _since_us: I64 = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def see(self, tracks: Tracks, looked_for: Bools) -> None:
        """Take what was seen.

        Args:
            looked_for: (n,) which of the tracks were looked for; one that was not found is not
                known to be still.
        """
        ids = tracks.ids.astype(np.int64)
        row = np.searchsorted(self._ids, ids)
        row[row == len(self._ids)] = 0
        known = self._ids[row] == ids if len(self._ids) else np.zeros(len(ids), dtype=np.bool_)
        if len(self._ids):
            places = np.where(known[:, None], self._places[row], tracks.boxes)
            since_us = np.where(known, self._since_us[row], tracks.at_us)
        else:
            places, since_us = tracks.boxes, np.full(len(ids), tracks.at_us, dtype=np.int64)
        anew = (tracks.observed & _moved(places, tracks.boxes)) | (looked_for & ~tracks.observed)
        order = np.argsort(ids, kind="stable")
        self._ids = ids[order]
        self._places = np.where(anew[:, None], tracks.boxes, places)[order].astype(np.float32)
        self._since_us = np.where(anew, tracks.at_us, since_us)[order]

    def of(self, tracks: Tracks) -> Bools:
        """(n,) which of these are still, at the time of `tracks`."""
        if not len(self._ids):
            return np.zeros(len(tracks), dtype=np.bool_)
        row = np.minimum(np.searchsorted(self._ids, tracks.ids), len(self._ids) - 1)
        known = self._ids[row] == tracks.ids
        long = tracks.at_us - self._since_us[row] >= round(STILL_S * 1e6)
        return np.asarray(known & long, dtype=np.bool_)

    def forget(self) -> None:
        """Everything is new."""
        self._ids, self._since_us = self._ids[:0], self._since_us[:0]
        self._places = self._places[:0]


def _moved(before: F32, now: F32) -> Bools:
    size = np.maximum(before[:, 2:] - before[:, :2], 1e-6)
    centre = np.abs((now[:, :2] + now[:, 2:]) - (before[:, :2] + before[:, 2:])) / 2.0
    change = np.abs((now[:, 2:] - now[:, :2]) - size)
    return np.asarray(((centre > MOVED * size) | (change > 2 * MOVED * size)).any(axis=1), np.bool_)
