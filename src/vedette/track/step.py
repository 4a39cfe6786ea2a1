"""One step of many tracks: corrected by what was seen, given up, and what goes in and out of it."""

import numpy as np

from vedette.contracts.errors import InvalidInput
from vedette.contracts.sight import F32, Bools, Detections
from vedette.track import kalman
from vedette.track.boxes import F64, Index, centred
from vedette.track.match import ByteConfig
from vedette.track.table import Seen, Table

_SLACK_S = 1e-6
"""Sums of steps are not exact."""
_BACK_S = 0.25
"""Who comes back after longer takes the speed of the way between both sights."""


def correct(table: Table, seen: Seen, rows: Index, columns: Index, step_s: F64 | float) -> None:
    """Correct the filter; who comes back gets the speed of the way between both sights."""
    if not len(rows):
        return
    back = (table.unseen_s > _BACK_S + step_s)[rows]
    if back.any():
        r, way = rows[back], seen.centres[:2, columns[back]] - table.last[:2, rows[back]]
        table.state[4:6, r] = 0.5 * (table.state[4:6, r] + way / table.unseen_s[r])
    table.state[:, rows] = kalman.correct(table.state[:, rows], seen.centres[:, columns])


def given_up(config: ByteConfig, table: Table, step_s: F64 | float) -> Bools:
    """(n,) who is given up."""
    missed: Bools = table.unseen_s > 0.0
    if not missed.any():
        return missed
    confirmed = table.seen >= config.confirm_seen
    young = np.maximum(config.tentative_s, 1.5 * np.asarray(step_s))
    patience = np.where(confirmed, config.lost_s, young)
    left = missed & confirmed & outside(table)
    over: Bools = left | (table.unseen_s > patience + _SLACK_S)
    return over


def outside(table: Table) -> Bools:
    """(n,) whose middle is out of the picture."""
    centre = table.state[:2]
    return np.asarray(((centre < 0.0) | (centre > 1.0)).any(axis=0), dtype=np.bool_)


def ending_of(confirmed: bool, outside: bool) -> str:
    """Code of an `EndedTrack`."""
    if not confirmed:
        return "unconfirmed"
    return "left" if outside else "lost"


def within(corners: F64, areas: F32) -> Bools:
    """(n,) boxes that lie wholly in one of the areas."""
    boxes = np.clip(corners.T, 0.0, 1.0)[:, None]
    within = (boxes[..., :2] >= areas[:, :2]) & (boxes[..., 2:] <= areas[:, 2:])
    held: Bools = np.any(within.all(axis=2), axis=1)
    return held


def as_columns(detections: Detections, low_score: float) -> Seen:
    """The detections that are worth anything, as columns."""
    if len(detections) and detections.scores.min() < low_score:
        detections = detections.pick(detections.scores >= low_score)
    corners = np.ascontiguousarray(detections.boxes.T, dtype=np.float64)
    return Seen(
        corners=corners,
        centres=centred(corners),
        scores=detections.scores.astype(np.float64),
        classes=detections.classes.astype(np.intp),
        looks=detections.looks,
    )


def picked(seen: Seen, columns: Index) -> Seen | None:
    """Some of the detections; None for none."""
    if not len(columns):
        return None
    return Seen(
        corners=seen.corners[:, columns],
        centres=seen.centres[:, columns],
        scores=seen.scores[columns],
        classes=seen.classes[columns],
        looks=None if seen.looks is None else seen.looks[columns],
    )


def check(found: Detections) -> None:
    """What one camera's detector gives must not spoil a pass of many.

    Raises:
        InvalidInput: the columns differ in length, or a class has no label.
    """
    n = len(found)
    fits = found.boxes.shape == (n, 4) and found.classes.shape == (n,)
    fits = fits and (found.looks is None or (found.looks.ndim == 2 and len(found.looks) == n))
    if not fits or (n and not 0 <= found.classes.min() <= found.classes.max() < len(found.labels)):
        raise InvalidInput(
            f"{n} detections come with boxes {found.boxes.shape}, classes {found.classes.shape} "
            f"and {len(found.labels)} labels"
        )
