"""Tracks written as little tables: who stands where at each moment."""

from collections.abc import Iterable, Sequence

import numpy as np

from vedette.contracts.sample import Samples
from vedette.contracts.sight import EndedTrack, Tracks
from vedette.contracts.verdict import Verdict
from vedette.zones.state import ZoneState
from vedette.zones.zones import Zones

LABELS = ("person", "car")
SECOND = 1_000_000
Row = dict[str, object]


def person(
    number: int,
    x: float,
    y: float,
    *,
    score: float = 0.9,
    label: str = "person",
    observed: bool = True,
    confirmed: bool = True,
    first_us: int = 0,
) -> Row:
    """A track whose feet stand at x, y."""
    return {
        "id": number,
        "box": (x - 0.02, y - 0.1, x + 0.02, y),
        "score": score,
        "class": LABELS.index(label),
        "observed": observed,
        "confirmed": confirmed,
        "first_us": first_us,
    }


def tracks(at_us: int, rows: Sequence[Row], ended: Sequence[int] = ()) -> Tracks:
    return Tracks(
        at_us=at_us,
        ids=np.array([r["id"] for r in rows], dtype=np.int32),
        boxes=np.array([r["box"] for r in rows], dtype=np.float32).reshape(-1, 4),
        scores=np.array([r["score"] for r in rows], dtype=np.float32),
        classes=np.array([r["class"] for r in rows], dtype=np.int16),
        observed=np.array([r["observed"] for r in rows], dtype=np.bool_),
        confirmed=np.array([r["confirmed"] for r in rows], dtype=np.bool_),
        first_us=np.array([r["first_us"] for r in rows], dtype=np.int64),
        labels=LABELS,
        ended=tuple(
            EndedTrack(
                id=number,
                label="person",
                confirmed=True,
                code="lost",
                seen=9,
                first_us=0,
                last_us=at_us,
                median_score=0.9,
                best_score=0.9,
            )
            for number in ended
        ),
    )


def walk(
    zones: Zones, moments: Iterable[Tracks], state: ZoneState | None = None
) -> tuple[list[Samples], list[Verdict]]:
    """Every step's samples, and all verdicts."""
    state = zones.start() if state is None else state
    seen: list[Samples] = []
    said: list[Verdict] = []
    for moment in moments:
        state, samples, verdicts = zones.step(state, moment)
        seen.append(samples)
        said.extend(verdicts)
    return seen, said


def path(
    zones: Zones, points: Sequence[tuple[float, float]], *, step_s: float = 0.2
) -> tuple[list[Samples], list[Verdict]]:
    """One person, observed at each of these points in turn."""
    moments = [
        tracks(round(i * step_s * SECOND), [person(1, x, y)]) for i, (x, y) in enumerate(points)
    ]
    return walk(zones, moments)
