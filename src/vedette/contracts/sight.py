"""What was seen: motion, boxes in one frame, then the same objects across frames. Columns."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
I16 = npt.NDArray[np.int16]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NO_BOXES: F32 = np.zeros((0, 4), dtype=np.float32)

KEYPOINTS = (
    *("nose", "left eye", "right eye", "left ear", "right ear"),
    *("left shoulder", "right shoulder", "left elbow", "right elbow", "left wrist", "right wrist"),
    *("left hip", "right hip", "left knee", "right knee", "left ankle", "right ankle"),
)
"""The joints of a person, in the order of COCO; left is the person's left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """How much of the picture changed, and where."""

    fraction: float
    """Part of the picture that changed, 0..1 (masked parts do not count)."""
    boxes: F32
    """(m, 4) x1 y1 x2 y2, fractions of the frame."""
    active: bool
    """Enough changed, for long enough, to look closer."""
    code: str
    """Why: `motion`, `quiet`, `light_change`, `learning`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detections:
    """What a detector found in one frame: n rows."""

    boxes: F32
    """(n, 4) x1 y1 x2 y2, fractions of the frame."""
    scores: F32
    """(n,) 0..1."""
    classes: I16
    """(n,) index into `labels`."""
    labels: tuple[str, ...]
    """Names of all classes that the detector knows."""
    looks: F32 | None = None
    """(n, k) unit vectors, one per box: how alike two objects look is their dot product, 0..1.
    None where nobody looked at the pixels (`vedette.track.looks` does)."""
    keypoints: F32 | None = None
    """(n, 17, 3) of people: x y as fractions of the frame, score 0..1, in the order of `KEYPOINTS`;
    scores of 0 for what has none. None where no pose detector looked."""
    areas: F32 | None = None
    """(k, 4) parts of the frame that were looked at, x1 y1 x2 y2 in fractions; None: all of it.
    What does not lie wholly in one of them was not looked for, so it is not missing."""

    def __len__(self) -> int:
        return len(self.scores)

    def pick(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Detections":
        """The rows chosen by a mask or by indices."""
        return Detections(
            boxes=self.boxes[rows],
            scores=self.scores[rows],
            classes=self.classes[rows],
            labels=self.labels,
            looks=None if self.looks is None else self.looks[rows],
            keypoints=None if self.keypoints is None else self.keypoints[rows],
            areas=self.areas,
        )

    @staticmethod
    def none(labels: tuple[str, ...]) -> "Detections":
        return Detections(
            boxes=NO_BOXES,
            scores=np.zeros(0, dtype=np.float32),
            classes=np.zeros(0, dtype=np.int16),
            labels=labels,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """The objects that a tracker follows after one frame: n rows, tentative ones included."""

    at_us: int
    ids: I32
    """(n,) number within the camera's session, never used twice."""
    boxes: F32
    """(n, 4) x1 y1 x2 y2, fractions of the frame: measured where `observed`, else predicted."""
    scores: F32
    """(n,) score of the latest detection."""
    classes: I16
    """(n,) index into `labels`, by vote over the track."""
    observed: Bools
    """(n,) a detection of this frame belongs to it."""
    confirmed: Bools
    """(n,) seen often enough to count; rules see only these."""
    first_us: I64
    """(n,) when it was first seen."""
    labels: tuple[str, ...]
    ended: tuple["EndedTrack", ...] = ()
    """Objects given up at this frame."""
    returned: tuple["Returned", ...] = ()
    """Objects that are recognised at this frame as one that was given up before."""
    keypoints: F32 | None = None
    """(n, 17, 3) joints of people as in `Detections`, of this frame: scores of 0 where an object is
    not `observed` or has none. None where no pose detector looked at the frame."""
    aspect: float = 16 / 9
    """Width of the frame over its height."""

    @classmethod
    def none(cls, at_us: int) -> "Tracks":
        """Nothing is followed."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls(
            at_us=at_us,
            ids=nothing.astype(np.int32),
            boxes=np.zeros((0, 4), dtype=np.float32),
            scores=nothing.astype(np.float32),
            classes=nothing.astype(np.int16),
            observed=nothing.astype(np.bool_),
            confirmed=nothing.astype(np.bool_),
            first_us=nothing,
            labels=(),
        )

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedTrack:
    """An object that left, or a tentative one that was never confirmed."""

    id: int
    label: str
    confirmed: bool
    code: str
    """Why: `lost` (not seen for too long), `left` (walked out of the picture), `unconfirmed` (seen
    too rarely), `finished` (the source ended)."""
    seen: int
    """Number of detections that belonged to it."""
    first_us: int
    last_us: int
    """Last time it was observed."""
    median_score: float
    best_score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """Somebody who walked out of the picture is back, under another number."""

    id: int
    """The number now."""
    before: int
    """The number then."""
    away_s: float
    alike: float
    """How alike both look, 0..1."""
