"""One step of many tracks: moved on, corrected by what was seen, given up."""

from collections.abc import Sequence

import numpy as np

from vedette.contracts.sight import F32, Bools
from vedette.track.boxes import F64, Index, cornered
from vedette.track.match import ByteConfig, Matching
from vedette.track.seen import SCORE, Seen
from vedette.track.table import Table

_SLACK_S = 1e-6
"""Sums of steps are not exact."""
_BACK_S = 0.25
"""Who comes back after longer takes the speed of the way between both sights."""


def predict(table: Table, areas: F32 | None, dt_s: float, halted: bool) -> F64 | float:
    """Move all tracks of a camera to this moment.

    Args:
        areas: (k, 4) parts of the picture that were looked at; None for all.
        dt_s, halted: seconds that count as looked at, and whether nobody looked for longer.
    Returns:
        The seconds that count, per track or for all.
    """
    if areas is not None:
        owner = np.zeros(len(table), dtype=np.intp)
        return predict_many(table, [areas], [(dt_s, halted)], owner)
    if halted:
        table.filter.halt(None)  # nobody looked because nothing moved
    _move(table, dt_s, 0.5**dt_s)
    return dt_s


def predict_many(
    table: Table,
    areas: Sequence[F32 | None],
    elapsed: Sequence[tuple[float, bool]],
    owner: Index,
) -> F64:
    """The same for several cameras; `owner`: (n,) camera of each track."""
    step = np.array([one[0] for one in elapsed])[owner]
    fading = np.array([0.5 ** one[0] for one in elapsed])[owner]
    table.filter.halt(np.array([one[1] for one in elapsed])[owner])
    for number, looked_at in enumerate(areas):
        if looked_at is not None:
            aside = (owner == number) & ~within(cornered(table.last), looked_at)
            step[aside], fading[aside] = 0.0, 1.0
    _move(table, step, fading)
    return step


def _move(table: Table, dt_s: F64 | float, fading: F64 | float) -> None:
    if table.missing:
        table.filter.growth *= np.where(table.unseen_s > 0.0, fading, 1.0)
        table.unseen_s += dt_s
    else:
        np.copyto(table.unseen_s, dt_s)
    table.filter.predict(dt_s)


def correct(
    table: Table, seen: Seen, matching: Matching, step_s: F64 | float, at_us: Index | int
) -> Bools | None:
    """Give tracks what was found of them.

    Returns:
        (n,) who was seen; None for all.
    """
    hit = matching.hit
    every = matching.pairs == len(hit)
    observed = None if every else hit >= 0
    if matching.pairs:
        found = seen.block.take(hit, axis=1, mode="wrap")
        if table.missing:
            _speed_up(table, found, observed, step_s)
        missing = None if every else (hit < 0).nonzero()[0]
        table.filter.correct(found[:SCORE], missing)
        alike = seen.kind is not None and seen.kind == table.kind
        classes = None if alike else seen.classes.take(hit, mode="wrap")
        table.absorb(found, classes, observed, at_us)
        if seen.looks is not None and seen.looks.shape[1]:
            rows = np.arange(len(hit)) if observed is None else observed.nonzero()[0]
            clear = matching.clear(hit[rows])
            if np.count_nonzero(clear):
                rows = rows[clear]
                table.learn(rows, seen.looks[hit[rows]])
    table.missing = not every
    return observed


def _speed_up(table: Table, found: F64, observed: Bools | None, step_s: F64 | float) -> None:
    """Who comes back gets the speed of the way between both sights."""
    back = table.unseen_s > _BACK_S + step_s
    if observed is not None:
        back &= observed
    rows = back.nonzero()[0]
    if len(rows):
        way = found[:2, rows] - table.last[:2, rows]
        speed = table.filter.speed
        speed[:, rows] = 0.5 * (speed[:, rows] + way / table.unseen_s[rows])


def given_up(config: ByteConfig, table: Table, step_s: F64 | float) -> Bools | None:
    """(n,) who is given up; None for nobody."""
    if not table.missing:
        return None
    confirmed = table.confirmed(config.confirm_seen)
    missed = table.unseen_s > 0.0
    over = outside(table)
    over &= missed
    if table.all_confirmed:
        over |= table.unseen_s > config.lost_s + _SLACK_S
    else:
        young = np.maximum(config.tentative_s, 1.5 * np.asarray(step_s))
        over &= confirmed
        over |= table.unseen_s > np.where(confirmed, config.lost_s, young) + _SLACK_S
    return over if np.count_nonzero(over) else None


def outside(table: Table) -> Bools:
    """(n,) whose middle is out of the picture."""
    off = table.place[:2] - 0.5
    far: Bools = np.abs(off, out=off) > 0.5
    either: Bools = far[0] | far[1]
    return either


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
