"""Zones with inertia, include and exclude, and what they say to the ledger."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.unit.zones.walk import SECOND, Row, path, person, tracks, walk
from vedette.contracts.polygon import Point
from vedette.contracts.sample import QUANTUM, Samples, dequantise, quantise
from vedette.contracts.sight import Tracks
from vedette.zones.config import LineConfig, ZoneConfig, ZoneMap
from vedette.zones.ground import GroundConfig
from vedette.zones.zones import Zones

LEFT: tuple[Point, ...] = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
TOP: tuple[Point, ...] = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5))
IN, OUT = (0.3, 0.5), (0.7, 0.5)


def yard(*zones: ZoneConfig, lines: tuple[LineConfig, ...] = ()) -> Zones:
    return Zones(ZoneMap(zones=zones, lines=lines), camera_id="yard")


def zone(**other: object) -> ZoneConfig:
    return ZoneConfig.model_validate({"id": "porch", "polygon": LEFT, "inertia_s": 1.0, **other})


def inside(samples: list[Samples]) -> list[int]:
    return [int(s.zones[0]) if len(s) else -1 for s in samples]


def test_inside_counts_after_the_inertia_and_since_the_first_sample_inside() -> None:
    seen, _ = path(yard(zone()), [OUT, IN, IN, IN, IN], step_s=0.5)

    assert inside(seen) == [0, 0, 0, 1, 1]
    assert [int(s.entered_us[0, 0]) for s in seen] == [-1, -1, -1, SECOND // 2, SECOND // 2]


def test_a_short_look_outside_is_forgiven() -> None:
    seen, _ = path(yard(zone()), [IN, IN, IN, OUT, IN, OUT, OUT, OUT], step_s=0.5)

    assert inside(seen) == [0, 0, 1, 1, 1, 1, 1, 0]


def test_no_inertia_counts_at_once() -> None:
    seen, _ = path(yard(zone(inertia_s=0)), [IN, OUT, IN])

    assert inside(seen) == [1, 0, 1]


@pytest.mark.parametrize("step_s", [0.04, 0.2, 0.5])
def test_inertia_is_the_same_time_at_every_frame_rate(step_s: float) -> None:
    points = [OUT] + [IN] * round(3 / step_s)
    seen, _ = path(yard(zone()), points, step_s=step_s)
    first = next(s for s in seen if s.zones[0])

    entered_us = round(step_s * SECOND)
    assert SECOND <= first.at_us - entered_us < SECOND + step_s * SECOND


def test_entering_and_leaving_are_told_once_with_the_stay() -> None:
    _, said = path(yard(zone(inertia_s=0)), [OUT, IN, IN, IN, OUT, OUT], step_s=1.0)

    assert [(v.code, v.at_us, dict(v.numbers)) for v in said] == [
        ("entered", 1 * SECOND, {"zone": "porch"}),
        ("left", 4 * SECOND, {"zone": "porch", "stayed_s": 3.0}),
    ]
    assert {(v.camera_id, v.track, v.stage) for v in said} == {("yard", 1, "zones")}


def test_a_track_is_inside_since_it_entered_even_when_confirmed_later() -> None:
    moments = [tracks(i * SECOND, [person(1, *IN, confirmed=i > 2)], ended=()) for i in range(5)]
    seen, said = walk(yard(zone()), moments)

    assert [len(s) for s in seen] == [0, 0, 0, 1, 1]
    assert int(seen[3].entered_us[0, 0]) == 0
    assert [(v.code, v.at_us) for v in said] == [("entered", 3 * SECOND)]


def test_a_track_that_is_passed_on_late_is_inside_since_it_was_first_seen() -> None:
    """So a rule can tell "appeared inside" from "entered"."""
    moments = [tracks(5 * SECOND, [person(1, *IN, first_us=3 * SECOND)])]
    seen, _ = walk(yard(zone()), moments)

    assert seen[0].entered_us.tolist() == [[3 * SECOND]]


def test_predictions_enter_no_zone_and_move_no_box() -> None:
    moments = [
        tracks(0, [person(1, *OUT)]),
        *(tracks(i * SECOND, [person(1, *IN, observed=False)]) for i in range(1, 4)),
    ]
    seen, _ = walk(yard(zone()), moments)

    assert inside(seen) == [0, 0, 0, 0]
    assert all(np.array_equal(s.boxes, seen[0].boxes) for s in seen)


def test_the_foot_or_the_centre_decides() -> None:
    foot = zone(polygon=TOP, inertia_s=0)
    centre = zone(id="sky", polygon=TOP, inertia_s=0, anchor="centre")
    seen, _ = path(yard(foot, centre), [(0.5, 0.52)])

    assert inside(seen) == [0b10]


def test_a_zone_for_cars_does_not_hold_people() -> None:
    moments = [tracks(0, [person(1, *IN), person(2, *IN, label="car")])]
    seen, _ = walk(yard(zone(labels=["car"], inertia_s=0)), moments)

    assert seen[0].zones.tolist() == [0, 1]


def test_what_stands_in_an_excluded_zone_is_left_out_and_told() -> None:
    seen, said = path(yard(zone(kind="exclude", inertia_s=0)), [OUT, IN, IN, OUT])

    assert [len(s) for s in seen] == [1, 0, 0, 1]
    assert [v.code for v in said] == ["entered", "excluded", "left", "included"]
    assert dict(said[1].numbers) == {"zone": "porch"}


def test_what_appears_in_an_excluded_zone_never_shows_whatever_the_inertia() -> None:
    seen, _ = path(yard(zone(kind="exclude", inertia_s=5)), [IN, IN, IN])

    assert [len(s) for s in seen] == [0, 0, 0]


def test_with_include_zones_only_what_stands_in_one_passes() -> None:
    config = yard(
        zone(kind="include", inertia_s=0), zone(id="roof", polygon=TOP, kind="include", inertia_s=0)
    )
    moments = [tracks(0, [person(1, 0.3, 0.9), person(2, 0.7, 0.4), person(3, 0.7, 0.9)])]
    seen, said = walk(config, moments)

    assert seen[0].ids.tolist() == [1, 2]
    assert [(v.track, v.code, dict(v.numbers)) for v in said if v.track == 3] == [
        (3, "excluded", {"reason": "outside every include zone"})
    ]


def test_exclude_beats_include() -> None:
    config = yard(zone(kind="include", inertia_s=0), zone(id="tree", kind="exclude", inertia_s=0))
    seen, _ = path(config, [IN])

    assert len(seen[0]) == 0


def test_a_box_at_the_very_corner_of_the_picture_is_inside_the_whole_picture() -> None:
    whole = zone(polygon=((0, 0), (1, 0), (1, 1), (0, 1)), inertia_s=0)
    edge: list[Row] = [{**person(1, 0, 0), "box": (1.0, 1.0, 1.0, 1.0)}]
    corner: list[Row] = [{**person(1, 0, 0), "box": (-0.2, -0.3, 1.4, 1.2)}]
    for rows in (edge, corner):
        seen, _ = walk(yard(whole), [tracks(0, rows)])
        assert inside(seen) == [1]


def test_the_score_is_the_median_of_what_was_observed() -> None:
    scores = [0.2, 0.9, 0.8, 0.4, 0.6]
    moments = [tracks(i, [person(1, *IN, score=s)]) for i, s in enumerate(scores)]
    moments.append(tracks(9, [person(1, *IN, score=0.01, observed=False)]))
    seen, _ = walk(yard(zone()), moments)

    medians = [0.2, 0.55, 0.8, 0.6, 0.6, 0.6]
    assert [int(s.scores[0]) for s in seen] == pytest.approx(
        [m * QUANTUM for m in medians], abs=1.0
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, QUANTUM), min_size=1, max_size=400))
def test_the_running_median_is_exact_for_sixty_four_scores_and_close_after(
    values: list[int],
) -> None:
    moments = [
        tracks(i, [person(1, *IN, score=v / QUANTUM), person(2, *OUT, score=0.5)])
        for i, v in enumerate(values)
    ]
    seen, _ = walk(yard(), moments)
    scores = [int(s.scores[0]) for s in seen]

    for i, score in enumerate(scores[:64]):
        assert abs(score - np.median(values[: i + 1])) <= 1
    assert {int(s.scores[1]) for s in seen} == {QUANTUM // 2 + 1}


def test_the_median_of_a_long_steady_track_stays_where_its_scores_are() -> None:
    values = np.random.default_rng(1).normal(0.7, 0.05, 2000)
    moments = [tracks(i, [person(1, *IN, score=float(v))]) for i, v in enumerate(values)]
    seen, _ = walk(yard(), moments)

    assert int(seen[-1].scores[0]) / QUANTUM == pytest.approx(0.7, abs=0.02)


def test_tracks_that_come_and_go_keep_their_own_memory() -> None:
    config = yard(zone(inertia_s=0))
    moments = [
        tracks(0, [person(1, *IN), person(2, *OUT)]),
        tracks(1, [person(3, *OUT), person(2, *IN), person(1, *IN)]),
        tracks(2, [person(2, *IN), person(3, *OUT)], ended=[1]),
    ]
    seen, _ = walk(config, moments)

    assert [s.ids.tolist() for s in seen] == [[1, 2], [3, 2, 1], [2, 3]]
    assert [s.zones.tolist() for s in seen] == [[1, 0], [0, 1, 1], [1, 0]]
    assert [s.entered_us[:, 0].tolist() for s in seen] == [[0, -1], [-1, 1, 0], [1, -1]]
    assert seen[2].ended == (1,)


def test_an_empty_picture_is_no_trouble() -> None:
    seen, said = walk(
        yard(zone(), lines=(LineConfig(id="l", a=(0, 0), b=(1, 1)),)), [tracks(0, [])]
    )

    assert len(seen[0]) == 0
    assert seen[0].entered_us.shape == (0, 1)
    assert seen[0].crossings.shape == (0, 1)
    assert said == []


@st.composite
def scenes(draw: st.DrawFn) -> list[Tracks]:
    """Up to four people at random places, sometimes unseen, sometimes gone."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    places = rng.uniform(0, 1, (4, 2))
    moments = []
    for i in range(draw(st.integers(1, 30))):
        places = np.clip(places + rng.normal(0, 0.1, places.shape), 0, 1)
        here = [
            person(
                number,
                *places[number],
                score=float(rng.uniform()),
                observed=bool(rng.uniform() < 0.8),
                confirmed=i > number,
            )
            for number in range(4)
            if rng.uniform() < 0.95
        ]
        moments.append(tracks(i * SECOND // 5, here))
    return moments


BUSY = yard(
    zone(inertia_s=0.3),
    zone(id="roof", polygon=TOP, inertia_s=0.0, anchor="centre"),
    zone(id="bush", polygon=((0.8, 0.8), (1, 0.8), (1, 1)), kind="exclude"),
    lines=(LineConfig(id="l", a=(0.5, 0.9), b=(0.5, 0.1)),),
)


def same(a: Samples, b: Samples) -> bool:
    return all(
        np.array_equal(getattr(a, f.name), getattr(b, f.name))
        if isinstance(getattr(a, f.name), np.ndarray)
        else getattr(a, f.name) == getattr(b, f.name)
        for f in fields(Samples)
    )


@settings(max_examples=60, deadline=None)
@given(scenes())
def test_replay_of_quantised_boxes_and_scores_gives_the_same_samples(moments: list[Tracks]) -> None:
    stored = [
        replace(
            m,
            boxes=dequantise(quantise(m.boxes)),
            scores=dequantise(quantise(m.scores)),
        )
        for m in moments
    ]
    live, said = walk(BUSY, moments)
    again, said_again = walk(BUSY, stored)

    assert all(same(a, b) for a, b in zip(live, again, strict=True))
    assert said == said_again


@settings(max_examples=30, deadline=None)
@given(scenes())
def test_a_step_leaves_the_given_state_as_it_was(moments: list[Tracks]) -> None:
    state = BUSY.start()
    for moment in moments:
        after, samples, said = BUSY.step(state, moment)
        _, again, said_again = BUSY.step(state, moment)
        assert same(samples, again)
        assert said == said_again
        state = after


@settings(max_examples=30, deadline=None)
@given(scenes())
def test_tracks_do_not_disturb_each_other(moments: list[Tracks]) -> None:
    together, _ = walk(BUSY, moments)
    for number in range(4):
        alone = [_only(m, number) for m in moments]
        single, _ = walk(BUSY, alone)
        for a, b in zip(together, single, strict=True):
            row = np.flatnonzero(a.ids == number)
            assert len(row) == len(b)
            assert np.array_equal(a.zones[row], b.zones)
            assert np.array_equal(a.entered_us[row], b.entered_us)
            assert np.array_equal(a.scores[row], b.scores)
            assert np.array_equal(a.crossings[row], b.crossings)


def _only(moment: Tracks, number: int) -> Tracks:
    keep = moment.ids == number
    columns = ("ids", "boxes", "scores", "classes", "observed", "confirmed", "first_us")
    picked = {name: getattr(moment, name)[keep] for name in columns}
    return Tracks(at_us=moment.at_us, labels=moment.labels, **picked)


@pytest.mark.parametrize(
    ("settings_", "sentence"),
    [
        (
            {"zones": [{"id": "a", "polygon": LEFT}, {"id": "a", "polygon": TOP}]},
            "two zones have the id 'a'",
        ),
        ({"lines": [{"id": "a", "a": (0, 0), "b": (1, 1)}] * 2}, "two lines have the id 'a'"),
        ({"zones": [{"id": f"z{i}", "polygon": LEFT} for i in range(65)]}, "at most 64 items"),
        ({"zones": [{"id": "../etc", "polygon": LEFT}]}, "should match pattern"),
        ({"zones": [{"id": "a", "polygon": LEFT, "colour": "red"}]}, "not permitted"),
        ({"lines": [{"id": "a", "a": (0.5, 0.5), "b": (0.5, 0.5)}]}, "the same point"),
        ({"lines": [{"id": "a", "a": (0.5, 0.5), "b": (0.5, 1.5)}]}, "less than or equal to 1"),
        ({"zones": [{"id": "a", "polygon": LEFT, "inertia_s": -1}]}, "greater than or equal to 0"),
        (
            {"zones": [{"id": "a", "polygon": LEFT, "inertia_s": float("nan")}]},
            "less than or equal to 60",
        ),
    ],
)
def test_wrong_settings_are_refused(settings_: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        ZoneMap.model_validate(settings_)


def test_samples_say_where_on_the_ground_who_stands() -> None:
    ground = GroundConfig(a=(0.0, 0.5), b=(1.0, 0.5), length_m=10.0, aspect=1.0)
    seen, _ = path(Zones(ZoneMap(ground=ground), camera_id="yard"), [(0.3, 0.5), (0.7, 0.5)])
    without, _ = path(yard(), [(0.3, 0.5)])

    assert [s.ground[0, 0] for s in seen if s.ground is not None] == pytest.approx(
        [3.0, 7.0], abs=0.01
    )
    assert without[0].ground is None
