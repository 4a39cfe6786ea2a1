"""Settings change while the product runs: everywhere or nowhere, and never half."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from vedette.app.live_settings import LiveSettings, Taker
from vedette.app.settings import Settings
from vedette.app.settings_change import SettingsChange
from vedette.app.settings_file import SettingsFile
from vedette.bus.memory import MemoryBus
from vedette.contracts.config_change import (
    ConfigRejected,
    ConfigRollback,
    ConfigSnapshot,
    ConfigUpdate,
)
from vedette.contracts.contract_notice import ContractKind, ContractNotice
from vedette.contracts.errors import InvalidConfig, StorageFailed
from vedette.contracts.payload import Payload
from vedette.kit.clock import SystemClock
from vedette.store.store import Store
from vedette.testing.fakes import until

FILE = """
retention: {max_days: 30}
policies: {longest_days: 40}
cameras:
  - {id: yard, source: "simulator:"}
  - {id: gate, source: "simulator:"}
"""


class House:
    """Five parts that note which settings they have, and fail when told to."""

    def __init__(self, folder: Path) -> None:
        self.clock = SystemClock()
        self.file = folder / "vedette.yaml"
        self.file.write_text(FILE)
        self.bus = MemoryBus(clock=self.clock)
        self.told: list[Payload] = []
        self.have: dict[str, float] = {}
        self.taken: list[str] = []
        self.trouble: Callable[[str, Settings], Any] = lambda name, settings: None
        self.database = folder / "v.db"

    async def begin(self) -> LiveSettings:
        async def hear(topic: str, fact: Payload) -> None:
            self.told.append(fact)

        self.store = await Store.open(self.database, self.clock)
        self.bus.subscribe("config.*", hear, name="config")
        self.bus.subscribe("status.contract", hear, name="contract")
        live = LiveSettings(SettingsFile(self.file), self.store, self.clock)
        settings = await live.begin()
        self.have = dict.fromkeys("abcde", settings.retention.max_days)
        live.bus, live.takers = self.bus, [self.part(name) for name in "abcde"]
        return live

    def part(self, name: str) -> Taker:
        async def take(settings: Settings, change: SettingsChange) -> Sequence[str]:
            if (wait := self.trouble(name, settings)) is not None:
                await wait
            self.taken.append(name)
            self.have[name] = settings.retention.max_days
            return (f"module {name}",) if name == "b" else ()

        return Taker(name=name, concerns=lambda change: "retention" in change.parts, take=take)

    async def said(self, kind: type[Payload]) -> list[Any]:
        await self.bus.drain()
        return [each for each in self.told if isinstance(each, kind)]

    def wish(self, expected: int | None = None, **changes: Any) -> ConfigUpdate:
        return ConfigUpdate(
            id=uuid4(), at=self.clock.now(), author="ada", changes=changes, expected=expected
        )


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    yield house
    await house.store.close()


async def test_a_change_is_in_force_everywhere_and_kept_as_a_version(house: House) -> None:
    live = await house.begin()

    told = await live.update(house.wish(retention={"max_days": 7}))

    assert set(house.have.values()) == {7.0}
    assert (told.version, told.changed, told.restarted) == (
        2,
        ("retention.max_days",),
        ("module b",),
    )
    assert told.settings["retention"]["max_days"] == 7.0
    assert await house.said(ConfigSnapshot) == [told]
    assert house.file.read_text() == FILE, "the operator's file is not written"
    await house.store.close()
    again = await house.begin()
    assert (again.version, again.settings.retention.max_days) == (2, 7.0)


async def test_who_cannot_take_it_leaves_everybody_with_what_they_had(house: House) -> None:
    live = await house.begin()

    def fail(name: str, settings: Settings) -> Any:
        if name == "c" and settings.retention.max_days == 7.0:
            raise RuntimeError("no room for that")

    house.trouble = fail
    with pytest.raises(
        InvalidConfig, match="c cannot take the new settings: RuntimeError: no room"
    ):
        await live.update(house.wish(retention={"max_days": 7}))

    assert set(house.have.values()) == {30.0}
    assert house.taken == ["a", "b", "c", "b", "a"], "taken back in the other order"
    [rollback] = await house.said(ConfigRollback)
    assert (rollback.failed, rollback.version, rollback.drill) == ("c", 1, False)
    assert rollback.before == rollback.after
    assert rollback.restored == ("c", "b", "a")
    [notice] = await house.said(ContractNotice)
    assert notice.kind is ContractKind.RECONFIGURATION_FAILED
    assert notice.who == "c"
    assert (live.version, live.settings.retention.max_days) == (1, 30.0)


async def test_a_part_that_hangs_is_given_up_and_taken_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vedette.app.live_settings.TAKE_S", 0.05)
    monkeypatch.setattr("vedette.kit.within.GRACE_S", 0.01)
    live = await house.begin()

    def hang(name: str, settings: Settings) -> Any:
        slow = name == "d" and settings.retention.max_days == 7.0
        return asyncio.Event().wait() if slow else None

    house.trouble = hang
    with pytest.raises(InvalidConfig, match="d cannot take the new settings"):
        await live.update(house.wish(retention={"max_days": 7}))

    assert set(house.have.values()) == {30.0}


async def test_who_stops_waiting_does_not_stop_the_change(house: House) -> None:
    live = await house.begin()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        begun.set()
        await go_on.wait()

    house.trouble = lambda name, settings: wait() if name == "c" else None
    asking = asyncio.create_task(live.update(house.wish(retention={"max_days": 7})))
    await begun.wait()
    asking.cancel()
    go_on.set()
    await until(lambda: live.version == 2)

    assert set(house.have.values()) == {7.0}
    assert live.settings.retention.max_days == 7.0


async def test_a_disk_that_is_full_leaves_the_old_settings(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = await house.begin()

    def full() -> Any:
        raise StorageFailed("the disk is full")

    monkeypatch.setattr(house.store, "write", full)
    with pytest.raises(StorageFailed, match="the disk is full"):
        await live.update(house.wish(retention={"max_days": 7}))

    assert set(house.have.values()) == {30.0}
    [rollback] = await house.said(ConfigRollback)
    assert rollback.failed == "the store"


@pytest.mark.parametrize(
    ("changes", "key", "policy"),
    [
        ({"retention": {"max_days": -1}}, "retention.max_days", ""),
        ({"retention": {"max_dayz": 1}}, "retention.max_dayz", ""),
        ({"retention": {"max_days": 41}}, "retention.max_days", "longest-days"),
        ({"cameras": {"yard": None, "gate": None}}, "cameras", ""),
    ],
)
async def test_what_is_not_valid_is_refused_by_key_and_policy(
    house: House, changes: dict[str, Any], key: str, policy: str
) -> None:
    live = await house.begin()

    with pytest.raises(InvalidConfig):
        await live.update(house.wish(**changes))

    [rejected] = await house.said(ConfigRejected)
    assert (rejected.faults[0].key, rejected.faults[0].policy) == (key, policy)
    [notice] = await house.said(ContractNotice)
    assert notice.kind is ContractKind.CONFIG_REJECTED
    assert house.taken == []
    assert live.version == 1


async def test_the_same_update_twice_is_one_version(house: House) -> None:
    live = await house.begin()
    wish = house.wish(retention={"max_days": 7})

    first = await live.update(wish)
    second = await live.update(wish)

    assert first.version == second.version == live.version == 2


async def test_two_updates_at_once_come_one_after_the_other(house: House) -> None:
    live = await house.begin()

    told = await asyncio.gather(
        live.update(house.wish(retention={"max_days": 7})),
        live.update(house.wish(retention={"max_gb": 5})),
    )

    assert sorted(each.version for each in told) == [2, 3]
    assert live.settings.retention.max_days == 7.0
    assert live.settings.retention.max_gb == 5.0


async def test_a_change_for_another_version_is_refused(house: House) -> None:
    live = await house.begin()
    await live.update(house.wish(retention={"max_days": 7}))

    with pytest.raises(InvalidConfig, match="made for version 1, but version 2 is in force"):
        await live.update(house.wish(expected=1, retention={"max_days": 8}))


async def test_an_earlier_version_is_restored_as_a_new_one(house: House) -> None:
    live = await house.begin()
    await live.update(house.wish(retention={"max_days": 7}))
    await live.update(house.wish(retention={"max_days": 9}))

    back = await live.restore(2, author="ada")
    none = await live.restore(0, author="ada")

    assert (back.version, back.origin, back.settings["retention"]["max_days"]) == (
        4,
        "restore",
        7.0,
    )
    assert (none.version, live.settings.retention.max_days) == (5, 30.0)


async def test_files_that_were_changed_are_read_again_under_the_changes(house: House) -> None:
    live = await house.begin()
    await live.update(house.wish(retention={"max_gb": 5}))
    house.file.write_text(FILE.replace("max_days: 30", "max_days: 20"))

    told = await live.reread()
    house.file.write_text(FILE.replace("max_days: 30", "max_days: many"))
    with pytest.raises(InvalidConfig, match=r"vedette\.yaml:2"):
        await live.reread()

    assert (told.version, told.origin) == (3, "file")
    assert live.settings.retention.max_days == 20.0
    assert live.settings.retention.max_gb == 5.0


async def test_changes_that_do_not_fit_the_files_any_more_are_named_at_the_start(
    house: House,
) -> None:
    live = await house.begin()
    await live.update(house.wish(retention={"max_days": 35}))
    await house.store.close()
    house.file.write_text(FILE.replace("longest_days: 40", "longest_days: 32"))

    with pytest.raises(InvalidConfig, match="`vedette config restore 0` takes them back"):
        await house.begin()


async def test_a_drill_takes_the_settings_back_and_nothing_is_different(house: House) -> None:
    live = await house.begin()
    before = dict(house.have)

    told = await live.drill()

    assert told.drill
    assert told.before == told.after != ""
    assert (house.have, live.version) == (before, 1)
    assert await house.said(ConfigRollback) == [told]
