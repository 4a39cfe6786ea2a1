"""The diary of the product's health: changes, now and then all, and no more than that."""

from datetime import datetime, timedelta
from pathlib import Path

from vedette.contracts.health import (
    Criticality,
    HealthLevel,
    HealthSummary,
    ModuleHealth,
    ModuleState,
    summarised,
)
from vedette.services.health_keeper import EVERY, HealthKeeper
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock


def module(name: str, at: datetime, level: HealthLevel = HealthLevel.HEALTHY) -> ModuleHealth:
    return ModuleHealth(
        name=name,
        criticality=Criticality.LOW,
        state=ModuleState.RUNNING,
        level=level,
        detail=f"{name} is {level.value}",
        figures={"waiting": 2.0},
        since=at,
        at=at,
    )


def summary(at: datetime, **levels: HealthLevel) -> HealthSummary:
    return summarised([module(name, at, level) for name, level in levels.items()], at)


async def test_changes_are_kept_and_repetitions_are_not(tmp_path: Path) -> None:
    clock = FakeClock()
    start, well, ill = clock.now(), HealthLevel.HEALTHY, HealthLevel.UNHEALTHY
    store = await Store.open(tmp_path / "v.db", clock)
    keeper = HealthKeeper(store)

    for second, level in enumerate((well, well, ill, ill, well)):
        at = start + timedelta(seconds=second)
        await keeper.keep(summary(at, janitor=level, board=well))
    await keeper.keep(summary(start + EVERY, janitor=well, board=well))
    async with store.read() as unit:
        diary = await unit.system_health().find("janitor")
        every = await unit.system_health().find(limit=2)
    async with store.write() as unit:
        later = start + EVERY
        gone = await unit.system_health().forget(before=later, limit=100)
        left = await unit.system_health().find()
    await store.close()

    assert [row.level for row in reversed(diary)] == [well, ill, well, well]
    assert [(row.at - start).total_seconds() for row in reversed(diary)] == [0, 2, 4, 600]
    assert diary[2].detail == "janitor is unhealthy"
    assert diary[2].figures == {"waiting": 2.0}
    assert {row.name for row in every} == {"janitor", "board"}
    assert (gone, len(left)) == (4, 2)


async def test_a_clock_that_goes_back_keeps_the_diary_going(tmp_path: Path) -> None:
    clock = FakeClock()
    start, well = clock.now(), HealthLevel.HEALTHY
    store = await Store.open(tmp_path / "v.db", clock)
    keeper = HealthKeeper(store)

    await keeper.keep(summary(start, janitor=well))
    await keeper.keep(summary(start - timedelta(days=1), janitor=well))
    async with store.read() as unit:
        diary = await unit.system_health().find()
    await store.close()

    assert len(diary) == 2
