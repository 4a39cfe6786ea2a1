"""Rules of the packs on rendered pixels: drawn, encoded, decoded, gated, detected, tracked, judged.

One test at least for each complexity: easy (one object at one place), medium (time, numbers,
others), hard (order, and what did not happen). Each rule stands in the scene that it is for, and in
one beside it that it must not take for that.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.scenes import BLOB, camera, film, walker
from vedette.app.analyze import Analysis, Findings, analyze
from vedette.app.packs import read_pack, shipped
from vedette.kit.clock import SystemClock
from vedette.sources.scene import Actor

LEFT = [[0, 0], [0.35, 0], [0.35, 1], [0, 1]]
MIDDLE = [[0.35, 0], [0.65, 0], [0.65, 1], [0.35, 1]]
RIGHT = [[0.65, 0], [1, 0], [1, 1], [0.65, 1]]
LOWER_MIDDLE = [[0.35, 0.5], [0.65, 0.5], [0.65, 1], [0.35, 1]]
GATE = {"id": "perimeter", "a": [0.5, 1.0], "b": [0.5, 0.0]}
"""Whoever goes to the right comes in."""
ROAD = {"points": [[0, 1], [1, 1], [1, 0], [0, 0]], "metres": [[0, 0], [40, 0], [40, 40], [0, 40]]}
"""Seen from above, 40 m across."""


def pack_rule(pack: str, rule_id: str, **other: Any) -> dict[str, Any]:
    """A rule as the pack has it."""
    rules = read_pack(shipped()[pack]).rules
    return {**next(rule for rule in rules if rule["id"] == rule_id), **other}


def found(
    folder: Path,
    rule: dict[str, Any],
    *actors: Actor,
    places: dict[str, Any],
    lasts_s: float = 12.0,
    wide: str = "car",
    **more: Any,
) -> Findings:
    video = film(folder / "scene.mp4", *actors, duration_s=lasts_s)
    zones = [{"id": name, "polygon": polygon} for name, polygon in places.items()]
    settings = camera(video, zones=zones, rules=[rule], **more)
    return analyze(
        Analysis(camera=settings, detector={**BLOB, "wide": wide}),
        SystemClock(),
        seen=lambda frames, in_all: None,
    )


def kinds(result: Findings) -> list[str]:
    return [held.event.event_type for held in result.events]


def thing(*path: tuple[float, float, float]) -> Actor:
    """Something wider than tall."""
    return walker(*path, label="thing")


TO_THE_RIGHT = walker((1, -0.1, 0.5), (9, 0.85, 0.5), (12, 0.85, 0.5))
HALF_WAY = walker((1, -0.1, 0.5), (6, 0.5, 0.5), (12, 0.5, 0.52))


# --- easy ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("actor", "events"), [(TO_THE_RIGHT, 1), (HALF_WAY, 0)])
def test_intrusion(tmp_path: Path, actor: Actor, events: int) -> None:
    rule = pack_rule("security_events", "intrusion")

    result = found(tmp_path, rule, actor, places={"restricted": RIGHT})

    assert kinds(result) == ["intrusion"] * events
    assert all(held.event.zone_id == "restricted" for held in result.events)


@pytest.mark.parametrize(
    ("actor", "events"),
    [(walker((1, -0.1, 0.5), (9, 1.1, 0.5)), 1), (walker((1, 1.1, 0.5), (9, -0.1, 0.5)), 0)],
    ids=["in", "out"],
)
def test_perimeter_crossed(tmp_path: Path, actor: Actor, events: int) -> None:
    rule = pack_rule("security_events", "perimeter_crossed")

    result = found(tmp_path, rule, actor, places={}, lines=[GATE])

    assert kinds(result) == ["perimeter_crossed"] * events


# --- medium --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("leaves_s", "events"), [(38, 1), (25, 0)], ids=["stays", "goes on"])
def test_loitering(tmp_path: Path, leaves_s: float, events: int) -> None:
    rule = pack_rule("security_events", "loitering")
    actor = walker((0, -0.1, 0.5), (3, 0.2, 0.5), (leaves_s, 0.21, 0.52), (leaves_s + 2, 0.8, 0.5))

    result = found(tmp_path, rule, actor, places={"fence": LEFT}, lasts_s=42)

    assert kinds(result) == ["loitering"] * events


def test_a_gathering(tmp_path: Path) -> None:
    rule = pack_rule("security_events", "gathering")
    coming = [
        walker((1, -0.1, 0.5), (4, 0.2 + n * 0.1, 0.5), (12, 0.2 + n * 0.1, 0.51)) for n in range(5)
    ]
    passing = [walker((1 + n, -0.1, 0.5), (5 + n, 1.1, 0.5)) for n in range(5)]

    crowd = found(tmp_path, rule, *coming, places={})
    stream = found(tmp_path, rule, *passing, places={})

    assert kinds(crowd) == ["gathering"]
    assert kinds(stream) == []


@pytest.mark.parametrize(
    ("actor", "events"),
    [
        (thing((1, -0.1, 0.5), (5, 0.5, 0.5), (80, 0.5, 0.5)), 1),
        (thing((0, 0.5, 0.5), (80, 0.5, 0.5)), 0),
        (thing((1, -0.1, 0.5), (5, 0.5, 0.5), (40, 0.5, 0.5), (44, 1.2, 0.5)), 0),
    ],
    ids=["stops", "was parked before", "goes on"],
)
def test_parked_where_none_may(tmp_path: Path, actor: Actor, events: int) -> None:
    rule = pack_rule("security_events", "parked_where_none_may")

    result = found(tmp_path, rule, actor, places={"no_parking": MIDDLE}, lasts_s=75)

    assert kinds(result) == ["illegal_parking"] * events


@pytest.mark.parametrize("comes_back", [False, True])
def test_an_object_that_is_left(tmp_path: Path, comes_back: bool) -> None:
    """Somebody walks past a place, and there is a bag from then on."""
    rule = pack_rule("security_events", "object_left")
    bag = Actor(
        label="bag", size=(0.08, 0.06), path=((5, 0.5, 0.62), (80, 0.5, 0.62)), colour=(30, 30, 160)
    )
    there_and_away = ((0, -0.1, 0.5), (4, 0.4, 0.5), (6, 0.4, 0.5), (9, 1.1, 0.3))
    again = ((30, 1.1, 0.3), (33, 0.62, 0.5), (80, 0.62, 0.51))
    owner = walker(*there_and_away, *(again if comes_back else ()))

    result = found(tmp_path, rule, owner, bag, places={}, lasts_s=78, wide="suitcase")

    assert kinds(result) == ([] if comes_back else ["object_left"])


def test_too_fast(tmp_path: Path) -> None:
    """48 m in 4 s are 43 km/h; in 8 s they are 22."""
    rule = pack_rule("security_events", "too_fast")
    fast, slow = (thing((1, -0.1, 0.5), (1 + s, 1.1, 0.5)) for s in (4.0, 8.0))

    racing = found(tmp_path, rule, fast, places={}, lasts_s=6, ground=ROAD)
    driving = found(tmp_path, rule, slow, places={}, lasts_s=10, ground=ROAD)

    assert kinds(racing) == ["speeding"]
    assert kinds(driving) == []


def test_a_vehicle_close_to_somebody(tmp_path: Path) -> None:
    rule = pack_rule("safety_events", "vehicle_near_people")
    vehicle = thing((1, -0.1, 0.65), (9, 1.1, 0.65))
    close, far = (walker((0, 0.5, y), (12, 0.51, y)) for y in (0.45, 0.15))

    beside = found(tmp_path, rule, vehicle, close, places={})
    apart = found(tmp_path, rule, vehicle, far, places={})

    assert kinds(beside) == ["vehicle_near_people"]
    assert kinds(apart) == []


# --- hard ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "events"), [(0.25, 1), (0.75, 0)], ids=["over the fence", "through the gate"]
)
def test_climbed_in(tmp_path: Path, y: float, events: int) -> None:
    rule = pack_rule("security_events", "climbed_in")
    actor = walker((1, -0.1, y), (9, 0.85, y), (12, 0.85, y))
    places = {"fence": LEFT, "restricted": RIGHT, "gate": LOWER_MIDDLE}

    result = found(tmp_path, rule, actor, places=places)

    assert kinds(result) == ["climbed_in"] * events


def test_casing_is_coming_back_to_the_fence(tmp_path: Path) -> None:
    rule = pack_rule("security_events", "casing")
    returns = walker((1, 0.2, 0.5), (4, 0.8, 0.5), (8, 0.2, 0.5), (12, 0.2, 0.5))
    passes = walker((1, 0.2, 0.5), (4, 0.8, 0.5), (12, 0.85, 0.5))

    assert kinds(found(tmp_path, rule, returns, places={"fence": LEFT})) == ["casing"]
    assert kinds(found(tmp_path, rule, passes, places={"fence": LEFT})) == []


@pytest.mark.parametrize(("gap_s", "events"), [(1.5, 1), (5.0, 0)], ids=["behind", "later"])
def test_tailgating(tmp_path: Path, gap_s: float, events: int) -> None:
    rule = pack_rule("security_events", "tailgating")
    pair = [walker((t, -0.1, 0.75), (t + 5, 1.1, 0.75)) for t in (1.0, 1.0 + gap_s)]

    result = found(tmp_path, rule, *pair, places={"gate": LOWER_MIDDLE})

    assert kinds(result) == ["tailgating"] * events


@pytest.mark.parametrize(("way", "events"), [((1.1, -0.1), 1), ((-0.1, 1.1), 0)])
def test_the_wrong_way(tmp_path: Path, way: tuple[float, float], events: int) -> None:
    rule = pack_rule("safety_events", "wrong_way")
    actor = thing((1, way[0], 0.5), (7, way[1], 0.5))

    result = found(tmp_path, rule, actor, places={"lane": [[0, 0], [1, 0], [1, 1], [0, 1]]})

    assert kinds(result) == ["wrong_way"] * events


def test_customers_wait_and_nobody_is_at_the_counter(tmp_path: Path) -> None:
    rule = pack_rule("retail_events", "nobody_at_the_counter")
    customer = walker((1, -0.1, 0.5), (3, 0.2, 0.5), (75, 0.21, 0.52))
    staff = walker((0, 0.8, 0.5), (75, 0.81, 0.51))
    places = {"till": LEFT, "counter": RIGHT}

    alone = found(tmp_path, rule, customer, places=places, lasts_s=72)
    served = found(tmp_path, rule, customer, staff, places=places, lasts_s=72)

    assert kinds(alone) == ["counter_unattended"]
    assert kinds(served) == []
