"""Row 6, zones and rules: which zones hold which tracks, against OpenCV and shapely.

    python -m benchmarks.zones_rules [--quick]

Like is compared with like: the look-up of zones per moment. What Vedette does besides at each
moment (inertia, dwell, lines, medians, the rule itself with its verdicts) is a line of its own,
without a peer. Zones have eight corners; a camera has at most 64 of them, so a hundred are two
maps. Everybody's answers must agree, but for points on an edge.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.bench import Bench, alone
from benchmarks.cell import Cell, Question, compared
from benchmarks.contest import run
from vedette.contracts.sample import quantise
from vedette.contracts.sight import Tracks
from vedette.rules.build import build_rules
from vedette.zones.config import MOST_ZONES, ZoneConfig, ZoneMap
from vedette.zones.raster import Raster
from vedette.zones.zones import Zones

F64 = npt.NDArray[np.float64]
CV2, SHAPELY = "cv2.pointPolygonTest", "shapely, vectorised"
CASES = ((100, 10), (1000, 100))
"""Tracks and zones."""
CORNERS = 8


def measure(bench: Bench) -> list[Cell]:
    """The look-up in turns with its peers, its growth, then whole moments."""
    cells: list[Cell] = []
    for tracks, zones in CASES:
        cells += _against_peers(bench, tracks, zones)
    return [*cells, _growth(bench), *_whole(bench)]


def _against_peers(bench: Bench, tracks: int, zones: int) -> list[Cell]:
    points, polygons = _points(tracks), _polygons(zones)
    times: dict[str, list[float]] = {"ours": [], CV2: [], SHAPELY: []}
    with tempfile.TemporaryDirectory(prefix="vedette-bench-") as scratch:
        given, answer = Path(scratch) / "given.npz", Path(scratch) / "answer.npz"
        np.savez(given, points=points, polygons=polygons)
        command = bench.peer("zones.py", given, answer, "2" if bench.quick else "20")
        for number in range(bench.rounds):
            bench.say(f"{tracks} tracks x {zones} zones, round {number + 1}")
            milliseconds, held = _look_up(points, polygons, bench)
            times["ours"].append(milliseconds)
            if command is None:
                continue
            said = run(command).said
            times[CV2].append(said["cv2_ms"])
            times[SHAPELY].append(said["shapely_ms"])
            with np.load(answer) as file:
                for theirs in (file["cv2"], file["shapely"]):
                    assert (theirs == held).mean() > 0.995, "the answers differ"
    return [
        compared(
            Question(
                row=6,
                metric="zones, look-up",
                workload=f"{tracks} tracks x {zones} zones",
                unit="ms CPU a moment",
                peer_name=peer,
                target=target,
            ),
            times["ours"],
            times[peer],
        )
        for peer, target in ((CV2, "<= 0.01x"), (SHAPELY, ""))
    ]


def _look_up(points: F64, polygons: F64, bench: Bench) -> tuple[float, npt.NDArray[np.bool_]]:
    """CPU milliseconds of a moment, and (tracks, zones) what holds what."""
    maps = [
        Raster(_zones(polygons[first : first + MOST_ZONES]), "foot")
        for first in range(0, len(polygons), MOST_ZONES)
    ]
    whole = quantise(points).astype(np.int32)
    milliseconds = _milliseconds(lambda: [grid.bits(whole) for grid in maps], bench)
    held = [
        (grid.bits(whole)[:, None] >> np.arange(MOST_ZONES, dtype=np.uint64) & np.uint64(1)) > 0
        for grid in maps
    ]
    return milliseconds, np.concatenate(held, axis=1)[:, : len(polygons)]


def _growth(bench: Bench) -> Cell:
    points = _points(1000)
    rounds = []
    for _ in range(max(3, bench.rounds)):
        few, _ = _look_up(points, _polygons(10), bench)
        many, _ = _look_up(points, _polygons(MOST_ZONES), bench)
        rounds.append(many / few)
    return compared(
        Question(
            row=6,
            metric="zones, growth",
            workload=f"1000 tracks, 10 to {MOST_ZONES} zones",
            unit="x",
            target="<= 1.2",
        ),
        rounds,
    )


def _whole(bench: Bench) -> list[Cell]:
    """Zones with inertia, lines and verdicts, then one rule, per moment."""
    cells = []
    for count, zones in ((10, 3), (100, 10), (1000, MOST_ZONES)):
        config = ZoneMap(zones=_zones(_polygons(zones)))
        place = Zones(config, camera_id="yard")
        rule = {"id": "walker", "type": "presence", "zone": "z0", "for_s": 1.0}
        (built,) = build_rules((rule,), config.zone_ids, config.line_ids)
        moments = _moments(count, 20)

        def walk(
            place: Zones = place, built: object = built, moments: list[Tracks] = moments
        ) -> None:
            state, judged = place.start(), built.rule.start()  # type: ignore[attr-defined]
            for tracks in moments:
                state, samples, _ = place.step(state, tracks)
                judged, _ = built.rule.step(judged, samples)  # type: ignore[attr-defined]

        rounds = [_milliseconds(walk, bench) / len(moments) for _ in range(bench.rounds)]
        cells.append(
            compared(
                Question(
                    row=6,
                    metric="zones and a rule, whole",
                    workload=f"{count} tracks x {zones} zones",
                    unit="ms CPU a moment",
                ),
                rounds,
            )
        )
    return cells


def _milliseconds(work: Callable[[], object], bench: Bench) -> float:
    """CPU time of one call, the best of five series."""
    least_s = 0.01 if bench.quick else 0.1
    work()
    best, calls = float("inf"), 1
    series = 0
    while series < 5:
        began = time.process_time()
        for _ in range(calls):
            work()
        spent = time.process_time() - began
        if spent < least_s:
            calls *= 2
            continue
        series += 1
        best = min(best, spent / calls * 1e3)
    return best


def _points(count: int) -> F64:
    """(n, 2) feet, fractions of the picture."""
    return np.random.default_rng(count).uniform(0.02, 0.98, (count, 2))


def _polygons(count: int) -> F64:
    """(n, corners, 2) areas of all sizes anywhere."""
    rng = np.random.default_rng(7)
    angles = np.linspace(0.0, 2 * np.pi, CORNERS, endpoint=False)
    centres = rng.uniform(0.2, 0.8, (count, 1, 2))
    reach = rng.uniform(0.05, 0.2, (count, CORNERS, 1))
    around = np.stack((np.cos(angles), np.sin(angles)), axis=1)
    return np.asarray(centres + reach * around, dtype=np.float64)


def _zones(polygons: F64) -> tuple[ZoneConfig, ...]:
    return tuple(
        ZoneConfig(id=f"z{number}", polygon=tuple((x, y) for x, y in corners))
        for number, corners in enumerate(polygons.tolist())
    )


def _moments(count: int, steps: int) -> list[Tracks]:
    """Confirmed tracks that wander about, five times a second."""
    rng = np.random.default_rng(3)
    place = rng.uniform(0.1, 0.8, (count, 2))
    first = Tracks(
        at_us=0,
        ids=np.arange(1, count + 1, dtype=np.int32),
        boxes=np.zeros((count, 4), dtype=np.float32),
        scores=np.full(count, 0.8, dtype=np.float32),
        classes=np.zeros(count, dtype=np.int16),
        observed=np.ones(count, dtype=np.bool_),
        confirmed=np.ones(count, dtype=np.bool_),
        first_us=np.zeros(count, dtype=np.int64),
        labels=("person",),
    )
    moments = []
    for step in range(steps):
        place = np.clip(place + rng.normal(0.0, 0.01, place.shape), 0.0, 0.9)
        boxes = np.concatenate((place, place + np.array((0.04, 0.1))), axis=1).astype(np.float32)
        moments.append(replace(first, at_us=step * 200_000, boxes=boxes))
    return moments


if __name__ == "__main__":
    alone(measure, __doc__)
