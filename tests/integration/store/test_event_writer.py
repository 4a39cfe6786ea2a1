"""The event writer stores what cameras hand over, whole, once, and whatever the disk does."""

import asyncio
import errno
import os
import sqlite3
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as hooks
from sqlalchemy import text

from tests.integration.store.bench import Bench, Listener, media
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import StorageFailed
from vedette.contracts.event import EventState
from vedette.contracts.facts import StorageFact
from vedette.contracts.sink import EventChange
from vedette.services.event_writer import WriterOptions
from vedette.testing.fakes import until
from vedette.testing.store_samples import BOTH, NOON, make_event, make_track, make_verdict

EVENT = make_event(1)
CLOSED = EVENT.model_copy(
    update={
        "state": EventState.CLOSED,
        "updated_at": NOON + timedelta(seconds=9),
        "ended_at": NOON + timedelta(seconds=9),
        "end_reason": "left",
    }
)


async def test_a_change_becomes_event_file_row_and_outbox(bench: Bench) -> None:
    async with bench.writing() as writer:
        writer.submit(EventChange(event=EVENT, artifacts=(media(),)))
    assert await bench.event(EVENT) == EVENT
    (artifact,) = await bench.artifacts(EVENT)
    assert artifact.storage_path == f"home/yard/2026-03-14/{EVENT.id}/snapshot-1.jpg"
    assert (artifact.width, artifact.height, artifact.size_bytes) == (640, 360, 9)
    assert bench.on_disk() == {artifact.storage_path: artifact.sha256}
    waiting = await bench.outbox()
    assert [topic for topic, _ in waiting] == [
        "event.opened",
        "event.snapshot.ready",
        "event.media.ready",
    ]
    assert waiting[0][1]["id"] == str(EVENT.id)
    assert (writer.counts.accepted, writer.counts.stored, writer.counts.failed) == (1, 1, 0)


async def test_the_life_of_an_event_is_told_in_order(bench: Bench) -> None:
    longer = EVENT.model_copy(
        update={"updated_at": NOON + timedelta(seconds=5), "numbers": {"dwell_s": 5.0}}
    )
    clip = bench.parts / "clip.mp4"
    clip.write_bytes(b"a clip")
    async with bench.writing() as writer:
        for change in (EVENT, longer, CLOSED):
            writer.submit(EventChange(event=change))
        writer.submit(EventChange(event=CLOSED, artifacts=(media(ArtifactKind.CLIP, file=clip),)))
    assert [topic for topic, _ in await bench.outbox()] == [
        "event.opened",
        "event.updated",
        "event.closed",
        "event.clip.ready",
        "event.media.ready",
    ]
    assert await bench.event(EVENT) == CLOSED
    assert not clip.exists()
    assert await bench.consistent()


async def test_the_same_change_twice_is_one_set_of_rows(bench: Bench) -> None:
    change = EventChange(event=EVENT, artifacts=(media(), media(ArtifactKind.GIF, data=b"gif")))
    async with bench.writing() as writer:
        for _ in range(3):
            writer.submit(change)
            writer.record(make_track(1), [make_verdict("seen")])
    assert len(await bench.artifacts(EVENT)) == 2
    assert len(await bench.outbox()) == 4
    assert await bench.consistent()
    async with bench.store.read() as unit:
        assert len(await unit.verdicts(BOTH).of_track("yard/s1/1")) == 1
        assert await unit.garbage(BOTH).find() == ()


async def test_a_better_picture_replaces_the_one_before(bench: Bench) -> None:
    async with bench.writing() as writer:
        writer.submit(EventChange(event=EVENT, artifacts=(media(revision=1, data=b"fair"),)))
        writer.submit(EventChange(event=EVENT, artifacts=(media(revision=3, data=b"good"),)))
        writer.submit(EventChange(event=EVENT, artifacts=(media(revision=2, data=b"late"),)))
    (artifact,) = await bench.artifacts(EVENT)
    assert artifact.revision == 3
    async with bench.store.read() as unit:
        (waiting,) = await unit.garbage(BOTH).find()
    assert (waiting.revision, waiting.reason) == (1, "superseded")
    assert sorted(bench.on_disk()) == sorted([waiting.storage_path, artifact.storage_path])


async def test_the_same_revision_with_other_content_never_overwrites(bench: Bench) -> None:
    async with bench.writing() as writer:
        writer.submit(EventChange(event=EVENT, artifacts=(media(data=b"first"),)))
        writer.submit(EventChange(event=EVENT, artifacts=(media(data=b"again"),)))
    (artifact,) = await bench.artifacts(EVENT)
    assert artifact.revision == 2
    assert bench.blobs.digest(artifact.storage_path) == artifact.sha256


