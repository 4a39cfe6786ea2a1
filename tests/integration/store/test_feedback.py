"""Words about events: the latest counts, within the sites that one may see."""

from datetime import timedelta
from pathlib import Path

import pytest

from vedette.contracts.errors import InvalidInput
from vedette.contracts.feedback import Judgement
from vedette.store.scope import SiteScope
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock
from vedette.testing.store_samples import make_event, with_places


async def test_the_latest_word_counts_and_old_ones_go(tmp_path: Path) -> None:
    clock = FakeClock()
    store = await with_places(await Store.open(tmp_path / "v.db", clock))
    event, other = make_event(1), make_event(2)
    scope = SiteScope([event.site_id])

    for judgement in (Judgement.TRUE, Judgement.FALSE):
        async with store.write() as unit:
            await unit.feedback(scope).mark(event, judgement, "", now=unit.now)
    async with store.write() as unit:
        await unit.feedback(scope).mark(other, Judgement.MISSED, "too late", now=unit.now)
    async with store.read() as unit:
        counts = await unit.feedback(scope).counts()
        said = await unit.feedback(scope).get(other.id)
        foreign = await unit.feedback(SiteScope(["elsewhere"])).get(other.id)
    async with store.write() as unit:
        later = unit.now + timedelta(days=1)
        gone = await unit.feedback(scope).forget(before=later, limit=1)
        left = await unit.feedback(scope).counts()
    await store.close()

    assert {(each.judgement, each.times) for each in counts} == {
        (Judgement.FALSE, 1),
        (Judgement.MISSED, 1),
    }
    assert said is not None
    assert said.note == "too late"
    assert foreign is None
    assert gone == 1
    assert sum(each.times for each in left) == 1


async def test_another_sites_event_cannot_be_judged(tmp_path: Path) -> None:
    store = await with_places(await Store.open(tmp_path / "v.db", FakeClock()))

    async with store.write() as unit:
        feedback = unit.feedback(SiteScope(["elsewhere"]))
        with pytest.raises(InvalidInput):
            await feedback.mark(make_event(1), Judgement.TRUE, "", now=unit.now)
    await store.close()
