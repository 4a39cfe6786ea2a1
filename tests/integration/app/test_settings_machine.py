"""Changes of the settings in whatever order, with failures and restarts, beside a model of them."""

import asyncio
import tempfile
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from vedette.app.live_settings import LiveSettings, Taker
from vedette.app.settings import Settings
from vedette.app.settings_change import SettingsChange
from vedette.app.settings_file import SettingsFile
from vedette.contracts.config_change import ConfigUpdate
from vedette.contracts.errors import InvalidConfig
from vedette.kit.clock import SystemClock
from vedette.store.store import Store

FILE = 'retention: {{max_days: {days}}}\ncameras: [{{id: yard, source: "simulator:"}}]\n'
PARTS = "abc"
DAYS = st.integers(1, 5)


class SettingsMachine(RuleBasedStateMachine):
    """Three parts; each may fail over new settings, and all must always have the same."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.file = Path(self.folder.name) / "vedette.yaml"
        self.clock = SystemClock()
        self.in_file = 3
        self.over: int | None = None
        self.file.write_text(FILE.format(days=self.in_file))
        self.versions: list[int | None] = [None]
        """What lay over the file in each version, from the first on."""
        self.have: dict[str, float] = {}
        self.failing = ""
        self.go(self.open())

    def go(self, call: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(call)

    async def open(self) -> None:
        self.store = await Store.open(Path(self.folder.name) / "v.db", self.clock)
        self.live = LiveSettings(SettingsFile(self.file), self.store, self.clock)
        begun = await self.live.begin()
        self.have = dict.fromkeys(PARTS, begun.retention.max_days)
        self.live.takers = [self.part(name) for name in PARTS]

    def part(self, name: str) -> Taker:
        async def take(settings: Settings, change: SettingsChange) -> Sequence[str]:
            if name == self.failing and settings.retention.max_days != self.model:
                raise RuntimeError("no")
            self.have[name] = settings.retention.max_days
            return ()

        return Taker(name=name, concerns=lambda change: "retention" in change.parts, take=take)

    @property
    def model(self) -> int:
        return self.in_file if self.over is None else self.over

    async def wish(self, **changes: Any) -> None:
        update = ConfigUpdate(id=uuid4(), at=self.clock.now(), changes={"retention": changes})
        await self.live.update(update)

    @rule(days=DAYS)
    def change(self, days: int) -> None:
        before = self.model
        self.go(self.wish(max_days=days))
        if days != before:
            self.over = days
            self.versions.append(days)

    @rule(days=DAYS, name=st.sampled_from(PARTS))
    def change_that_a_part_cannot_take(self, days: int, name: str) -> None:
        if days == self.model:
            return
        self.failing = name
        with pytest.raises(InvalidConfig, match="cannot take the new settings"):
            self.go(self.wish(max_days=days))
        self.failing = ""

    @rule()
    def change_that_is_not_valid(self) -> None:
        with pytest.raises(InvalidConfig):
            self.go(self.wish(max_days=-1))

    @rule(days=DAYS)
    def save_the_file(self, days: int) -> None:
        before = self.model
        self.in_file = days
        self.file.write_text(FILE.format(days=days))
        self.go(self.live.reread())
        if self.model != before:
            self.versions.append(self.over)

    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(0, len(self.versions)))
        self.over = None if number == 0 else self.versions[number - 1]
        self.go(self.live.restore(number, author="hypothesis"))
        self.versions.append(self.over)

    @rule()
    def die_and_begin_again(self) -> None:
        """Nothing is said to anybody: what is kept counts."""

        async def again() -> None:
            await self.store.close()
            await self.open()

        self.go(again())

    @invariant()
    def everybody_has_what_is_in_force(self) -> None:
        assert set(self.have.values()) == {float(self.model)}
        assert self.live.settings.retention.max_days == self.model
        assert self.live.version == len(self.versions)

    def teardown(self) -> None:
        self.go(self.store.close())
        self.runner.close()
        self.folder.cleanup()


TestSettings = SettingsMachine.TestCase
TestSettings.settings = hypothesis_settings(max_examples=15, stateful_step_count=12, deadline=None)
