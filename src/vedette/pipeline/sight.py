"""One analysed moment of one camera, as the later stages of the pipeline share it."""

from dataclasses import dataclass

import numpy as np

from vedette.contracts.frame import Frame
from vedette.contracts.payload import FractionBox
from vedette.contracts.sample import QUANTUM, Samples
from vedette.contracts.sight import F32, Tracks
from vedette.kit.clock import from_us


def session_of(first_us: int) -> str:
    """Name of a camera's session: the UTC time of its first frame."""
    return f"{from_us(first_us):%Y%m%dT%H%M%S%f}"


def fraction_box(row: F32) -> FractionBox:
    """A row of boxes as plain floats, clipped to the frame, six digits."""
    left, top, right, bottom = (round(float(v), 6) for v in np.clip(row, 0.0, 1.0))
    return (left, top, right, bottom)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Pixels, tracks and samples of the same moment."""

    frame: Frame
    tracks: Tracks
    samples: Samples

    @classmethod
    def blank(cls, samples: Samples, number: int) -> "Sight":
        """A moment without a picture, after so many: its pixels mean nothing."""
        plane = np.zeros((2, 2), dtype=np.uint8)
        frame = Frame(
            camera_id=samples.camera_id,
            number=number,
            at_us=samples.at_us,
            y=plane,
            u=plane[:1, :1],
            v=plane[:1, :1],
        )
        return cls(frame=frame, tracks=Tracks.none(samples.at_us), samples=samples)

    @property
    def at_us(self) -> int:
        return self.frame.at_us

    def row_of(self, track: int) -> int | None:
        """Row of a track in `tracks`; None when it is not there."""
        rows = np.flatnonzero(self.tracks.ids == track)
        return int(rows[0]) if rows.size else None

    def box_of(self, track: int) -> FractionBox | None:
        row = self.row_of(track)
        return None if row is None else fraction_box(self.tracks.boxes[row])

    def label_of(self, track: int) -> str | None:
        row = self.row_of(track)
        if row is not None:
            return self.tracks.labels[int(self.tracks.classes[row])]
        return next((ended.label for ended in self.tracks.ended if ended.id == track), None)

    def score_of(self, track: int) -> float:
        """Median score of a track so far; the best one in view for track 0; else 0.0."""
        scores = self.samples.scores
        rows = np.flatnonzero(self.samples.ids == track) if track else np.arange(len(scores))
        if rows.size:
            return round(float(scores[rows].max()) / QUANTUM, 4)
        gone = (ended.median_score for ended in self.tracks.ended if ended.id == track)
        return round(next(gone, 0.0), 4)
