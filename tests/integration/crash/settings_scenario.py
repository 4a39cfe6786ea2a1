"""Settings that are changed, refused, and written into their file, and what must hold after."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from vedette.app.live_settings import LiveSettings, Taker
from vedette.app.settings import Settings
from vedette.app.settings_change import SettingsChange
from vedette.app.settings_file import SettingsFile
from vedette.app.write_settings import write_settings, written
from vedette.contracts.config_change import ConfigUpdate
from vedette.contracts.errors import InvalidConfig
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock
from vedette.testing.store_samples import NOON

FILE = 'retention:\n  max_days: 30\ncameras:\n  - {id: yard, source: "simulator:"}\n'
LAST = {"retention": {"max_days": 9}}
DAYS = {1: 30.0, 2: 7.0, 3: 9.0, 4: 9.0}
"""What is in force in each version."""


def read_footage(video: Path) -> None:
    """None is needed."""
    del video


async def begun(root: Path) -> tuple[LiveSettings, Store]:
    """The settings of a product that starts."""
    clock = FakeClock(NOON)
    store = await Store.open(root / "vedette.db", clock)
    live = LiveSettings(SettingsFile(root / "vedette.yaml"), store, clock)
    await live.begin()
    return live, store


async def restart(root: Path) -> None:
    """As a new process does."""
    _, store = await begun(root)
    await store.close()


@dataclass(slots=True)
class Life:
    """A process that lives until it is killed; `acked` and the file survive."""

    root: Path
    footage: None

    async def live(self) -> None:
        file = self.root / "vedette.yaml"
        file.write_text(FILE)
        live, store = await begun(self.root)
        self._ack(live)
        live.takers = [Taker(name="a part", concerns=lambda change: True, take=self._take)]
        for days in (7, 8, 9):
            wish = ConfigUpdate(
                id=uuid4(), at=NOON, changes={"retention": {"max_days": days}}, author="ada"
            )
            try:
                await live.update(wish)
            except InvalidConfig:
                assert days == 8
            self._ack(live)
        write_settings(file, LAST)
        await live.restore(0, author="ada")
        self._ack(live)
        await store.close()

    async def _take(self, settings: Settings, change: SettingsChange) -> Sequence[str]:
        if settings.retention.max_days == 8.0:
            raise InvalidConfig("not eight")
        return ()

    def _ack(self, live: LiveSettings) -> None:
        (self.root / "acked").write_text(str(live.version))


@dataclass(slots=True, kw_only=True)
class _Found:
    version: int
    days: float


class Inspection:
    """After a crash: the old settings or the new ones, never a mixture, and no version is lost."""

    def __init__(self, root: Path, *, power: bool) -> None:
        del power
        self._root = root

    async def look(self) -> list[str]:
        """Sentences about what is wrong."""
        acked = self._root / "acked"
        file = (self._root / "vedette.yaml").read_text()
        live, store = await begun(self._root)
        await store.close()
        found = _Found(version=live.version, days=live.settings.retention.max_days)
        wrong: list[str] = []
        if file not in {FILE, written(FILE, LAST)}:
            wrong.append(f"the file is neither the old one nor the new one: {file!r}")
        if acked.exists() and found.version < int(acked.read_text()):
            wrong.append(f"version {acked.read_text()} was said to be in force, and is lost")
        if DAYS.get(found.version) != found.days:
            wrong.append(f"{found} is a mixture")
        return wrong
