"""What is remembered of each track between two moments: columns, one row per track."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from vedette.contracts.sample import I8, U16, U64
from vedette.contracts.sight import I32, I64, Bools, Tracks
from vedette.zones.median import Medians


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneState:
    """n tracks, z zones, l lines; never changed in place."""

    ids: I32
    """(n,) track numbers."""
    fresh: Bools
    """(n,) seen for the first time at the present moment."""
    boxes: U16
    """(n, 4) last observed box, quantised."""
    points: I32
    """(n, l, 2) where each track was when lines were last looked at."""
    net: I8
    """(n, l) passes through each line since the track was last clear of it."""
    bits: U64
    """(n,) zones that the track is in, after inertia."""
    told: U64
    """(n,) `bits` as last said in the ledger."""
    since_us: I64
    """(n, z) since when the track is on the other side of what `bits` say; -1 where it is not."""
    entered_us: I64
    """(n, z) when it entered; -1 where `bits` say that it is outside."""
    out: Bools
    """(n,) left out of the samples by an `exclude` or `include` zone."""
    scores: Medians


def blank(rows: int, zones: int, lines: int) -> ZoneState:
    """The state of tracks that were never seen."""
    none = np.zeros(rows, dtype=np.intp)
    return ZoneState(
        ids=np.zeros(rows, dtype=np.int32),
        fresh=np.ones(rows, dtype=np.bool_),
        boxes=np.zeros((rows, 4), dtype=np.uint16),
        points=np.zeros((rows, lines, 2), dtype=np.int32),
        net=np.zeros((rows, lines), dtype=np.int8),
        bits=np.zeros(rows, dtype=np.uint64),
        told=np.zeros(rows, dtype=np.uint64),
        since_us=np.full((rows, zones), -1, dtype=np.int64),
        entered_us=np.full((rows, zones), -1, dtype=np.int64),
        out=np.zeros(rows, dtype=np.bool_),
        scores=Medians().rows(none, none == 0),
    )


def follow(state: ZoneState, tracks: Tracks) -> ZoneState:
    """The rows of `tracks`: remembered where known, blank where new; ended tracks are gone."""
    if np.array_equal(state.ids, tracks.ids):
        return replace(state, fresh=np.zeros(len(tracks), dtype=np.bool_))
    row_of = {number: row for row, number in enumerate(state.ids.tolist())}
    known = [row_of.get(number, -1) for number in tracks.ids.tolist()]
    index = np.array(known, dtype=np.intp)
    fresh: Bools = index < 0
    new = blank(len(index), state.entered_us.shape[1], state.net.shape[1])
    if not len(state.ids):
        return replace(new, ids=tracks.ids)

    def pick(
        old: npt.NDArray[np.generic], empty: npt.NDArray[np.generic]
    ) -> npt.NDArray[np.generic]:
        shape = (-1,) + (1,) * (old.ndim - 1)
        return np.where(fresh.reshape(shape), empty, old[index])

    columns = ("boxes", "points", "net", "bits", "told", "since_us", "entered_us", "out")
    picked = {name: pick(getattr(state, name), getattr(new, name)) for name in columns}
    return ZoneState(
        ids=tracks.ids,
        fresh=fresh,
        scores=state.scores.rows(index, fresh),
        **picked,  # type: ignore[arg-type]
    )
