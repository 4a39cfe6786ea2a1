"""Keeps the classes that a camera is to follow."""

import numpy as np

from vedette.contracts.errors import InvalidConfig
from vedette.contracts.sight import Bools, Detections


class LabelFilter:
    """Every class where none is named. Follows a detector that is exchanged for one with others."""

    def __init__(self, wanted: tuple[str, ...], known: tuple[str, ...]) -> None:
        """Choose.

        Raises:
            InvalidConfig: the detector does not know a class.
        """
        if strange := [label for label in wanted if label not in known]:
            raise InvalidConfig(
                f"the detector does not know {strange[0]!r}; it knows: {', '.join(known)}"
            )
        self._wanted = wanted
        self._known = known
        self._kept = self._chosen()

    def __call__(self, found: Detections) -> Detections:
        if not self._wanted or not len(found):
            return found
        if found.labels != self._known:
            self._known = found.labels
            self._kept = self._chosen()
        return found.pick(self._kept[found.classes])

    def _chosen(self) -> Bools:
        return np.array([label in self._wanted for label in self._known], dtype=np.bool_)
