"""Retention on a real store: the oldest goes first, and rows and files go together."""

import errno
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.store.bench import Bench, Listener, media
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.event import Event, EventState
from vedette.contracts.facts import StorageFact
from vedette.contracts.lifecycle import Lifecycle, RetentionClass
from vedette.services.janitor import Janitor, Swept
from vedette.services.retention import Retention
from vedette.testing.store_samples import BOTH, NOON, make_event, make_notice, make_track
from vedette.testing.store_samples import make_verdict as verdict

DAY_S = 86_400.0


def janitor(bench: Bench, max_bytes: int = 10**9, days: float = 30.0) -> Janitor:
    keep = Retention(max_bytes=max_bytes, max_age=timedelta(days=days))
    return Janitor(bench.store, bench.blobs, keep=keep, bus=bench.bus, clock=bench.clock)


def closed(number: int, **changes: Any) -> Event:
    over = {"state": EventState.CLOSED, "ended_at": NOON, "end_reason": "left"}
    return make_event(number, **over, **changes)


SHORT = Lifecycle(keep_days=2.0, tag="doorbell")
LONG = Lifecycle(keep_days=90.0)
KEPT = Lifecycle(retention_class=RetentionClass.KEEP, tag="evidence")


def test_the_default_is_ten_gigabytes_and_thirty_days() -> None:
    assert Retention().max_bytes == 10_000_000_000
    assert Retention().max_age == timedelta(days=30)


async def test_the_oldest_goes_first_until_the_rest_fits(bench: Bench) -> None:
    heard = Listener()
    bench.bus.subscribe("storage.*", heard, name="test")
    for number in range(5):
        await bench.keep(closed(number), media(data=bytes([number]) * 1000))
        bench.clock.advance(60.0)
    swept = await janitor(bench, max_bytes=2500).sweep()
    assert swept == Swept(discarded=3, unlinked=3, freed_bytes=3000, rows=0)
    left = [bool(await bench.artifacts(closed(n))) for n in range(5)]
    assert left == [False, False, False, True, True]
    assert await bench.consistent()
    await bench.bus.drain()
    facts = [fact for _, fact in heard.heard if isinstance(fact, StorageFact)]
    assert {topic for topic, _ in heard.heard} == {"storage.artifact.deleted"}
    assert [fact.event_id for fact in facts] == [closed(n).id for n in range(3)]
    assert {fact.reason for fact in facts} == {"budget"}
    assert await janitor(bench, max_bytes=2500).sweep() == Swept()


async def test_what_is_too_old_goes_whatever_its_size(bench: Bench) -> None:
    await bench.keep(closed(1), media(), media(ArtifactKind.GIF))
    bench.clock.advance(20 * DAY_S)
    await bench.keep(closed(2), media())
    bench.clock.advance(10 * DAY_S + 1)
    assert await janitor(bench).sweep() == Swept(discarded=2, unlinked=2, freed_bytes=18, rows=1)
    assert await bench.event(closed(1)) is None
    assert await bench.event(closed(2)) == closed(2)
    assert await bench.consistent()


async def test_an_open_event_keeps_its_files_whatever_their_age(bench: Bench) -> None:
    await bench.keep(make_event(1), media(data=b"x" * 5000))
    await bench.keep(closed(2), media(data=b"y" * 1000))
    bench.clock.advance(40 * DAY_S)
    await janitor(bench, max_bytes=10).sweep()
    assert len(await bench.artifacts(make_event(1))) == 1
    assert await bench.event(make_event(1)) is not None
    assert await bench.event(closed(2)) is None
    assert await bench.consistent()


async def test_every_artifact_says_how_long_it_is_kept(bench: Bench) -> None:
    for number, lifecycle in enumerate((SHORT, KEPT, Lifecycle())):
        bench.clock.advance(60.0)
        now = bench.clock.now()
        event = closed(number, lifecycle=lifecycle)
        await bench.keep(event, media(), media(ArtifactKind.GIF))
        for artifact in await bench.artifacts(event):
            end = now + timedelta(days=2) if lifecycle is SHORT else None
            assert artifact.expires_at == end
            assert artifact.retention_class is lifecycle.retention_class
            assert artifact.lifecycle_tag == lifecycle.tag
    told = [body for topic, body in await bench.outbox() if topic == "event.snapshot.ready"]
    assert [body["lifecycle_tag"] for body in told] == ["doorbell", "evidence", ""]


async def test_what_has_expired_goes_first_though_older_files_stay(bench: Bench) -> None:
    heard = Listener()
    bench.bus.subscribe("storage.*", heard, name="test")
    events = [closed(0), closed(1, lifecycle=SHORT), closed(2, lifecycle=LONG), closed(3)]
    for number, event in enumerate(events):
        await bench.keep(event, media(data=bytes([number]) * 1000))
        bench.clock.advance(60.0)
    assert (await janitor(bench, max_bytes=4000).sweep()).discarded == 0
    bench.clock.advance(2 * DAY_S)
    swept = await janitor(bench, max_bytes=3500).sweep()
    assert swept == Swept(discarded=1, unlinked=1, freed_bytes=1000, rows=0)
    assert [bool(await bench.artifacts(event)) for event in events] == [True, False, True, True]
    await bench.bus.drain()
    assert [fact.reason for _, fact in heard.heard if isinstance(fact, StorageFact)] == ["expired"]
    assert await bench.consistent()


