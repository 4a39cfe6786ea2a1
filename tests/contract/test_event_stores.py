"""Every relational store keeps the contracts of stores: events, and recordings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from vedette.store.store import Store
from vedette.testing.fakes import FakeClock
from vedette.testing.recording_contract import RecordingStoreContract
from vedette.testing.store_contract import EventStoreContract
from vedette.testing.store_samples import with_places


class TestSqliteStore(EventStoreContract, RecordingStoreContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Store]:
        store = await Store.open(self.folder / "vedette.db", FakeClock())
        try:
            yield await with_places(store)
        finally:
            await store.close()
