"""Have we met? Remembers for some seconds what those looked like who were given up.

Who walks out of the picture and comes back is a new track, since the old one has ended and others
have acted on that; but it is *recognised*, by the mean colours of its clothes (`looks`), near where
it left. Two people in the same clothes cannot be told apart, so a likeness counts only when no
other one is nearly as likely.
"""

from dataclasses import dataclass

import numpy as np

from vedette.contracts.sight import F32, Returned
from vedette.track.boxes import F64
from vedette.track.match import SIZE_CHANGE, ByteConfig, distance

SIGHTS = 8
"""Looks are compared once a track was seen so often, and known of one that was."""
MOST = 64
"""Of those who were given up, the latest are remembered."""
_REACH = 2.5
"""Heights between where one left and where one is seen again."""
_CLEARLY = 0.01
"""The best likeness must be better than the second by this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Somebody who was given up."""

    id: int
    label: str
    last_us: int
    place: F64
    """(4, 1) centre and size when last seen."""
    looks: F32
    """(k,)"""


class Memory:
    """Of one camera."""

    def __init__(self, config: ByteConfig) -> None:
        self._config = config
        self._gone: list[Gone] = []

    def __bool__(self) -> bool:
        return bool(self._gone)

    def keep(self, gone: Gone) -> None:
        """Remember somebody; nothing to do where nobody knows what they look like."""
        if self._config.return_s and gone.looks.any():
            self._gone.append(gone)
            del self._gone[:-MOST]

    def recognise(
        self, *, track: int, label: str, first_us: int, place: F64, looks: F32
    ) -> Returned | None:
        """Who is it? At most one answer for each who was given up.

        Args:
            first_us, place: when and where the track was first seen; (4, 1) centre and size.
            looks: (k,) mean of its looks.
        """
        oldest_us = first_us - round(self._config.return_s * 1e6)
        self._gone = [gone for gone in self._gone if gone.last_us >= oldest_us]
        alike = [float(gone.looks @ looks) for gone in self._gone]
        close = [
            (likeness, gone)
            for likeness, gone in zip(alike, self._gone, strict=True)
            if gone.label == label and gone.last_us < first_us and _near(gone.place, place)
        ]
        if not close:
            return None
        likeness, best = max(close, key=lambda pair: pair[0])
        rivals = [other for other, gone in close if gone is not best]
        if likeness < self._config.return_alike or max(rivals, default=0.0) > likeness - _CLEARLY:
            return None
        self._gone.remove(best)
        return Returned(
            id=track,
            before=best.id,
            away_s=(first_us - best.last_us) / 1e6,
            alike=likeness,
        )


def _near(before: F64, now: F64) -> bool:
    change = abs(float(np.log(now[3, 0] / before[3, 0])))
    return change < SIZE_CHANGE and float(distance(before, now)[0, 0]) < _REACH
