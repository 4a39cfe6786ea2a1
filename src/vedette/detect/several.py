"""All that detects for one camera: one or several models as if they were one, then people's joints.

Labels of all models form one table that only grows, so that a track keeps its class when a model
is exchanged; the same object found by two models counts once.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from vedette.contracts.errors import InvalidConfig, ModelUnavailable
from vedette.contracts.frame import Frame
from vedette.contracts.sight import I16, Detections
from vedette.detect.pose import PoseStage
from vedette.detect.queue import Answer
from vedette.detect.server import DetectorServer
from vedette.detect.suppress import pairwise_iou
from vedette.kit.supervise import guarded

log = logging.getLogger(__name__)

SAME_IOU = 0.6
"""Boxes of one class by two models that overlap by more are one object."""


class LabelTable:
    """The labels of all models of a camera; indices never change their meaning."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self._maps: dict[tuple[str, ...], I16] = {}
        self._lock = threading.Lock()

    def add(self, labels: tuple[str, ...]) -> I16:
        """(labels,) index in this table of each label; unknown ones are added at the end."""
        with self._lock:
            found = self._maps.get(labels)
            if found is None:
                fresh = tuple(label for label in labels if label not in self.names)
                self.names += fresh
                found = np.array([self.names.index(label) for label in labels], dtype=np.int16)
                self._maps[labels] = found
            return found

    def translated(self, found: Detections) -> Detections:
        """The same boxes with this table's labels."""
        classes = self.add(found.labels)
        if found.labels == self.names:
            return found
        return replace(found, classes=classes[found.classes], labels=self.names)


class CameraDetector:
    """Shares servers with other cameras; belongs to one camera."""

    def __init__(
        self,
        servers: Sequence[DetectorServer],
        *,
        pose: PoseStage | None = None,
        wanted: tuple[str, ...] = (),
    ) -> None:
        """Take its models.

        Args:
            pose: finds the joints of the people that the others found.
            wanted: the classes that the camera follows.
        Raises:
            InvalidConfig: none of the models knows one of the wanted classes.
        """
        self.servers = tuple(servers)
        self.wanted = wanted
        self._pose = pose
        self._table = LabelTable()
        for server in servers:
            self._table.add(server.labels)
        if missing := self.missing():
            raise InvalidConfig(
                f"the detector does not know {missing[0]!r}; it knows: "
                f"{', '.join(self._table.names)}"
            )

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes of all models so far; the table may grow when a model is exchanged."""
        return self._table.names

    def missing(
        self, instead: DetectorServer | None = None, labels: tuple[str, ...] = ()
    ) -> tuple[str, ...]:
        """Wanted classes that no model knows; where one server had `labels` instead of its own."""
        known = {
            label
            for server in self.servers
            for label in (labels if server is instead else server.labels)
        }
        return tuple(label for label in self.wanted if label not in known)

    def submit(self, frame: Frame) -> Answer:
        """Ask all models at once; the answer comes when all have answered.

        Models that fail are left out as long as one answers (their servers count and tell it);
        where all fail, the answer is a ModelUnavailable.
        """
        parts = [_asked(server, frame) for server in self.servers]
        answer: Answer = Future()
        answer.set_running_or_notify_cancel()
        _when_all(parts, partial(self._first_stage, frame, parts, answer))
        return answer

    def _first_stage(self, frame: Frame, parts: Sequence[Answer], answer: Answer) -> None:
        """Everybody has answered: put it together."""
        with guarded("putting detections together") as outcome:
            errors = [error for part in parts if (error := part.exception()) is not None]
            if len(errors) == len(parts):
                answer.set_exception(errors[0])
                return
            found = [self._table.translated(p.result()) for p in parts if p.exception() is None]
            together = merged(found, self._table.names)
            if self._pose is None:
                answer.set_result(together)
                return
            crops, joints = self._pose.ask(frame, together)
            _when_all(joints, partial(self._second_stage, together, crops, joints, answer))
        _fail(answer, outcome.error)

    def _second_stage(
        self, found: Detections, crops: object, joints: Sequence[Answer], answer: Answer
    ) -> None:
        """The joints have come, too."""
        with guarded("adding joints") as outcome:
            assert self._pose is not None  # noqa: S101  only called where it is
            answer.set_result(self._pose.added(found, crops, joints))  # type: ignore[arg-type]
        _fail(answer, outcome.error)


def merged(parts: Sequence[Detections], labels: tuple[str, ...]) -> Detections:
    """The boxes of several models in one table; what two of them found counts once.

    Args:
        parts: of one frame, classes in the same table (later parts may know a longer one).
    """
    if len(parts) == 1:
        return parts[0]
    boxes = np.concatenate([part.boxes for part in parts])
    scores = np.concatenate([part.scores for part in parts])
    classes = np.concatenate([part.classes for part in parts])
    models = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = np.argsort(-scores, kind="stable")
    same = pairwise_iou(boxes[order]) > SAME_IOU
    same &= classes[order][:, None] == classes[order][None, :]
    same &= models[order][:, None] != models[order][None, :]
    kept = order[_best_of(same)]
    return Detections(boxes=boxes[kept], scores=scores[kept], classes=classes[kept], labels=labels)


def _best_of(same: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """(n,) rows that no earlier kept row is the same as."""
    alive = np.ones(len(same), dtype=np.bool_)
    for row in range(len(same)):
        if alive[row]:
            alive[row + 1 :] &= ~same[row, row + 1 :]
    return alive


def _asked(server: DetectorServer, frame: Frame) -> Answer:
    """The server's answer, also where it refuses at once."""
    try:
        return server.submit(frame)
    except ModelUnavailable as error:
        refused: Answer = Future()
        refused.set_exception(error)
        return refused


def _when_all(parts: Sequence[Answer], then: Callable[[], None]) -> None:
    """Call `then` once all have answered, in the thread of the last one; at once where none.

    Afterwards nothing here refers to it: a frame would stay until Python looks for cycles.
    """
    if not parts:
        then()
        return
    waiting, lock = [then] * len(parts), threading.Lock()

    def one(_: Answer) -> None:
        with lock:
            go_on = waiting.pop()
            last = not waiting
        if last:
            go_on()

    for part in parts:
        part.add_done_callback(one)


def _fail(answer: Answer, error: Exception | None) -> None:
    """Nobody may wait for ever, whatever went wrong."""
    if error is not None and not answer.done():
        answer.set_exception(ModelUnavailable(f"{type(error).__name__}: {error}"))
