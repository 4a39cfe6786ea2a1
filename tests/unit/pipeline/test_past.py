"""Stored tracks judged once more: what was decided live is decided again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.contracts.sight import NO_BOXES, EndedTrack, Motion, Tracks
from vedette.contracts.sink import TrackRecord
from vedette.contracts.verdict import RuleVerdict
from vedette.pipeline.judging import Judging
from vedette.pipeline.ledger import Ledger
from vedette.pipeline.past import QUIET_US, Past, PastTrack, sessions
from vedette.rules.build import build_rules
from vedette.zones.config import ZoneMap
from vedette.zones.zones import Zones

START = 1_700_000_000_000_000
STEP = 200_000
LABELS = ("person", "car")
MOVING = Motion(fraction=0.1, boxes=NO_BOXES, active=True, code="motion")
PLACES = ZoneMap.model_validate(
    {
        "zones": [
            {"id": "porch", "polygon": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]},
            {"id": "lawn", "polygon": [[0.4, 0], [1, 0], [1, 1], [0.4, 1]]},
        ],
        "lines": [{"id": "door", "a": [0.5, 1.0], "b": [0.5, 0.0]}],
        "ground": {"a": [0.0, 0.5], "b": [1.0, 0.5], "length_m": 10},
    }
)
RULES: list[dict[str, Any]] = [
    {"id": "there", "type": "presence", "zone": "porch", "for_s": 2, "labels": []},
    {"id": "came", "type": "enter", "zone": "lawn", "min_score": 0.5},
    {"id": "went", "type": "leave", "zone": "porch", "count_vanishing": True},
    {"id": "stays", "type": "loiter", "zone": "lawn", "dwell_s": 3, "forgive_s": 1},
    {"id": "over", "type": "line_crossing", "line": "door"},
    {"id": "many", "type": "count", "zone": "lawn", "at_least": 2, "for_s": 1, "labels": []},
    {"id": "fast", "type": "when", "when": {"speed": {"above": "2 km/h"}, "for": "1s"}},
    {"id": "still", "type": "when", "labels": [], "when": {"still": "3s"}},
    {"id": "left", "type": "when", "labels": ["car"], "when": {"left_behind": "4s"}},
    {"id": "turn", "type": "when", "when": {"sequence": [{"inside": "porch"}, {"inside": "lawn"}]}},
    {"id": "gone", "type": "when", "when": {"vanishes": True, "inside": "lawn"}},
    {"id": "near", "type": "when", "when": {"near": {"labels": "car", "distance": "2 m"}}},
]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who wanders at random, and is not seen at every look."""

    number: int
    label: str
    begins: int
    looks: int
    """Moments at which it can be seen."""


LOST_AFTER = 8
"""Moments without being seen."""
CONFIRMED_AT = 3


def live(people: Sequence[Person], seed: int) -> tuple[list[Tracks], list[TrackRecord]]:
    """What a tracker says of them at each look, and what is stored in the end."""
    rng = np.random.default_rng(seed)
    ledger = Ledger("yard", PLACES.zone_ids)
    moments: list[Tracks] = []
    records: list[TrackRecord] = []
    state: dict[int, dict[str, Any]] = {}
    last = max(each.begins + each.looks for each in people) + LOST_AFTER + 2
    for index in range(last):
        at_us = START + index * STEP
        ended: list[EndedTrack] = []
        for each in people:
            known = state.get(each.number)
            can = each.begins <= index < each.begins + each.looks
            if known is None and can and index == each.begins:
                place = rng.uniform(0.2, 0.8, 2)
                state[each.number] = known = {"at": place, "seen": 0, "missed": 0, "first": at_us}
            elif known is None:
                continue
            restless = 0.0005 if each.number % 3 == 0 else 0.02
            known["at"] = np.clip(known["at"] + rng.normal(0, restless, 2), 0.1, 0.95)
            seen = can and (known["seen"] == 0 or rng.uniform() < 0.8)
            known["observed"] = bool(seen)
            known["seen"] += seen
            known["missed"] = 0 if seen else known["missed"] + 1
            known["score"] = float(rng.uniform(0.3, 1.0))
            if known["missed"] > LOST_AFTER:
                ended.append(_ended(each, known, at_us))
                del state[each.number]
        tracks = _tracks(people, state, ended, at_us)
        ledger.follow(tracks, MOVING)
        zones = Zones(PLACES, camera_id="yard")
        ledger.sample(tracks, zones.step(zones.start(), tracks)[1])
        records += [ledger.end(one, f"yard/s1/{one.id}", at_us).record for one in ended]
        moments.append(tracks)
    return moments, [r for r in records if r.confirmed_us]


