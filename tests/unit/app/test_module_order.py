"""Modules begin after those that they need, and end before them."""

from collections.abc import Sequence

import pytest

from vedette.app.loop_module import LoopModule
from vedette.app.module_plan import ModulePlan, starting_order
from vedette.contracts.errors import InvalidConfig
from vedette.contracts.module import Stage


async def nothing() -> None: ...


def plan(name: str, stage: Stage, after: Sequence[str] = ()) -> ModulePlan:
    return ModulePlan(name=name, build=lambda: LoopModule(name, nothing), stage=stage, after=after)


def names(*plans: ModulePlan) -> list[str]:
    return [each.name for each in starting_order(plans)]


def test_the_last_stage_begins_first_and_needs_come_before_who_needs_them() -> None:
    cameras = plan("cameras", Stage.INPUTS, ["writer", "bus"])
    relay = plan("relay", Stage.OUTPUTS, ["notifier"])
    notifier = plan("notifier", Stage.OUTPUTS)
    writer, bus = plan("writer", Stage.EVENTS), plan("bus", Stage.BUS)

    assert names(cameras, relay, notifier, writer, bus) == [
        "bus",
        "notifier",
        "relay",
        "writer",
        "cameras",
    ]


@pytest.mark.parametrize(
    ("plans", "sentence"),
    [
        ((plan("a", Stage.BUS), plan("a", Stage.INPUTS)), "two modules are called 'a'"),
        ((plan("a", Stage.INPUTS, ["b"]),), "needs 'b', which is not among the modules: a"),
        (
            (plan("a", Stage.OUTPUTS, ["b"]), plan("b", Stage.INPUTS)),
            r"'a' \(stage outputs\) needs 'b', which belongs to the stage inputs and ends before",
        ),
        (
            (plan("a", Stage.INPUTS, ["b"]), plan("b", Stage.INPUTS, ["a"])),
            "in a circle: a, b",
        ),
    ],
)
def test_what_cannot_be_ordered_is_refused(plans: tuple[ModulePlan, ...], sentence: str) -> None:
    with pytest.raises(InvalidConfig, match=sentence):
        starting_order(plans)
