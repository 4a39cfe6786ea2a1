"""Versions of the settings are numbered without gaps, and those long past are forgotten."""

from pathlib import Path
from uuid import uuid4

import pytest

from vedette.contracts.errors import NotFound
from vedette.store import config_versions
from vedette.store.config_versions import ConfigVersion
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock


async def test_what_is_long_past_is_forgotten_and_numbers_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config_versions, "MOST", 3)
    clock = FakeClock()
    store = await Store.open(tmp_path / "v.db", clock)
    for number in range(1, 6):
        async with store.write() as unit:
            versions = unit.config_versions()
            assert await versions.next_number() == number
            await versions.add(
                ConfigVersion(
                    number=number,
                    update_id=uuid4(),
                    at=clock.now(),
                    author="me",
                    origin="update",
                    fingerprint=f"{number}",
                    changes={"retention": {"max_gb": number}},
                    shown={},
                )
            )
    async with store.read() as unit:
        left = [each.number for each in await unit.config_versions().find()]
        with pytest.raises(NotFound):
            await unit.config_versions().get(2)
        last = await unit.config_versions().last()
    await store.close()

    assert left == [5, 4, 3]
    assert last is not None
    assert last.changes == {"retention": {"max_gb": 5}}