async def test_a_file_that_waits_to_be_deleted_is_not_written_over(bench: Bench) -> None:
    await bench.keep(EVENT, media())
    (gone,) = await bench.artifacts(EVENT)
    async with bench.store.write() as unit:
        await unit.artifacts(BOTH).discard([gone.id], "age", now=unit.now)
    await bench.keep(EVENT, media())
    (artifact,) = await bench.artifacts(EVENT)
    assert artifact.storage_path != gone.storage_path


async def test_an_event_is_stored_and_told_though_its_file_cannot_be_written(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int, data: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with bench.writing() as writer:
        monkeypatch.setattr(os, "write", full)
        writer.submit(EventChange(event=EVENT, artifacts=(media(),)))
        await writer.drain()
        monkeypatch.undo()
        writer.submit(EventChange(event=CLOSED))
    stored = await bench.event(EVENT)
    assert stored is not None
    assert stored.state is EventState.CLOSED
    assert "snapshot: " in stored.numbers["media_failed"]
    assert "the disk is full" in stored.numbers["media_failed"]
    assert [topic for topic, _ in await bench.outbox()] == ["event.opened", "event.closed"]
    assert bench.on_disk() == {}
    assert (writer.counts.media_failed, writer.counts.stored, writer.counts.failed) == (1, 2, 0)


async def test_a_clip_that_vanished_is_noted(bench: Bench) -> None:
    async with bench.writing() as writer:
        lost = media(ArtifactKind.CLIP, file=bench.parts / "vanished.mp4")
        writer.submit(EventChange(event=EVENT, artifacts=(lost,)))
    stored = await bench.event(EVENT)
    assert stored is not None
    assert "vanished.mp4" in stored.numbers["media_failed"]


async def test_a_locked_database_loses_nothing(bench: Bench) -> None:
    path = bench.store.engine.url.database
    assert path is not None
    hooks.listen(
        bench.store.engine.sync_engine,
        "connect",
        lambda connection, _: connection.cursor().execute("PRAGMA busy_timeout=1"),
    )
    await bench.store.engine.dispose()  # connections from now on wait 1 ms, not 5 s
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    async with bench.writing() as writer:
        writer.submit(EventChange(event=EVENT, artifacts=(media(),)))
        writer.submit(EventChange(event=CLOSED))
        await until(lambda: writer.counts.retried >= 3)
        assert writer.waiting == 2
        assert (await bench.event(EVENT)) is None
        await until(lambda: "cannot be used" in writer.problem)
        holder.execute("COMMIT")
        await writer.drain()
        assert writer.problem == ""
    holder.close()
    assert await bench.event(EVENT) == CLOSED
    assert await bench.consistent()
    assert bench.clock.waits[:3] == [0.05, 0.1, 0.2]
    assert (writer.counts.stored, writer.counts.failed) == (2, 0)


async def test_a_full_database_loses_nothing(bench: Bench) -> None:
    limits = {"pages": 1}

    def limit(connection: Any, *_: Any) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={limits['pages']}")

    hooks.listen(bench.store.engine.sync_engine, "begin", limit, insert=True)
    track = make_track(1)
    async with bench.writing() as writer:
        writer.submit(EventChange(event=EVENT))
        for number in range(2, 30):
            writer.record(make_track(number), [make_verdict("x" * 4000, number)])
        writer.record(track, [])
        await until(lambda: writer.counts.retried >= 3)
        limits["pages"] = 100_000
        await writer.drain()
    async with bench.store.read() as unit:
        assert await unit.tracks(BOTH).get(track.id) == track
    assert (writer.counts.stored, writer.counts.failed) == (30, 0)


async def test_a_stop_while_the_database_is_dead_ends_in_time_and_says_what_is_lost(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    writer = bench.writer()
    async with bench.store.write() as unit:
        await unit.conn.execute(text("DROP TABLE outbox"))
    for number in range(20):
        writer.submit(EventChange(event=make_event(number)))
    await writer.close(within_s=10.0)
    assert (writer.counts.stored, writer.counts.failed, writer.waiting) == (0, 20, 0)
    assert sum(bench.clock.waits) == pytest.approx(10.0)
    assert str(make_event(19).id) in caplog.text


async def test_an_unknown_camera_fails_alone_and_leaves_no_file(bench: Bench) -> None:
    stranger = make_event(1, camera_id="attic")
    async with bench.writing() as writer:
        writer.submit(EventChange(event=stranger, artifacts=(media(),)))
        writer.record(make_track(1, "attic"), [])
        writer.submit(EventChange(event=EVENT))
    assert (writer.counts.stored, writer.counts.failed) == (1, 2)
    assert bench.on_disk() == {}
    assert await bench.event(stranger) is None
    assert await bench.event(EVENT) == EVENT


async def test_a_camera_waits_only_while_the_queue_is_full(bench: Bench) -> None:
    writer = bench.writer(WriterOptions(depth=2))
    submitted: list[int] = []

    def camera() -> None:
        for number in range(5):
            writer.submit(EventChange(event=make_event(number)))
            submitted.append(number)

    thread = threading.Thread(target=camera)
    thread.start()
    await until(lambda: len(submitted) == 2)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(writer.run())
        await asyncio.to_thread(thread.join, 10.0)
        await writer.close()
    assert submitted == [0, 1, 2, 3, 4]
    assert writer.counts.stored == 5


async def test_pictures_in_memory_are_bounded_too(bench: Bench) -> None:
    writer = bench.writer(WriterOptions(most_bytes=1000))
    big = media(data=b"x" * 900)
    writer.submit(EventChange(event=make_event(0), artifacts=(media(data=b"x" * 5000),)))
    submitted = threading.Event()

    def camera() -> None:
        with suppress(StorageFailed):
            writer.submit(EventChange(event=make_event(1), artifacts=(big,)))
            submitted.set()

    thread = threading.Thread(target=camera)
    thread.start()
    assert not submitted.wait(0.05)
    await writer.close()  # refuses the one that waits, keeps the one inside
    await asyncio.to_thread(thread.join, 10.0)
    assert not submitted.is_set()
    assert await bench.event(make_event(0)) is not None


async def test_cameras_get_an_error_once_the_product_stops(bench: Bench) -> None:
    writer = bench.writer(WriterOptions(depth=1))
    writer.submit(EventChange(event=EVENT))
    errors: list[StorageFailed] = []

    def camera() -> None:
        try:
            writer.submit(EventChange(event=make_event(2)))
        except StorageFailed as error:
            errors.append(error)

    thread = threading.Thread(target=camera)
    thread.start()
    await writer.close()
    await asyncio.to_thread(thread.join, 10.0)
    assert len(errors) == 1
    with pytest.raises(StorageFailed, match="stopping"):
        writer.submit(EventChange(event=make_event(3)))
    assert await bench.event(EVENT) == EVENT


async def test_many_cameras_at_once_keep_their_order(bench: Bench) -> None:
    def camera(number: int) -> None:
        started = make_event(number)
        for second in range(5):
            writer.submit(
                EventChange(
                    event=started.model_copy(
                        update={"updated_at": NOON + timedelta(seconds=100 + second)}
                    )
                )
            )

    async with bench.writing(WriterOptions(depth=4)) as writer:
        await asyncio.gather(*(asyncio.to_thread(camera, n) for n in range(4)))
    topics = [topic for topic, _ in await bench.outbox()]
    assert (topics.count("event.opened"), topics.count("event.updated")) == (4, 16)
    async with bench.store.read() as unit:
        events = (await unit.events(BOTH).find()).events
    assert {event.updated_at for event in events} == {NOON + timedelta(seconds=104)}


async def test_the_ledger_is_bounded_and_the_rest_counted(bench: Bench) -> None:
    options = WriterOptions(most_verdicts_a_day=3, config_version="7")
    async with bench.writing(options) as writer:
        writer.record(make_track(1), [make_verdict("seen")] * 5)
    assert writer.counts.verdicts_dropped == 2
    async with bench.store.read() as unit:
        row = await unit.conn.execute(text("SELECT DISTINCT config_version FROM verdict"))
        assert row.scalar_one() == "7"


async def test_storing_wakes_the_relay_and_announces_files(bench: Bench) -> None:
    woken: list[int] = []
    heard = Listener()
    bench.bus.subscribe("storage.*", heard, name="test")
    async with bench.writing(stored=lambda: woken.append(1)) as writer:
        writer.submit(EventChange(event=EVENT, artifacts=(media(),)))
        writer.submit(EventChange(event=CLOSED))
    await bench.bus.drain()
    assert len(woken) == 2
    ((topic, fact),) = heard.heard
    assert topic == "storage.artifact.stored"
    assert isinstance(fact, StorageFact)
    assert fact.size_bytes == 9


async def test_event_ids_with_dots_never_reach_the_disk(bench: Bench, tmp_path: Path) -> None:
    evil = EVENT.model_copy(update={"camera_id": "../../evil"})
    async with bench.writing() as writer:
        writer.submit(EventChange(event=evil, artifacts=(media(),)))
    assert writer.counts.failed == 1
    assert bench.on_disk() == {}
    assert not list(tmp_path.parent.glob("evil*"))
