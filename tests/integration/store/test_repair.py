"""The start-up check: each half-done step is finished or undone, and nothing else is touched."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.store.bench import Bench, media
from vedette.blobs.local import TEMPORARY
from vedette.contracts.artifact import ArtifactKind
from vedette.contracts.errors import StorageFailed
from vedette.contracts.event import EventState
from vedette.contracts.sink import NewArtifact
from vedette.services.mend_clips import FinishClip
from vedette.services.repair import Repair, RepairReport
from vedette.store.places import Site
from vedette.store.store import Store
from vedette.testing.fakes import FakeClock
from vedette.testing.store_samples import BOTH, NOON, make_event

EVENT = make_event(1)
CLOSED = EVENT.model_copy(
    update={
        "state": EventState.CLOSED,
        "updated_at": NOON + timedelta(seconds=9),
        "ended_at": NOON + timedelta(seconds=9),
        "end_reason": "left",
    }
)


async def repaired(
    bench: Bench, finish: FinishClip | None = None, *, check_hashes: bool = False
) -> RepairReport:
    """Repair twice; the second time must find nothing."""
    repair = Repair(
        bench.store,
        bench.blobs,
        parts=bench.parts,
        finish_clip=finish,
        check_hashes=check_hashes,
    )
    report = await repair.run()
    again = await repair.run()
    left = RepairReport(files_unknown=report.files_unknown, clips_waiting=report.clips_waiting)
    assert again == left
    return report


def finish_text(part: Path, target: Path) -> NewArtifact | None:
    """Finishes parts that are text: `whole` becomes a clip, anything else cannot be saved."""
    data = part.read_bytes()
    part.unlink()
    if data != b"whole":
        return None
    path = target.with_name(target.name + ".mp4")
    path.write_bytes(b"a clip")
    return replace(media(ArtifactKind.CLIP, file=path), started_us=0)


async def test_an_orderly_stop_leaves_nothing_to_repair(bench: Bench) -> None:
    await bench.keep(CLOSED, media(), media(ArtifactKind.GIF))
    report = await repaired(bench, finish_text, check_hashes=True)
    assert report.clean
    assert await bench.consistent()


async def test_an_open_event_is_closed_when_it_was_last_heard_of_and_that_is_told(
    bench: Bench,
) -> None:
    await bench.keep(EVENT)
    report = await repaired(bench)
    assert report == RepairReport(events_interrupted=1)
    stored = await bench.event(EVENT)
    assert stored is not None
    assert (stored.state, stored.end_reason) == (EventState.CLOSED, "interrupted")
    assert stored.ended_at == EVENT.updated_at
    assert [topic for topic, _ in await bench.outbox()] == ["event.opened", "event.closed"]


async def test_an_interrupted_event_that_is_seen_again_in_a_replay_goes_on(bench: Bench) -> None:
    await bench.keep(EVENT)
    await repaired(bench)
    await bench.keep(EVENT)
    await bench.keep(CLOSED)
    assert await bench.event(EVENT) == CLOSED


async def test_more_open_events_than_a_page_are_closed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vedette.services.repair.PAGE", 2)
    for number in range(5):
        await bench.keep(make_event(number), media(data=bytes([number])))
    assert await repaired(bench) == RepairReport(events_interrupted=5)
    assert await bench.consistent()


async def test_half_written_files_are_removed(bench: Bench) -> None:
    await bench.keep(CLOSED, media())
    (bench.blobs.root / TEMPORARY / "0123").write_bytes(b"half")
    assert await repaired(bench) == RepairReport(temporary_removed=1)
    assert await bench.consistent()


async def test_a_complete_file_whose_row_was_never_stored_is_adopted_and_told(
    bench: Bench,
) -> None:
    await bench.keep(CLOSED, media(revision=1))
    (first,) = await bench.artifacts(CLOSED)
    bench.blobs.put(first.storage_path.replace("-1", "-2"), b"a better picture")
    report = await repaired(bench)
    assert report == RepairReport(files_adopted=1, garbage_unlinked=1)
    (artifact,) = await bench.artifacts(CLOSED)
    assert (artifact.revision, artifact.media_type) == (2, "image/jpeg")
    assert [t for t, _ in await bench.outbox()].count("event.snapshot.ready") == 2
    assert await bench.consistent()


async def test_a_file_behind_the_stored_one_is_removed(bench: Bench) -> None:
    await bench.keep(CLOSED, media(revision=2))
    (kept,) = await bench.artifacts(CLOSED)
    bench.blobs.put(kept.storage_path.replace("-2", "-1"), b"an old picture")
    assert await repaired(bench) == RepairReport(files_removed=1)
    assert await bench.artifacts(CLOSED) == (kept,)
    assert await bench.consistent()


async def test_the_files_of_one_change_that_was_never_stored_are_removed(bench: Bench) -> None:
    await bench.keep(CLOSED, media())
    never = f"home/yard/2026-03-14/{make_event(2).id}"
    bench.blobs.put(f"{never}/snapshot-1.jpg", b"a")
    bench.blobs.put(f"{never}/snapshot_annotated-1.jpg", b"b")
    assert await repaired(bench) == RepairReport(files_removed=2)
    assert await bench.consistent()


async def test_files_of_many_unknown_events_belong_to_another_database_and_stay(
    bench: Bench, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        event = make_event(number, state=EventState.CLOSED, ended_at=NOON)
        await bench.keep(event, media(data=bytes([number])))
    before = bench.on_disk()
    fresh = await Store.open(tmp_path / "fresh.db", FakeClock(NOON))
    async with fresh.write() as unit:
        await unit.sites(BOTH).save([Site(id="home", name="Home")])
    report = await Repair(fresh, bench.blobs).run()
    await fresh.close()
    assert report == RepairReport(files_unknown=3)
    assert bench.on_disk() == before
    assert "put the right database back" in caplog.text


async def test_files_that_are_not_ours_are_left_alone(bench: Bench) -> None:
    (bench.blobs.root / "holiday.jpg").write_bytes(b"not yours")
    (bench.blobs.root / "home").mkdir()
    (bench.blobs.root / "home" / "notes.txt").write_bytes(b"not yours")
    assert await repaired(bench) == RepairReport(files_unknown=2)
    assert len(bench.on_disk()) == 2


async def test_a_row_whose_file_is_missing_or_short_is_removed(bench: Bench) -> None:
    await bench.keep(CLOSED, media(), media(ArtifactKind.GIF, data=b"gif"), media(revision=2))
    snapshot, gif = sorted(await bench.artifacts(CLOSED), key=lambda a: -a.size_bytes)
    (bench.blobs.root / snapshot.storage_path).unlink()
    (bench.blobs.root / gif.storage_path).write_bytes(b"g")
    report = await repaired(bench)
    assert report.rows_without_file == 2
    assert await bench.artifacts(CLOSED) == ()
    assert bench.on_disk() == {}


async def test_changed_content_is_found_when_hashes_are_checked(bench: Bench) -> None:
    await bench.keep(CLOSED, media(data=b"true"))
    (artifact,) = await bench.artifacts(CLOSED)
    (bench.blobs.root / artifact.storage_path).write_bytes(b"fake")
    assert (await repaired(bench)).clean
    assert (await repaired(bench, check_hashes=True)).rows_without_file == 1


async def test_what_was_to_be_deleted_is_deleted(bench: Bench) -> None:
    await bench.keep(CLOSED, media())
    (artifact,) = await bench.artifacts(CLOSED)
    async with bench.store.write() as unit:
        await unit.artifacts(BOTH).discard([artifact.id], "age", now=unit.now)
    assert await repaired(bench) == RepairReport(garbage_unlinked=1)
    assert bench.on_disk() == {}


async def test_leases_of_the_dead_are_given_back(bench: Bench) -> None:
    await bench.keep(CLOSED)
    async with bench.store.write() as unit:
        assert len(await unit.outbox(BOTH).lease(10, now=unit.now, lease_s=3600.0)) == 2
    assert await repaired(bench) == RepairReport(leases_returned=2)
    assert [topic for topic, _ in await bench.outbox()] == ["event.opened", "event.closed"]


async def test_a_clip_in_the_making_is_finished_and_given_to_its_event(bench: Bench) -> None:
    await bench.keep(EVENT)
    (bench.parts / f"{EVENT.id}.part").write_bytes(b"whole")
    report = await repaired(bench, finish_text)
    assert report == RepairReport(clips_finished=1, events_interrupted=1)
    (clip,) = await bench.artifacts(EVENT)
    assert (clip.kind, clip.started_at) == (ArtifactKind.CLIP, EVENT.started_at)
    assert list(bench.parts.iterdir()) == []
    assert "event.clip.ready" in [topic for topic, _ in await bench.outbox()]
    assert await bench.consistent()


async def test_what_was_being_copied_from_a_part_is_not_kept_beside_it(bench: Bench) -> None:
    await bench.keep(CLOSED)
    (bench.parts / f"{EVENT.id}.mp4").write_bytes(b"half a copy")
    (bench.parts / f"{EVENT.id}.part").write_bytes(b"whole")
    assert await repaired(bench, finish_text) == RepairReport(clips_finished=1)
    assert list(bench.parts.iterdir()) == []


async def test_a_part_in_which_nothing_is_left_or_of_no_event_is_removed(bench: Bench) -> None:
    await bench.keep(CLOSED)
    (bench.parts / f"{EVENT.id}.part").write_bytes(b"torn")
    (bench.parts / f"{make_event(2).id}.part").write_bytes(b"whole")
    (bench.parts / "scratch").write_bytes(b"?")
    assert await repaired(bench, finish_text) == RepairReport(clips_lost=3)
    assert list(bench.parts.iterdir()) == []
    assert await bench.artifacts(CLOSED) == ()


async def test_a_clip_that_cannot_be_written_now_waits_for_the_next_start(bench: Bench) -> None:
    def full(part: Path, target: Path) -> NewArtifact | None:
        raise StorageFailed(f"{target} could not be written: the disk is full")

    await bench.keep(EVENT)
    part = bench.parts / f"{EVENT.id}.part"
    part.write_bytes(b"whole")
    report = await repaired(bench, full)
    assert (report.clips_waiting, report.events_interrupted) == (1, 1)
    assert part.exists()
    assert (await repaired(bench, finish_text)).clips_finished == 1


async def test_a_new_data_folder_is_fine(tmp_path: Path, bench: Bench) -> None:
    shutil.rmtree(bench.parts)
    store = await Store.open(tmp_path / "new.db", FakeClock(NOON))
    report = await Repair(store, bench.blobs, parts=bench.parts, finish_clip=finish_text).run()
    await store.close()
    assert report.clean
