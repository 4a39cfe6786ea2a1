"""Keeps the classes that a camera is to follow."""

import numpy as np

from vedette.contracts.errors import InvalidConfig
from vedette.contracts.sight import Bools, Detections


class LabelFilter:
    """Chosen once from the detector's classes; every class where none is named."""

    def __init__(self, wanted: tuple[str, ...], known: tuple[str, ...]) -> None:
        """Choose.

        Raises:
            InvalidConfig: the detector does not know a class.
        """
        if strange := [label for label in wanted if label not in known]:
            raise InvalidConfig(
                f"the detector does not know {strange[0]!r}; it knows: {', '.join(known)}"
            )
        self._kept: Bools | None = (
            np.array([label in wanted for label in known], dtype=np.bool_) if wanted else None
        )

    def __call__(self, found: Detections) -> Detections:
        if self._kept is None or not len(found):
            return found
        return found.pick(self._kept[found.classes])
