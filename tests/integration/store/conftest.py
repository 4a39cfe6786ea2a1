"""A store with two sites, a folder for files and a bus, for the tests of the services."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.store.bench import Bench
from vedette.blobs.local import LocalBlobs
from vedette.bus.memory import MemoryBus
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock
from vedette.testing.store_samples import NOON, with_places


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    clock = FakeClock(NOON)
    store = await with_places(await Store.open(tmp_path / "vedette.db", clock))
    parts = tmp_path / "parts"
    parts.mkdir()
    yield Bench(
        store=store,
        blobs=LocalBlobs(tmp_path / "artifacts"),
        bus=MemoryBus(clock=clock),
        clock=clock,
        parts=parts,
    )
    await store.close()