def _ended(each: Person, known: dict[str, Any], at_us: int) -> EndedTrack:
    return EndedTrack(
        id=each.number,
        label=each.label,
        confirmed=known["seen"] >= CONFIRMED_AT,
        code="lost",
        seen=known["seen"],
        first_us=known["first"],
        last_us=at_us - LOST_AFTER * STEP,
        median_score=0.6,
        best_score=1.0,
    )


def _tracks(
    people: Sequence[Person], state: dict[int, dict[str, Any]], ended: list[EndedTrack], at_us: int
) -> Tracks:
    there = [each for each in people if each.number in state]
    known = [state[each.number] for each in there]
    boxes = [[k["at"][0] - 0.02, k["at"][1] - 0.1, k["at"][0] + 0.02, k["at"][1]] for k in known]
    return Tracks(
        at_us=at_us,
        ids=np.array([each.number for each in there], dtype=np.int32),
        boxes=np.array(boxes, dtype=np.float32).reshape(-1, 4),
        scores=np.array([k["score"] for k in known], dtype=np.float32),
        classes=np.array([LABELS.index(each.label) for each in there], dtype=np.int16),
        observed=np.array([k["observed"] for k in known], dtype=np.bool_),
        confirmed=np.array([k["seen"] >= CONFIRMED_AT for k in known], dtype=np.bool_),
        first_us=np.array([k["first"] for k in known], dtype=np.int64),
        labels=LABELS,
        ended=tuple(ended),
    )


def judged(moments: Sequence[Tracks]) -> list[tuple[str, str, int, str]]:
    """Rule, key, time and code of everything that opens."""
    judging = Judging(
        zones=Zones(PLACES, camera_id="yard"),
        rules=build_rules(RULES, PLACES.zone_ids, PLACES.line_ids),
    )
    judging.restart()
    opened: list[tuple[str, str, int, str]] = []
    for moment in moments:
        samples, _ = judging.locate(moment)
        for built, verdicts in judging.step(samples):
            opened += [_line(built.id, v) for v in verdicts if v.action == "open"]
    return opened


def _line(rule: str, verdict: RuleVerdict) -> tuple[str, str, int, str]:
    return rule, verdict.key, (verdict.at_us - START) // 1000, verdict.code


def again(records: Sequence[TrackRecord]) -> list[Tracks]:
    past = [track for record in records if (track := PastTrack.of(record)) is not None]
    ordered = sorted(past, key=lambda track: track.first_us)
    return list(Past(LABELS, step_us=STEP).moments(ordered))


PEOPLE = st.lists(
    st.tuples(st.sampled_from(LABELS), st.integers(0, 60), st.integers(1, 60)),
    min_size=1,
    max_size=5,
).map(lambda rows: [Person(n, *row) for n, row in enumerate(rows, start=1)])


@given(people=PEOPLE, seed=st.integers(0, 10_000))
@settings(max_examples=120)
def test_the_past_is_decided_as_it_was_live(people: list[Person], seed: int) -> None:
    moments, records = live(people, seed)

    assert sorted(judged(again(records))) == sorted(judged(moments))


def test_many_rules_were_compared() -> None:
    """Else the property above says nothing."""
    people = [Person(n, LABELS[n % 2], n * 9, 80) for n in range(6)]
    opened = {rule for seed in range(20) for rule, *_ in judged(live(people, seed)[0])}

    assert opened == {str(rule["id"]) for rule in RULES}


def test_while_nobody_is_there_time_passes_in_long_steps() -> None:
    first, second = Person(1, "person", 0, 10), Person(2, "person", 2000, 10)
    _, records = live([first, second], 1)
    times = [moment.at_us for moment in again(records)]
    gaps = [b - a for a, b in pairwise(times)]

    assert len(times) < 100
    assert max(gaps) == QUIET_US
    assert min(gaps) > 0


def test_tracks_of_older_versions_count_from_the_first_sample_to_the_last() -> None:
    _, [record] = live([Person(1, "person", 0, 20)], 3)
    old = PastTrack.of(replace(record, confirmed_us=0, given_up_us=0))

    assert old is not None
    assert old.confirmed_us == record.t0_us
    assert old.given_up_us == int(old.times_us[-1]) + 1


@pytest.mark.parametrize("track_id", ["yard/s1/0-17000000", "yard/s1/x"])
def test_what_is_no_track_is_left_out(track_id: str) -> None:
    _, [record] = live([Person(1, "person", 0, 20)], 3)

    assert PastTrack.of(replace(record, id=track_id)) is None


def test_openings_of_the_camera_are_apart() -> None:
    _, [record] = live([Person(1, "person", 0, 20)], 3)
    tracks = [
        PastTrack.of(replace(record, id=f"yard/{session}/{n}"))
        for session, n in [("s1", 1), ("s1", 2), ("s2", 1)]
    ]

    held = [[t.number for t in session] for session in sessions(t for t in tracks if t is not None)]
    assert held == [[1, 2], [1]]
