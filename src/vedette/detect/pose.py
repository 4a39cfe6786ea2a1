"""The second stage: where the joints of each person are that the first stage found."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vedette.contracts.errors import ModelUnavailable
from vedette.contracts.frame import Frame
from vedette.contracts.sight import F32, KEYPOINTS, Detections
from vedette.detect.crop import Crop, crop
from vedette.detect.queue import Answer
from vedette.detect.server import DetectorServer

PERSON = "person"
MOST = 8
"""People of one frame whose joints are looked for: those with the best scores."""
LEAST_SCORE = 0.4
MARGIN = 0.25
"""Of the longer side, added on each side: raised arms reach out of the box."""

Asked = tuple[int, Crop]
"""Row of a person, and the picture around it."""


class PoseStage:
    """Asks a server with a pose model; shared by cameras."""

    def __init__(self, server: DetectorServer) -> None:
        self._server = server

    @property
    def server(self) -> DetectorServer:
        return self._server

    def ask(self, frame: Frame, found: Detections) -> tuple[list[Asked], list[Answer]]:
        """Submit a picture of each person, best scores first; never waits.

        Where the pose server has no room or is ill, people go without joints.
        """
        asked: list[Asked] = []
        answers: list[Answer] = []
        try:
            for row in _people(found):
                part = crop(frame, _around(found.boxes[row], frame.width / frame.height))
                answers.append(self._server.submit_now(part.frame))
                asked.append((row, part))
        except ModelUnavailable:
            pass  # the server counts what it refuses
        return asked, answers

    def added(
        self, found: Detections, asked: Sequence[Asked], answers: Sequence[Answer]
    ) -> Detections:
        """The detections with the joints that were found, as fractions of the frame."""
        joints: F32 = np.zeros((len(found), len(KEYPOINTS), 3), dtype=np.float32)
        for (row, part), answer in zip(asked, answers, strict=True):
            own = None if answer.exception() is not None else answer.result().keypoints
            if own is not None and len(own):
                joints[row, :, :2] = part.back(own[0, :, :2])
                joints[row, :, 2] = own[0, :, 2]
        return replace(found, keypoints=joints)


def _people(found: Detections) -> list[int]:
    """Rows of the people worth a closer look."""
    if PERSON not in found.labels:
        return []
    person = found.labels.index(PERSON)
    rows = np.flatnonzero((found.classes == person) & (found.scores >= LEAST_SCORE))
    best = rows[np.argsort(-found.scores[rows], kind="stable")]
    return [int(row) for row in best[:MOST]]


def _around(box: F32, aspect: float) -> F32:
    """A square (in pixels) around a box: pose models want the person in its middle."""
    centre = (box[:2] + box[2:]) / 2
    size = box[2:] - box[:2]
    half = max(float(size[0]) * aspect, float(size[1])) * (0.5 + MARGIN)  # in heights
    reach = np.array((half / aspect, half), dtype=np.float32)
    return np.concatenate((centre - reach, centre + reach))
