"""Keeps a diary of how the modules are: what changes, and one row of each now and then."""

from datetime import datetime, timedelta

from vedette.contracts.health import HealthLevel, HealthSummary, ModuleState
from vedette.store.store import Store

EVERY = timedelta(minutes=10)


class HealthKeeper:
    """Hand every summary to `keep`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, tuple[ModuleState, HealthLevel]] = {}
        self._all_at: datetime | None = None

    async def keep(self, summary: HealthSummary) -> None:
        """Store what is new since the last one.

        Raises:
            StorageFailed: the store cannot be used now; the change is kept with a later summary.
        """
        due = self._all_at is None or not timedelta() <= summary.at - self._all_at < EVERY
        news = [
            each
            for each in summary.modules
            if due or self._kept.get(each.name) != (each.state, each.level)
        ]
        if not news:
            return
        async with self._store.write() as unit:
            await unit.system_health().add(news)
        if due:
            self._all_at = summary.at
        self._kept |= {each.name: (each.state, each.level) for each in news}
