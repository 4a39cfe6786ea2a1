"""Completes finished tracks, offline: gaps are filled, accidents dropped, jitter calmed.

For `analyze --tracks`, where the whole video is known; what rules saw live is not touched.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import Field

from vedette.contracts.sight import F32, I16, I32, I64
from vedette.plugins.registry import PluginConfig

F64 = npt.NDArray[np.float64]


class CompleteConfig(PluginConfig):
    """Settings; times in seconds of video."""

    gap_s: float = Field(default=4.0, ge=0.0)
    """Longest gap that is filled: an object behind a pillar is still there."""
    least_s: float = Field(default=0.4, ge=0.0)
    """A track that lasts less is an accident."""
    least_seen: int = Field(default=4, ge=1)
    """Nor does it count with fewer boxes."""
    least_share: float = Field(default=0.4, ge=0.0, le=1.0)
    """Nor when it was seen in a smaller share of the frames between its first and its last."""
    least_score: float = Field(default=0.5, ge=0.0, le=1.0)
    """Nor with a lower median score."""
    still_score: float = Field(default=0.6, ge=0.0, le=1.0)
    """Median score that something needs that never moves: a sign is often a doubtful person."""
    calm_s: float = Field(default=0.1, ge=0.0)
    """Width (standard deviation) of the average over a box's neighbours in time; 0: none."""


_MOVED = 0.5
"""An object that never strays further from its median place, in its own sizes, stands still."""
_WINDOW = 3.0
"""Neighbours further away than so many standard deviations do not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """n boxes of tracked objects; each object at most once in a frame."""

    frames: I64
    """(n,) number of the frame."""
    ids: I32
    """(n,) number of the track."""
    boxes: F32
    """(n, 4) left, top, right, bottom, any unit."""
    scores: F32
    """(n,)"""
    classes: I16
    """(n,) index of the label."""

    def __len__(self) -> int:
        return len(self.frames)

    def pick(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Rows":
        return Rows(
            frames=self.frames[rows],
            ids=self.ids[rows],
            boxes=self.boxes[rows],
            scores=self.scores[rows],
            classes=self.classes[rows],
        )


def complete(rows: Rows, *, frames: I64, at_us: I64, config: CompleteConfig | None = None) -> Rows:
    """Make finished tracks whole.

    Args:
        rows: what was observed, tentative beginnings included, in any order.
        frames: (m,) numbers of all frames that were looked at, ascending; gaps are filled in these.
        at_us: (m,) their times.
        config: the defaults where none is given.
    Returns:
        Rows ordered by frame, then track. A filled row has the score and the class of its track's
        median and latest vote.
    """
    config = config or CompleteConfig()
    order = np.lexsort((rows.frames, rows.ids))
    rows = rows.pick(order)
    _, starts = np.unique(rows.ids, return_index=True)
    kept = []
    for own in np.split(np.arange(len(rows)), starts[1:]):
        track = rows.pick(own)
        if len(track) and _counts(track, np.searchsorted(frames, track.frames), at_us, config):
            kept.append(_whole(track, frames, at_us, config))
    if not kept:
        return rows.pick(np.zeros(0, dtype=np.intp))
    whole = Rows(
        frames=np.concatenate([track.frames for track in kept]),
        ids=np.concatenate([track.ids for track in kept]),
        boxes=np.concatenate([track.boxes for track in kept]),
        scores=np.concatenate([track.scores for track in kept]),
        classes=np.concatenate([track.classes for track in kept]),
    )
    return whole.pick(np.lexsort((whole.ids, whole.frames)))


def _counts(track: Rows, at: npt.NDArray[np.intp], at_us: I64, config: CompleteConfig) -> bool:
    """Whether a track is long, sure and complete enough; `at`: its places in the frames."""
    lasted_s = (at_us[at[-1]] - at_us[at[0]]) / 1e6
    share = len(track) / (at[-1] - at[0] + 1)
    if lasted_s < config.least_s or len(track) < config.least_seen or share < config.least_share:
        return False
    needed = config.still_score if _stands_still(track) else config.least_score
    return float(np.median(track.scores)) >= needed


def _stands_still(track: Rows) -> bool:
    corners = track.boxes.astype(np.float64)
    centres = (corners[:, :2] + corners[:, 2:]) / 2.0
    size = np.maximum(np.median(corners[:, 2:] - corners[:, :2], axis=0), 1e-9)
    away = np.abs(centres - np.median(centres, axis=0)) / size
    return bool((np.percentile(away, 95, axis=0) < _MOVED).all())


def _whole(track: Rows, frames: I64, at_us: I64, config: CompleteConfig) -> Rows:
    """Fill the gaps of one track (ordered by frame) and calm its boxes."""
    at = np.searchsorted(frames, track.frames)
    times = at_us[at]
    short = np.diff(times) <= config.gap_s * 1e6
    pieces = [
        np.arange(first, last) if fill else np.array([first])
        for first, last, fill in zip(at[:-1], at[1:], short, strict=True)
    ]
    every = np.concatenate([*pieces, at[-1:]])
    boxes = _interpolated(at_us[every], times, track.boxes.astype(np.float64))
    observed = np.isin(every, at)
    latest = np.searchsorted(at, every, side="right") - 1
    scores = np.where(observed, track.scores[latest], np.median(track.scores))
    return Rows(
        frames=frames[every],
        ids=np.full(len(every), track.ids[0], dtype=np.int32),
        boxes=_calmed(at_us[every], boxes, config.calm_s).astype(np.float32),
        scores=scores.astype(np.float32),
        classes=np.full(len(every), track.classes[-1], dtype=np.int16),
    )


def _interpolated(wanted_us: I64, known_us: I64, values: F64) -> F64:
    columns = [np.interp(wanted_us, known_us, values[:, column]) for column in range(4)]
    return np.stack(columns, axis=1)


def _calmed(times_us: I64, boxes: F64, calm_s: float) -> F64:
    """Each box as the weighted average of its neighbours in time (Gaussian weights).

    As many neighbours count before as after, so straight motion stays exactly where it was.
    """
    if not calm_s:
        return boxes
    n, times_s = len(boxes), times_us / 1e6
    total, weight = boxes.copy(), np.ones(n, dtype=np.float64)
    for step in range(1, (n - 1) // 2 + 1):
        inner, before, after = slice(step, n - step), slice(0, n - 2 * step), slice(2 * step, n)
        gap = np.maximum(times_s[inner] - times_s[before], times_s[after] - times_s[inner])
        share = np.where(gap <= _WINDOW * calm_s, np.exp(-0.5 * (gap / calm_s) ** 2), 0.0)
        if not share.any():
            break
        total[inner] += share[:, None] * (boxes[before] + boxes[after])
        weight[inner] += 2.0 * share
    calmed: F64 = total / weight[:, None]
    return calmed
