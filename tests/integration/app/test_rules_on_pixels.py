"""Every rule on rendered pixels: drawn, encoded, decoded, gated, detected, tracked, judged."""

from pathlib import Path
from typing import Any

import pytest

from tests.scenes import camera, film, look, walker
from vedette.app.analyze import Findings

LEFT_HALF = {"id": "left", "polygon": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]], "inertia_s": 0.2}
MIDDLE = {"id": "middle", "a": [0.5, 0.0], "b": [0.5, 1.0]}
ACROSS = walker((1, -0.1, 0.5), (9, 1.1, 0.5))
"""From the left edge to the right edge in eight seconds; at the middle after five."""
BACK = walker((1, 1.1, 0.5), (9, -0.1, 0.5))
STAYS = walker((1, -0.1, 0.5), (3, 0.25, 0.5), (11, 0.26, 0.52))


def found(folder: Path, rule: dict[str, Any], *actors: Any, **weather: Any) -> Findings:
    video = film(folder / "scene.mp4", *actors, **weather)
    settings = camera(video, zones=[LEFT_HALF], lines=[MIDDLE], rules=[{"id": "r", **rule}])
    return look(settings)


def test_presence_opens_after_its_time_and_closes_when_the_object_is_gone(tmp_path: Path) -> None:
    result = found(tmp_path, {"type": "presence", "zone": "left", "for_s": 1}, ACROSS)

    [held] = result.events
    event = held.event
    assert (event.rule_id, event.zone_id, event.label) == ("r", "left", "person")
    assert 1.0 <= (event.opened_at - event.started_at).total_seconds() <= 1.3
    assert event.end_reason == "left"


def test_enter_sees_who_comes_in_and_not_who_goes_out(tmp_path: Path) -> None:
    coming = found(tmp_path, {"type": "enter", "zone": "left"}, BACK)
    assert [held.event.event_type for held in coming.events] == ["enter"]
    assert 4.5 <= coming.events[0].event.opened_at.timestamp() <= 6.0


def test_leave_sees_who_goes_out(tmp_path: Path) -> None:
    result = found(tmp_path, {"type": "leave", "zone": "left"}, ACROSS)

    assert [held.event.event_type for held in result.events] == ["leave"]
    assert 4.5 <= result.events[0].event.opened_at.timestamp() <= 6.0


@pytest.mark.parametrize(("actor", "events"), [(ACROSS, 0), (STAYS, 1)], ids=["passes", "stays"])
def test_loiter_tells_who_stays_from_who_passes(tmp_path: Path, actor: Any, events: int) -> None:
    result = found(tmp_path, {"type": "loiter", "zone": "left", "dwell_s": 5}, actor)

    assert len(result.events) == events


@pytest.mark.parametrize(
    ("actor", "direction", "events"),
    [
        pytest.param(ACROSS, "any", 1, id="right-any"),
        pytest.param(BACK, "any", 1, id="left-any"),
        pytest.param(ACROSS, "forward", 0, id="right-forward"),
        pytest.param(BACK, "forward", 1, id="left-forward"),
    ],
)
def test_line_crossing_knows_its_direction(
    tmp_path: Path, actor: Any, direction: str, events: int
) -> None:
    rule = {"type": "line_crossing", "line": "middle", "direction": direction}

    result = found(tmp_path, rule, actor)

    assert len(result.events) == events


def test_count_opens_while_three_are_there(tmp_path: Path) -> None:
    others = [walker((2, -0.1, y), (4, 0.1 + y / 3, y), (9, 0.12 + y / 3, y)) for y in (0.14, 0.86)]
    result = found(tmp_path, {"type": "count", "zone": "left", "at_least": 3}, STAYS, *others)

    [held] = result.events
    assert held.event.event_type == "count"
    assert held.event.numbers["peak"] == 3


@pytest.mark.parametrize(
    "weather",
    [
        pytest.param({"noise": 6.0}, id="noise"),
        pytest.param({"shadow": True}, id="shadow"),
        pytest.param({"light_steps": ((4.0, 1.15),)}, id="light-step"),
        pytest.param({"occluders": ((0.30, 0.2, 0.36, 1.0),)}, id="behind-a-post"),
    ],
)
def test_one_walker_is_one_crossing_in_any_weather(tmp_path: Path, weather: Any) -> None:
    result = found(tmp_path, {"type": "line_crossing", "line": "middle"}, ACROSS, **weather)

    assert len(result.events) == 1


def test_an_empty_scene_has_no_events(tmp_path: Path) -> None:
    result = found(tmp_path, {"type": "presence"}, duration_s=4.0, noise=5.0)

    assert result.events == []
    assert result.stats.frames == 40
