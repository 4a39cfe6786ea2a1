"""Who is told of a change: whom it concerns, and the product itself of every one."""

from typing import Any, cast

import pytest

from vedette.app.orchestrator import Orchestrator
from vedette.app.parts import Parts
from vedette.app.settings import Settings
from vedette.app.settings_change import change_between
from vedette.app.takers import takers_of

YARD: dict[str, Any] = {"id": "yard", "source": "a.mp4"}


def settings(**changes: Any) -> Settings:
    return Settings.model_validate({"cameras": [YARD]} | changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"retention": {"exports_days": 1}}, ["module janitor"]),
        ({"notify": {"quiet_s": 5}}, ["module notifier"]),
        ({"bus": {"depth": 5}}, ["module bus"]),
        ({"mqtt": {"host": "broker"}}, ["module mqtt"]),
        (
            {"cameras": [YARD | {"audio": False}]},
            ["module janitor", "module cameras", "module mqtt"],
        ),
        ({"detector": {"type": "blob"}}, ["the detectors"]),
        ({"features": {"drills": True}}, ["module resilience"]),
        ({"policies": {"longest_days": 40}}, []),
    ],
)
def test_a_change_is_told_to_whom_it_concerns(changes: dict[str, Any], told: list[str]) -> None:
    takers = takers_of(cast(Parts, None), cast(Orchestrator, None))  # nobody takes anything here
    change = change_between(settings(), settings(**changes))

    assert [each.name for each in takers if each.concerns(change)] == ["the product", *told]


def test_no_change_is_told_to_nobody() -> None:
    takers = takers_of(cast(Parts, None), cast(Orchestrator, None))
    nothing = change_between(settings(), settings())

    assert [each.name for each in takers if each.concerns(nothing)] == []
