"""What the peers share: CPU time, the known detections, the zone and the rule."""

import json
import resource
from pathlib import Path

ZONE = ((0.0, 0.3), (1.0, 0.3), (1.0, 1.0), (0.0, 1.0))
"""Fractions of the picture; a track's foot is looked at."""
FOR_S = 1.0
SAMPLES_PER_S = 5


def cpu_s() -> float:
    """CPU time of this process and of its children that ended."""
    spent = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in spent)


def answers(path: Path) -> list[list[list[float]]]:
    """Per moment the rows x1 y1 x2 y2 score, in fractions."""
    moments: list[list[list[float]]] = json.loads(path.read_text(encoding="utf-8"))
    return moments


class StayRule:
    """An event when a track has been in the zone for `FOR_S` seconds, once per track."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}
        self._told: set[int] = set()

    @property
    def events(self) -> int:
        return len(self._told)

    def see(self, at_s: float, inside: dict[int, bool]) -> None:
        """Tracks of this moment, and whether they are in the zone."""
        for track, is_in in inside.items():
            if not is_in:
                self._since.pop(track, None)
            elif at_s - self._since.setdefault(track, at_s) >= FOR_S:
                self._told.add(track)
