"""Every rule of every pack happens once in a simulation: walkers, zones, rule (no pixels).

Zones are strips of the picture, from left to right in the order in which they are given.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.unit.rules.test_when_company import LYING, STANDING, SURRENDER
from tests.unit.zones.walk import Row, tracks
from vedette.app.packs import read_pack, shipped
from vedette.calendar.schedule import Place
from vedette.contracts.sight import Tracks
from vedette.contracts.verdict import RuleAction
from vedette.rules.build import build_rule
from vedette.testing.rule_contract import run
from vedette.zones.config import ZoneMap
from vedette.zones.zones import Zones

NIGHT_US = 1_700_000_000_000_000
"""22:13 UTC on a day in November."""
PLACE = Place(time_zone="Europe/Berlin", latitude=52.5, longitude=13.4)
STRIPS = (0.15, 0.5, 0.85)
"""Middles of three strips."""

Path = tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Who:
    """Somebody, or something: second and x of each waypoint; `y` of the feet."""

    path: Path
    label: str = "person"
    y: float = 0.8
    size: float = 0.2
    posture: npt.NDArray[np.float64] | None = None

    def x(self, at_s: float) -> float | None:
        times, xs = zip(*self.path, strict=True)
        return float(np.interp(at_s, times, xs)) if times[0] <= at_s <= times[-1] else None


@dataclass(frozen=True, kw_only=True)
class Play:
    """Who does what where, and how long that lasts."""

    cast: Sequence[Who]
    lasts_s: float
    zones: Sequence[str] = ()
    lines: Sequence[str] = ()
    step_s: float = 0.5
    tampering: Callable[[float], str] = field(default=lambda at_s: "")
    away: str = ""


LEFT, MIDDLE, RIGHT = STRIPS


def stays(x: float, until_s: float, since_s: float = 0.0, **more: Any) -> Who:
    return Who(path=((since_s, x), (until_s, x)), **more)


def goes(*path: tuple[float, float], **more: Any) -> Who:
    return Who(path=path, **more)


def hat(x: float, since_s: float, until_s: float, label: str = "helmet") -> Who:
    return stays(x, until_s, since_s, label=label, y=0.64, size=0.06)


PLAYS: Mapping[str, Play] = {
    # home
    "visitor": Play(cast=[stays(LEFT, 5)], zones=["door"], lasts_s=5),
    "car_in_the_drive": Play(
        cast=[goes((0, 0.9), (4, LEFT), (15, LEFT), label="car")], zones=["drive"], lasts_s=14
    ),
    "parcel_left": Play(
        cast=[stays(LEFT, 60, label="suitcase", size=0.1), goes((0, LEFT), (5, 1.0))],
        zones=["door"],
        lasts_s=40,
    ),
    "parcel_taken": Play(
        cast=[stays(LEFT, 70, label="suitcase", size=0.1)], zones=["door"], lasts_s=75
    ),
    "in_the_garden_at_night": Play(cast=[stays(LEFT, 5)], zones=["garden"], lasts_s=5),
    "over_the_fence": Play(
        cast=[goes((0, LEFT), (10, RIGHT), (15, RIGHT))],
        zones=["street", "", "garden", "drive", "door"],
        lasts_s=15,
    ),
    "pet_at_the_door": Play(cast=[stays(LEFT, 9, label="cat")], zones=["door"], lasts_s=9),
    "pool": Play(cast=[stays(LEFT, 5)], zones=["pool"], lasts_s=5),
    # security
    "intrusion": Play(cast=[stays(LEFT, 5)], zones=["restricted"], lasts_s=5),
    "perimeter_crossed": Play(cast=[goes((0, LEFT), (5, RIGHT))], lines=["perimeter"], lasts_s=5),
    "camera_tampered": Play(cast=[], lasts_s=15, tampering=lambda at_s: "covered"),
    "camera_offline": Play(cast=[], lasts_s=65, away="the cable is out"),
    "loitering": Play(cast=[stays(LEFT, 40)], zones=["fence"], lasts_s=40),
    "gathering": Play(cast=[stays(0.4 + n / 40, 10) for n in range(5)], lasts_s=10),
    "parked_where_none_may": Play(
        cast=[goes((0, 0.9), (4, LEFT), (80, LEFT), label="truck")],
        zones=["no_parking"],
        lasts_s=75,
    ),
    "object_left": Play(
        cast=[stays(LEFT, 90, label="backpack", size=0.1), goes((0, LEFT), (5, 1.0))], lasts_s=80
    ),
    "object_removed": Play(cast=[stays(LEFT, 610, label="tv")], lasts_s=620, step_s=2.0),
    "post_left": Play(
        cast=[goes((0, LEFT), (5, RIGHT), (400, RIGHT))], zones=["post"], lasts_s=350, step_s=2.0
    ),
    "too_fast": Play(cast=[goes((0, 0.0), (3, 1.0), label="car")], lasts_s=3, step_s=0.2),
    "climbed_in": Play(
        cast=[goes((0, LEFT), (10, RIGHT), (15, RIGHT))],
        zones=["fence", "", "restricted", "gate"],
        lasts_s=15,
    ),
    "tailgating": Play(
        cast=[goes((t, RIGHT), (t + 3, LEFT), (t + 8, LEFT)) for t in (0, 1.5)],
        zones=["gate"],
        lasts_s=9,
    ),
    "casing": Play(
        cast=[goes((0, LEFT), (9, RIGHT), (20, LEFT), (25, LEFT))], zones=["fence"], lasts_s=25
    ),
    "hands_up": Play(cast=[stays(LEFT, 5, posture=SURRENDER)], lasts_s=5),
    # safety
    "in_danger": Play(cast=[stays(LEFT, 5)], zones=["danger"], lasts_s=5),
    "exit_blocked": Play(
        cast=[stays(LEFT, 130, label="chair")], zones=["exit"], lasts_s=130, step_s=1.0
    ),
    "vehicle_near_people": Play(
        cast=[stays(MIDDLE, 10), goes((0, 0.2), (8, 0.8), label="truck")], lasts_s=8
    ),
    "alone_in_danger": Play(cast=[stays(LEFT, 130)], zones=["danger"], lasts_s=130, step_s=1.0),
    "wrong_way": Play(
        cast=[goes((0, 0.3), (5, 0.0), label="car")], zones=["lane"], lasts_s=5, step_s=0.2
    ),
    "person_down": Play(cast=[stays(LEFT, 9, posture=LYING)], lasts_s=9),
    "overcrowded": Play(
        cast=[stays(0.01 * n, 40) for n in range(30)], zones=["walkway"], lasts_s=40
    ),
    # protective equipment
    "no_helmet": Play(cast=[stays(LEFT, 5)], zones=["site"], lasts_s=5),
    "no_vest": Play(cast=[stays(LEFT, 5)], zones=["site"], lasts_s=5),
    "no_goggles": Play(cast=[stays(LEFT, 9, size=0.5)], zones=["site"], lasts_s=9),
    "no_gloves": Play(cast=[stays(LEFT, 9, size=0.5)], zones=["site"], lasts_s=9),
    "helmet_taken_off": Play(cast=[stays(LEFT, 20), hat(LEFT, 0, 6)], zones=["site"], lasts_s=20),
    # retail
    "queue": Play(cast=[stays(0.02 + n / 20, 40) for n in range(5)], zones=["till"], lasts_s=40),
    "nobody_at_the_counter": Play(
        cast=[stays(LEFT, 70)], zones=["till", "counter"], lasts_s=70, step_s=1.0
    ),
    "behind_the_counter": Play(
        cast=[goes((0, LEFT), (5, MIDDLE), (9, MIDDLE))], zones=["till", "staff"], lasts_s=9
    ),
    "long_at_the_shelf": Play(cast=[stays(LEFT, 100)], zones=["shelf"], lasts_s=100, step_s=1.0),
    "sweep": Play(
        cast=[goes((0, RIGHT), (2 + n, LEFT), (15, LEFT)) for n in range(4)],
        zones=["shelf"],
        lasts_s=12,
    ),
    "rush": Play(
        cast=[goes((n, LEFT), (n + 4, RIGHT)) for n in range(20)], lines=["entrance"], lasts_s=30
    ),
}


def moments(play: Play) -> list[Tracks]:
    """What a tracker would say of it."""
    told: list[Tracks] = []
    labels = tuple(dict.fromkeys(("person", *(who.label for who in play.cast))))
    before: set[int] = set()
    first: dict[int, int] = {}
    for index in range(round(play.lasts_s / play.step_s) + 1):
        at_s = index * play.step_s
        at_us = NIGHT_US + round(at_s * 1e6)
        there = {
            n: (who, x) for n, who in enumerate(play.cast, 1) if (x := who.x(at_s)) is not None
        }
        rows: list[Row] = [
            {
                "id": n,
                "box": (x - who.size / 8, who.y - who.size, x + who.size / 8, who.y),
                "score": 0.9,
                "class": labels.index(who.label),
                "observed": True,
                "confirmed": True,
                "first_us": first.setdefault(n, at_us),
            }
            for n, (who, x) in there.items()
        ]
        seen = tracks(at_us, rows, sorted(before.difference(there)))
        postures = [STANDING if who.posture is None else who.posture for who, _ in there.values()]
        joints = np.array(postures, dtype=np.float32).reshape(-1, 17, 3)
        told.append(replace(seen, labels=labels, keypoints=joints))
        before = set(there)
    return told


def events(rule: Mapping[str, Any], play: Play) -> int:
    """How many the rule opens while it is played."""
    edges = [(x - 0.15, x + 0.15) for x in STRIPS] + [(0.9, 0.95)] * 5
    zones = [
        {"id": name, "polygon": [[max(a, 0), 0], [min(b, 1), 0], [min(b, 1), 1], [max(a, 0), 1]]}
        for name, (a, b) in zip(play.zones, edges, strict=False)
        if name
    ]
    lines = [{"id": name, "a": [0.5, 1.0], "b": [0.5, 0.0]} for name in play.lines]
    ground = {"a": [0.0, 0.5], "b": [1.0, 0.5], "length_m": 40}
    config = ZoneMap.model_validate({"zones": zones, "lines": lines, "ground": ground})
    world = Zones(config, camera_id="yard")
    state, story = world.start(), []
    for index, moment in enumerate(moments(play)):
        state, samples, _ = world.step(state, moment)
        how = play.tampering(index * play.step_s)
        story.append(replace(samples, tampering=how, away=play.away))
    built = build_rule(rule, config.zone_ids, config.line_ids, PLACE)
    return sum(v.action is RuleAction.OPEN for v in run(built.rule, story))


RULES = {str(rule["id"]): rule for file in shipped().values() for rule in read_pack(file).rules}


def test_there_is_a_play_for_each() -> None:
    assert set(PLAYS) == set(RULES)


@pytest.mark.parametrize("rule_id", PLAYS)
def test_it_happens(rule_id: str) -> None:
    assert events(RULES[rule_id], PLAYS[rule_id]) >= 1


@pytest.mark.parametrize("rule_id", [name for name in PLAYS if PLAYS[name].cast])
def test_it_does_not_happen_where_nobody_is(rule_id: str) -> None:
    """But for what is about nobody being there."""
    play = PLAYS[rule_id]
    empty = Play(cast=[], lasts_s=play.lasts_s, zones=play.zones, lines=play.lines, step_s=2.0)

    assert events(RULES[rule_id], empty) == (1 if rule_id == "post_left" else 0)