async def test_an_expiry_of_its_own_outlives_the_age_of_all_but_not_the_size(bench: Bench) -> None:
    event = closed(1, lifecycle=LONG)
    await bench.keep(event, media(data=b"x" * 1000))
    await bench.keep(closed(2), media(data=b"y" * 1000))
    bench.clock.advance(89 * DAY_S)
    assert (await janitor(bench).sweep()).discarded == 1
    assert len(await bench.artifacts(event)) == 1
    assert await bench.event(event) is not None, "an event stays as long as its files"
    assert (await janitor(bench, max_bytes=999).sweep()).discarded == 1
    assert bench.on_disk() == {}


async def test_what_is_to_be_kept_survives_age_and_size_and_a_word_is_said(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    event = closed(1, lifecycle=KEPT)
    await bench.keep(event, media(data=b"x" * 5000))
    await bench.keep(closed(2), media(data=b"y" * 1000))
    bench.clock.advance(4000 * DAY_S)
    assert (await janitor(bench, max_bytes=10).sweep()).discarded == 1
    assert len(await bench.artifacts(event)) == 1
    assert await bench.event(event) == event
    assert await bench.consistent()
    assert "keep: true" in caplog.text


async def test_an_open_event_keeps_its_expired_files_until_it_ends(bench: Bench) -> None:
    await bench.keep(make_event(1, lifecycle=SHORT), media())
    bench.clock.advance(3 * DAY_S)
    assert (await janitor(bench).sweep()).discarded == 0
    await bench.keep(closed(1, lifecycle=SHORT))
    assert (await janitor(bench).sweep()).discarded == 1


async def test_expired_files_of_more_than_a_page_go_in_one_round(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vedette.services.janitor.PAGE", 3)
    for number in range(10):
        event = make_event(number, lifecycle=SHORT) if number == 4 else None
        await bench.keep(event or closed(number, lifecycle=SHORT), media(data=bytes([number]) * 10))
    bench.clock.advance(3 * DAY_S)
    assert (await janitor(bench).sweep()).discarded == 9
    assert len(bench.on_disk()) == 1
    assert await bench.consistent()


async def test_old_tracks_ledger_messages_and_told_facts_go_too(bench: Bench) -> None:
    async with bench.writing() as writer:
        writer.record(make_track(1), [verdict("seen"), verdict("entered")])
    async with bench.store.write() as unit:
        log, notice = unit.notifications(BOTH), make_notice(closed(1))
        for channel in ("sent", "queued"):
            await log.queue(notice, channel, now=unit.now)
        await log.sent(notice.alert_id, "sent", "somebody", now=unit.now)
        outbox = unit.outbox(BOTH)
        for number in (1, 2):
            await outbox.add("event.opened", closed(number), site_id="home", now=unit.now)
        await outbox.done([1], now=unit.now)
    bench.clock.advance(2 * DAY_S)
    assert (await janitor(bench).sweep()).rows == 1
    bench.clock.advance(29 * DAY_S)
    assert (await janitor(bench).sweep()).rows == 1 + 2 + 1
    async with bench.store.read() as unit:
        (message,) = await unit.notifications(BOTH).of_event(closed(1).id)
        assert message.channel == "queued"  # never deleted before it is sent
        assert await unit.outbox(BOTH).waiting() == 1
        assert await unit.verdicts(BOTH).of_track("yard/s1/1") == ()


async def test_superseded_pictures_are_unlinked(bench: Bench) -> None:
    await bench.keep(make_event(1), media(revision=1, data=b"fair"))
    await bench.keep(make_event(1), media(revision=2, data=b"good"))
    assert len(bench.on_disk()) == 2
    swept = await janitor(bench).sweep()
    assert (swept.discarded, swept.unlinked) == (0, 1)
    assert await bench.consistent()


async def test_a_file_that_resists_stays_in_the_garbage_for_the_next_round(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        await bench.keep(closed(number), media(data=bytes([number]) * 1000))
    stubborn = next(iter(await bench.artifacts(closed(1)))).storage_path
    real: Callable[..., None] = os.unlink

    def refuse(path: Any, **rest: Any) -> None:
        if str(path).endswith(stubborn):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(path, **rest)

    monkeypatch.setattr(os, "unlink", refuse)
    swept = await janitor(bench, max_bytes=0).sweep()
    assert (swept.discarded, swept.unlinked) == (2, 1)
    monkeypatch.undo()
    assert list(bench.on_disk()) == [stubborn]
    assert (await janitor(bench, max_bytes=0).sweep()).unlinked == 1
    assert bench.on_disk() == {}


async def test_a_file_that_is_gone_already_is_no_trouble(bench: Bench) -> None:
    await bench.keep(closed(1), media())
    (artifact,) = await bench.artifacts(closed(1))
    assert bench.blobs.delete(artifact.storage_path)
    assert (await janitor(bench, max_bytes=0).sweep()).discarded == 1
    assert await janitor(bench, max_bytes=0).sweep() == Swept()


async def test_more_than_a_page_is_deleted_in_one_round(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vedette.services.janitor.PAGE", 3)
    for number in range(10):
        await bench.keep(closed(number), media(data=bytes([number]) * 10))
        bench.clock.advance(1.0)
    swept = await janitor(bench, max_bytes=20).sweep()
    assert (swept.discarded, swept.unlinked) == (8, 8)
    assert await bench.consistent()
    bench.clock.advance(31 * DAY_S)
    assert (await janitor(bench).sweep()).rows == 10
    assert bench.on_disk() == {}
